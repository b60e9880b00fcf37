/** A client that speaks raw frames on any transport, for tests that look at what goes over the wire. */
import { FrameReader, type Connection, type Transport } from '../../src/net/index.js'
import { correlationIdOf, decodeResponse, encodeRequest } from '../../src/protocol/header.js'
import type { Api, Decoded, Draft, Shape } from '../../src/protocol/schema/index.js'

export class RawClient {
  /** Frames that came, in order, without their sizes. */
  readonly frames: Buffer[] = []
  readonly closed: Promise<void>
  isClosed = false
  private readonly reader = new FrameReader(100_000_000)
  private readonly waiting = new Map<number, (frame: Buffer) => void>()
  private nextCorrelationId = 1_000_000
  private arrived = (): void => {}

  constructor(readonly connection: Connection) {
    this.closed = new Promise((resolve) =>
      connection.attach({
        onData: (chunk) => this.onData(chunk),
        onDrain() {},
        onClose: () => {
          this.isClosed = true
          this.arrived()
          resolve()
        },
      }),
    )
  }

  static async connect(transport: Transport, port: number, host = '127.0.0.1'): Promise<RawClient> {
    return new RawClient(await transport.connect(host, port))
  }

  private onData(chunk: Buffer): void {
    this.reader.push(chunk)
    for (let frame = this.reader.next(); frame; frame = this.reader.next()) {
      this.frames.push(frame)
      const id = correlationIdOf(frame)
      this.waiting.get(id)?.(frame)
      this.waiting.delete(id)
    }
    this.arrived()
  }

  /** Sends a request and reads its answer. */
  async call<Req extends Shape, Res extends Shape>(
    api: Api<Req, Res>,
    version: number,
    body: Draft<Req>,
    clientId: string | null = 'raw',
  ): Promise<Decoded<Res>> {
    const id = this.nextCorrelationId++
    const answered = new Promise<Buffer>((resolve, reject) => {
      this.waiting.set(id, resolve)
      void this.closed.then(() =>
        reject(new Error(`the connection was closed before ${api.name} v${version} was answered`)),
      )
    })
    this.connection.write(encodeRequest(api as Api<Req, never>, version, id, clientId, body))
    return decodeResponse(api as Api<never, Res>, version, await answered)
  }

  /** Waits until so many frames have come in all, or the connection is gone. */
  async answers(count: number): Promise<Buffer[]> {
    while (this.frames.length < count && !this.isClosed) await new Promise<void>((resolve) => (this.arrived = resolve))
    return this.frames
  }
}
