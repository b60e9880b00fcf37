// One broker under comparison: raw bytes in, raw bytes out, over a plain socket of its own.
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { Reader } from '../../src/base/bytes.js'
import { apiVersions, type Api, type Decoded, type Draft, type Shape } from './protocol.js'
import { encodeRequest } from '../../src/protocol/index.js'
import { fitted } from './fitted.js'

/** What became of a request that was to be answered. */
export type Outcome = { readonly frame: Buffer } | 'closed' | 'silence'

const SILENCE_MS = 3_000

export class Connection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #closed = false
  #wake: () => void = () => {}
  #correlationId = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    socket.on('error', () => {}) // a reset is a close; that is what is compared
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
  }

  static async open(address: string): Promise<Connection> {
    const [host, port] = address.split(':')
    const socket = connect(Number(port), host)
    await once(socket, 'connect')
    socket.setNoDelay(true)
    return new Connection(socket)
  }

  get closed(): boolean {
    return this.#closed
  }

  write(bytes: Uint8Array | readonly Uint8Array[]): void {
    for (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes) this.#socket.write(chunk)
  }

  /** The next frame, without its size; or what came instead. */
  async next(silenceMs = SILENCE_MS): Promise<Outcome> {
    const deadline = Date.now() + silenceMs
    for (;;) {
      if (this.#received.length >= 4) {
        const end = 4 + this.#received.readInt32BE(0)
        if (this.#received.length >= end) {
          const frame = this.#received.subarray(4, end)
          this.#received = this.#received.subarray(end)
          return { frame }
        }
      }
      if (this.#closed) return 'closed'
      const left = deadline - Date.now()
      if (left <= 0) return 'silence'
      await new Promise<void>((done) => {
        const timer = setTimeout(done, left)
        this.#wake = () => {
          clearTimeout(timer)
          done()
        }
      })
    }
  }

  /** Sends a request, fields that the version lacks left out, and decodes the answer to the last byte. */
  async ask<Req extends Shape, Res extends Shape>(
    api: Api<Req, Res>,
    version: number,
    draft: Draft<Req>,
    silenceMs?: number,
  ): Promise<Decoded<Res> | 'closed' | 'silence'> {
    const id = ++this.#correlationId
    this.write(encodeRequest(api, version, id, 'differential', fitted(api.request.shape, version, draft)))
    const outcome = await this.next(silenceMs)
    return typeof outcome === 'string' ? outcome : decode(api, version, id, outcome.frame)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    const closed = once(this.#socket, 'close')
    this.#socket.destroy()
    await closed
  }
}

function decode<Res extends Shape>(api: Api<Shape, Res>, version: number, id: number, frame: Buffer): Decoded<Res> {
  const reader = new Reader(frame)
  const correlationId = reader.int32()
  if (correlationId !== id) throw new Error(`answer ${correlationId} came to request ${id}`)
  if (version >= api.flexible && api.key !== apiVersions.key) {
    if (reader.uvarint() !== 0) throw new Error('the answer has a tagged field in its header')
  }
  const downgraded = api.key === apiVersions.key && frame.readInt16BE(4) === 35
  const answer = api.response.read(reader, downgraded ? 0 : version)
  if (reader.remaining > 0) throw new Error(`the answer has ${reader.remaining} bytes more than its layout`)
  return answer
}
