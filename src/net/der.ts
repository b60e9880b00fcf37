/** DER (X.690), as far as certificates and key stores need it: tag, length and content, one within another. */

export interface DerValue {
  readonly tag: number
  readonly content: Buffer
  /** Tag, length and content. */
  readonly whole: Buffer
}

export class DerError extends Error {
  override readonly name = 'DerError'
}

export const DerTag = { integer: 0x02, octets: 0x04, oid: 0x06, sequence: 0x30, set: 0x31 } as const

/** The values that stand one after another. @throws DerError */
export function derValues(bytes: Buffer): DerValue[] {
  const out: DerValue[] = []
  let at = 0
  while (at < bytes.length) {
    const value = valueAt(bytes, at)
    out.push(value)
    at += value.whole.length
  }
  return out
}

/** The first value. @throws DerError */
export const derValue = (bytes: Buffer): DerValue => valueAt(bytes, 0)

/** The values within, by their place. @throws DerError */
export const derFields = (value: DerValue | undefined): DerValue[] => {
  if (!value) throw new DerError('a value is missing')
  return derValues(value.content)
}

function valueAt(bytes: Buffer, at: number): DerValue {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined) throw new DerError('a value is cut short')
  let length = first
  let from = at + 2
  if (first >= 0x80) {
    const count = first - 0x80
    if (count === 0 || count > 4 || from + count > bytes.length) throw new DerError('a length that is not allowed')
    length = bytes.readUIntBE(from, count)
    from += count
  }
  if (from + length > bytes.length) throw new DerError('a value is cut short')
  return { tag, content: bytes.subarray(from, from + length), whole: bytes.subarray(at, from + length) }
}

/** `1.2.840.113549.1.1.1` */
export function derOid({ content }: DerValue): string {
  const numbers: number[] = []
  let value = 0
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f)
    if (byte < 0x80) {
      numbers.push(value)
      value = 0
    }
  }
  const first = numbers.shift() ?? 0
  const root = Math.min(Math.floor(first / 40), 2)
  return [root, first - root * 40, ...numbers].join('.')
}
