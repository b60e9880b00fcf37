/** A door in front of a broker: connections through it can be cut, and it stays open while the broker is away. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Random } from '../../src/base/random.js'

export class Proxy implements AsyncDisposable {
  /** Of the broker; 0: nobody is at home. */
  target = 0
  private readonly pairs = new Set<readonly [Socket, Socket]>()

  private constructor(private readonly server: Server) {
    server.on('connection', (inner) => this.join(inner))
  }

  static async start(): Promise<Proxy> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Proxy(server)
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** Resets so large a part of the connections, 0 to 1; bytes on their way are lost. */
  cut(random: Random, part: number): void {
    for (const [client, broker] of this.pairs) {
      if (random.next() >= part) continue
      client.resetAndDestroy()
      broker.resetAndDestroy()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close()
    for (const [client, broker] of this.pairs) {
      client.destroy()
      broker.destroy()
    }
    await once(this.server, 'close')
  }

  private join(client: Socket): void {
    const broker = connect(this.target, '127.0.0.1')
    const pair = [client, broker] as const
    this.pairs.add(pair)
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      socket.setNoDelay(true)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        other.destroy()
        this.pairs.delete(pair)
      })
      socket.pipe(other)
    }
  }
}
