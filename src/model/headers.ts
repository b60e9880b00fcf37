/** Record headers: an ordered list in which a key may stand more than once, as on the wire. */

export interface RecordHeader {
  readonly key: string
  readonly value: Buffer | null
}

/** What users may write for headers: text is sent as UTF-8; an array gives the key several times. */
export type HeaderValue = string | Uint8Array | null
export type HeadersInit =
  | Headers
  | Iterable<RecordHeader>
  | Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>

const toBuffer = (value: HeaderValue): Buffer | null => {
  if (value === null) return null
  if (typeof value === 'string') return Buffer.from(value)
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

const NONE: readonly RecordHeader[] = []

export class Headers implements Iterable<RecordHeader> {
  private list: readonly RecordHeader[]
  /** The list is this object's own: it is copied before the first change, as most headers of consumed records see none. */
  private isOwn = false

  constructor(list: readonly RecordHeader[] = NONE) {
    this.list = list
  }

  static from(init: HeadersInit | undefined): Headers {
    if (init === undefined) return new Headers()
    if (Symbol.iterator in init) return new Headers([...init])
    const headers = new Headers()
    for (const [key, given] of Object.entries(init)) {
      const isList = Array.isArray as (value: unknown) => value is readonly HeaderValue[]
      for (const value of isList(given) ? given : [given as HeaderValue]) headers.add(key, value)
    }
    return headers
  }

  /** The last value under this key, which is the one that counts; undefined when there is none. */
  get(key: string): Buffer | null | undefined {
    return this.list.findLast((header) => header.key === key)?.value
  }

  /** `get` as UTF-8 text; undefined also for a null value. */
  text(key: string): string | undefined {
    return this.get(key)?.toString('utf8')
  }

  getAll(key: string): (Buffer | null)[] {
    return this.list.filter((header) => header.key === key).map((header) => header.value)
  }

  has(key: string): boolean {
    return this.list.some((header) => header.key === key)
  }

  add(key: string, value: HeaderValue): this {
    this.own().push({ key, value: toBuffer(value) })
    return this
  }

  /** Replaces every value under this key. */
  set(key: string, value: HeaderValue): this {
    return this.delete(key).add(key, value)
  }

  delete(key: string): this {
    if (this.has(key)) {
      this.list = this.list.filter((header) => header.key !== key)
      this.isOwn = true
    }
    return this
  }

  private own(): RecordHeader[] {
    if (!this.isOwn) this.list = [...this.list]
    this.isOwn = true
    return this.list as RecordHeader[]
  }

  get size(): number {
    return this.list.length
  }

  [Symbol.iterator](): IterableIterator<RecordHeader> {
    return this.list[Symbol.iterator]()
  }

  toArray(): readonly RecordHeader[] {
    return this.list
  }

  /** What a log line or the console shows: the value that counts under each key, as text. */
  toJSON(): Readonly<Record<string, string | null>> {
    return Object.fromEntries(this.list.map(({ key, value }) => [key, value?.toString('utf8') ?? null]))
  }

  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return this.toJSON()
  }
}
