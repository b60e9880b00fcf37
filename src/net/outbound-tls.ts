/** TLS for connections that we open: the machine's network, the peer's certificate checked before a byte is sent. */
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { OutboundError } from './outbound-error.js'
import { TcpConnection } from './tcp.js'
import type { Transport } from './transport.js'

export interface OutboundTlsOptions {
  /** PEM; default: the authorities that Node knows. */
  readonly ca?: string | Buffer | undefined
  readonly cert?: string | Buffer | undefined
  readonly key?: string | Buffer | undefined
  readonly passphrase?: string | undefined
  /** Name that the certificate must be for; default: the host that is connected to. */
  readonly serverName?: string | undefined
  /** Default true. */
  readonly rejectUnauthorized?: boolean | undefined
}

/** Codes with which Node refuses a peer's certificate or protocol. */
const REFUSAL = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/

const UNKNOWN_AUTHORITY = /SELF_SIGNED|UNABLE_TO_/
/** What Node says when the peer ends the connection in the handshake, as Kafka's plaintext listeners do. */
const HUNG_UP = /before secure TLS connection was established/
const SPEAKS_NO_TLS = 'the connection was closed in the TLS handshake: does this listener speak TLS?'

export function outboundTls(options: OutboundTlsOptions): Pick<Transport, 'connect'> {
  const { ca, cert, key, passphrase, serverName, rejectUnauthorized = true } = options
  return {
    connect: (host, port) =>
      new Promise((resolve, reject) => {
        const name = serverName ?? (isIP(host) ? undefined : host)
        const socket = connect({
          host,
          port,
          rejectUnauthorized,
          ...(ca !== undefined && { ca }),
          ...(cert !== undefined && { cert }),
          ...(key !== undefined && { key }),
          ...(passphrase !== undefined && { passphrase }),
          ...(name !== undefined && { servername: name }),
        })
        const refused = (error: NodeJS.ErrnoException): void => {
          const { code = '', message } = error
          if (REFUSAL.test(code)) {
            const hint = UNKNOWN_AUTHORITY.test(code) ? ': set tls.ca to the authority that signed it' : ''
            reject(new OutboundError('auth', `TLS with ${host}:${port} failed: ${message}${hint}`, error))
          } else reject(HUNG_UP.test(message) ? new Error(SPEAKS_NO_TLS, { cause: error }) : error)
        }
        socket.once('error', refused)
        socket.once('secureConnect', () => {
          socket.off('error', refused)
          socket.on('error', () => {})
          resolve(new TcpConnection(socket))
        })
      }),
  }
}
