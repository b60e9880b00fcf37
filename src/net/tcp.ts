/** The machine's network. A write within a turn is corked, so that the answers of a turn leave in one system call. */
import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net'
import { ListenError, type Connection, type ConnectionEvents, type Listening, type Transport } from './transport.js'

let connections = 0

export class TcpConnection implements Connection {
  readonly id: string
  readonly localHost: string
  readonly localPort: number
  readonly remoteHost: string
  readonly remotePort: number
  private corked = false

  /** @param certificateName of the certificate that the peer has shown, if it has */
  constructor(
    private readonly socket: Socket,
    readonly certificateName?: string | undefined,
  ) {
    this.localHost = plainHost(socket.localAddress)
    this.localPort = socket.localPort ?? 0
    this.remoteHost = plainHost(socket.remoteAddress)
    this.remotePort = socket.remotePort ?? 0
    this.id = `${this.localHost}:${this.localPort}-${this.remoteHost}:${this.remotePort}-${connections++}`
    socket.setNoDelay(true)
    socket.setKeepAlive(true)
    socket.pause()
  }

  get pendingBytes(): number {
    return this.socket.writableLength
  }

  attach(events: ConnectionEvents): void {
    let failure: Error | undefined
    this.socket.on('data', (chunk: Buffer) => events.onData(chunk))
    this.socket.on('drain', () => events.onDrain())
    this.socket.on('error', (error) => (failure = error))
    this.socket.on('close', () => events.onClose(failure))
    if (this.socket.destroyed) queueMicrotask(() => events.onClose(failure))
    else this.socket.resume()
  }

  write(chunks: readonly Buffer[]): void {
    if (this.socket.destroyed || this.socket.writableEnded) return
    if (!this.corked) {
      this.corked = true
      this.socket.cork()
      process.nextTick(() => {
        this.corked = false
        this.socket.uncork()
      })
    }
    for (const chunk of chunks) this.socket.write(chunk)
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  end(): void {
    this.socket.destroySoon()
  }

  destroy(): void {
    this.socket.destroy()
  }
}

/** IPv4 peers of a dual-stack socket come as `::ffff:127.0.0.1`. */
function plainHost(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '')
}

export const tcpTransport: Transport = {
  async listen(host, port, onConnection) {
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on('error', () => {})
      onConnection(new TcpConnection(socket))
    })
    const bound = await bind(server, host, port)
    return { ...bound, close: () => closeServer(server) }
  },

  connect(host, port) {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        socket.on('error', () => {})
        resolve(new TcpConnection(socket))
      })
    })
  },
}

/** Where the server listens then. @throws ListenError */
export function bind(server: Server, host: string, port: number): Promise<{ host: string; port: number }> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => reject(listenError(error, host, port))
    server.once('error', refused)
    server.listen({ host: host === '' ? undefined : host, port }, () => {
      server.off('error', refused)
      server.on('error', () => {})
      const address = server.address()
      const isBound = typeof address === 'object' && address !== null
      resolve(isBound ? { host: address.address, port: address.port } : { host, port })
    })
  })
}

/** A closed server waits for its connections to end; their owner sees to that, so no one waits here. */
function closeServer(server: Server): Promise<void> {
  server.close()
  return Promise.resolve()
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ListenError {
  const address = `${isIPv6(host) ? `[${host}]` : host}:${port}`
  const code = error.code ?? 'UNKNOWN'
  switch (code) {
    case 'EADDRINUSE':
      return new ListenError(`${address} is taken by another process: stop it, or choose another port`, code)
    case 'EACCES':
      return new ListenError(`${address} may not be bound by this user: choose a port above 1023`, code)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ListenError(`${host} is not an address of this machine: choose one that is, e.g. 127.0.0.1`, code)
    default:
      return new ListenError(`can't listen on ${address}: ${error.message}`, code)
  }
}

/**
 * Listens on `127.0.0.1` and, where the machine has IPv6, on `::1` at the same port, since clients may resolve `localhost`
 * to either.
 */
export async function listenOnLoopback(
  transport: Transport,
  port: number,
  onConnection: (connection: Connection) => void,
): Promise<Listening> {
  for (let attempt = 0; ; attempt++) {
    const v4 = await transport.listen('127.0.0.1', port, onConnection)
    try {
      const v6 = await transport.listen('::1', v4.port, onConnection)
      return { ...v4, close: async () => void (await Promise.all([v4.close(), v6.close()])) }
    } catch (error) {
      const code = error instanceof ListenError ? error.code : ''
      if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return v4
      await v4.close()
      // a free port of one family may be taken in the other: another one then, when any will do
      if (code !== 'EADDRINUSE' || port !== 0 || attempt === 20) throw error
    }
  }
}
