/**
 * A network within the process: the same interface, no sockets. Bytes arrive in a later turn, as on a real network, and
 * in pieces no longer than `chunkBytes`, so that tests meet every way a frame can be cut.
 */
import { nextTurn } from '../base/turn.js'
import { ListenError, type Connection, type ConnectionEvents, type Transport } from './transport.js'

export interface MemoryTransportOptions {
  /** Longest piece in which bytes arrive. Default 64 KiB, as sockets have it. */
  readonly chunkBytes?: number | undefined
}

class MemoryConnection implements Connection {
  readonly localHost = '127.0.0.1'
  readonly remoteHost = '127.0.0.1'
  peer!: MemoryConnection
  private events: ConnectionEvents | undefined
  private readonly inbox: Buffer[] = []
  private inboxBytes = 0
  private paused = false
  private scheduled = false
  private ended = false
  private closed = false

  constructor(
    readonly id: string,
    readonly localPort: number,
    readonly remotePort: number,
    private readonly chunkBytes: number,
  ) {}

  get pendingBytes(): number {
    return this.peer.inboxBytes
  }

  attach(events: ConnectionEvents): void {
    this.events = events
    this.schedule()
  }

  write(chunks: readonly Buffer[]): void {
    if (this.closed || this.ended) return
    this.peer.receive(chunks)
  }

  private receive(chunks: readonly Buffer[]): void {
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += this.chunkBytes) {
        // a copy: the receiver owns what it gets
        this.inbox.push(Buffer.from(chunk.subarray(at, at + this.chunkBytes)))
      }
      this.inboxBytes += chunk.length
    }
    this.schedule()
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.schedule()
  }

  end(): void {
    this.ended = true
    this.peer.schedule()
  }

  destroy(): void {
    this.close()
    this.peer.close()
  }

  private schedule(): void {
    if (this.scheduled || this.closed || this.paused || !this.events) return
    this.scheduled = true
    void nextTurn().then(() => this.deliver())
  }

  /** All that has come by now, in its pieces. */
  private deliver(): void {
    this.scheduled = false
    const { inbox } = this
    const here = inbox.length
    let taken = 0
    for (; taken < here && !this.closed && !this.paused; taken++) {
      const chunk = inbox[taken]!
      this.inboxBytes -= chunk.length
      this.events!.onData(chunk)
    }
    // at once: to shift one after another off a long list takes its length each time
    inbox.splice(0, taken)
    if (this.closed || this.paused) return
    if (this.inboxBytes > 0) this.schedule()
    else if (this.peer.ended) this.destroy()
    else this.peer.events?.onDrain()
  }

  private close(): void {
    if (this.closed) return
    this.closed = true
    void nextTurn().then(() => this.events?.onClose(undefined))
  }
}

export function memoryTransport(options: MemoryTransportOptions = {}): Transport {
  const chunkBytes = options.chunkBytes ?? 65_536
  const servers = new Map<string, (connection: Connection) => void>()
  let ports = 40_000
  let count = 0

  return {
    async listen(host, port, onConnection) {
      const bound = port === 0 ? ports++ : port
      const address = `${host}:${bound}`
      if (servers.has(address)) throw new ListenError(`memory ${address} is taken`, 'EADDRINUSE')
      servers.set(address, onConnection)
      return { host, port: bound, close: async () => void servers.delete(address) }
    },

    async connect(host, port) {
      const onConnection = servers.get(`${host}:${port}`)
      if (!onConnection) throw new Error(`nobody listens on memory ${host}:${port}`)
      const own = ports++
      const near = new MemoryConnection(`memory:${own}-${count}`, own, port, chunkBytes)
      const far = new MemoryConnection(`memory:${port}-${count++}`, port, own, chunkBytes)
      near.peer = far
      far.peer = near
      void nextTurn().then(() => onConnection(far))
      return near
    },
  }
}
