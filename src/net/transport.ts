/**
 * Connections as both ends see them: bytes in, bytes out, whatever carries them. `tcpTransport` is the machine's network;
 * `memoryTransport` joins two ends within a process.
 *
 * A connection is given its events once, by `attach`, and delivers nothing before. After `onClose` nothing follows.
 */

export interface ConnectionEvents {
  /** The chunk belongs to the receiver. */
  onData(chunk: Buffer): void
  /** `pendingBytes` has fallen to zero after a write that the peer did not take at once. */
  onDrain(): void
  /** Once, when the connection is gone, whoever ended it. */
  onClose(error: Error | undefined): void
}

export interface Connection {
  /** Unique within the process. */
  readonly id: string
  readonly localHost: string
  readonly localPort: number
  readonly remoteHost: string
  readonly remotePort: number
  /** Subject of the certificate by which the peer has shown who it is, as RFC 2253 writes it. */
  readonly certificateName?: string | undefined
  /** Bytes written that the peer has not taken yet. */
  readonly pendingBytes: number
  attach(events: ConnectionEvents): void
  /** Queues the chunks in order; what is written within a turn leaves together. The chunks must not change afterwards. */
  write(chunks: readonly Buffer[]): void
  /** Stops and restarts reading; what the peer sends meanwhile waits on its side. */
  pause(): void
  resume(): void
  /** Closes once all that was written has gone out. */
  end(): void
  /** Closes now. */
  destroy(): void
}

export interface Listening {
  /** As bound, e.g. `127.0.0.1`. */
  readonly host: string
  readonly port: number
  /** Takes no more connections; those that are open stay. */
  close(): Promise<void>
}

export interface Transport {
  /**
   * @param port 0 = any free one
   * @throws ListenError when the address can't be bound
   */
  listen(host: string, port: number, onConnection: (connection: Connection) => void): Promise<Listening>
  connect(host: string, port: number): Promise<Connection>
}

export class ListenError extends Error {
  override readonly name = 'ListenError'
  constructor(
    message: string,
    /** The system's error code, e.g. `EADDRINUSE`. */
    readonly code: string,
  ) {
    super(message)
  }
}
