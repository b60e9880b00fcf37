/**
 * The keys that tokens are signed with: a JSON Web Key Set (RFC 7517) in a file or at a URL, read when first needed,
 * again after a while, and at once when a token names a key that is not in it, though not too often. As with Java's, keys
 * that were read once count until others can be read.
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { Clock } from '../../base/clock.js'
import { SaslRefusal } from '../../net/index.js'

const FETCH_MS_MAX = 10_000
/** Tokens with unknown keys, and a set that can't be read, don't make it be read more often. */
const READ_AGAIN_MS_MIN = 10_000

export interface KeySetOptions {
  /** `file:`, `http:` or `https:`. */
  readonly url: string
  readonly clock: Clock
  readonly refreshMs: () => number
  readonly readFile: (path: string) => Buffer | undefined
}

export class KeySet {
  private keys: readonly { readonly id: string | undefined; readonly key: KeyObject }[] = []
  /** When the set was read, or could not be, last. */
  private readMs = -Infinity
  private dueMs = -Infinity
  private reading: Promise<void> | undefined

  constructor(private readonly options: KeySetOptions) {}

  /** @throws SaslRefusal when there is no such key */
  async find(keyId: string | undefined): Promise<KeyObject> {
    const nowMs = this.options.clock.monotonic()
    if (nowMs >= this.dueMs) await this.read()
    let key = this.lookUp(keyId)
    if (!key && nowMs - this.readMs > READ_AGAIN_MS_MIN) {
      await this.read()
      key = this.lookUp(keyId)
    }
    if (!key) throw new SaslRefusal('the token is signed with a key that is not known')
    return key
  }

  private lookUp(keyId: string | undefined): KeyObject | undefined {
    if (keyId === undefined) return this.keys.length === 1 ? this.keys[0]!.key : undefined
    return this.keys.find(({ id }) => id === keyId)?.key
  }

  private read(): Promise<void> {
    this.reading ??= this.refresh().finally(() => (this.reading = undefined))
    return this.reading
  }

  /** While the set can't be read, the keys that were in it go on to count. */
  private async refresh(): Promise<void> {
    const { clock, refreshMs } = this.options
    try {
      await this.load()
      this.dueMs = clock.monotonic() + refreshMs()
    } catch (error) {
      if (this.keys.length === 0) throw error
      this.dueMs = clock.monotonic() + READ_AGAIN_MS_MIN
    }
    this.readMs = clock.monotonic()
  }

  private async load(): Promise<void> {
    const set = JSON.parse(await this.text()) as { keys?: (JsonWebKey & { kid?: string; use?: string })[] }
    this.keys = (set.keys ?? [])
      .filter(({ use, kty }) => use !== 'enc' && kty !== 'oct')
      .map((jwk) => ({ id: jwk.kid, key: createPublicKey({ key: jwk, format: 'jwk' }) }))
  }

  private async text(): Promise<string> {
    const { url, readFile } = this.options
    if (url.startsWith('file:')) {
      const content = readFile(decodeURIComponent(new URL(url).pathname))
      if (!content) throw new Error(`there is no key set at ${url}`)
      return content.toString('utf8')
    }
    const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS_MAX) })
    if (!answer.ok) throw new Error(`the key set at ${url} is answered with HTTP ${answer.status}`)
    return answer.text()
  }
}
