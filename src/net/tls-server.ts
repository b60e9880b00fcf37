/**
 * TLS for connections that clients open: a transport whose listeners speak TLS over TCP. A connection is handed on once
 * its handshake is done. Certificates may be replaced while listeners are open: handshakes from then on see the new ones.
 */
import { createSecureContext, createServer, type SecureVersion, type Server, type TLSSocket } from 'node:tls'
import { subjectName } from './distinguished-name.js'
import { bind, TcpConnection, tcpTransport } from './tcp.js'
import type { Transport } from './transport.js'

/** A peer that has not finished its handshake by then is sent away. */
const HANDSHAKE_MS_MAX = 30_000

export interface TlsServerOptions {
  /** PEM: the certificate, followed by those that vouch for it. */
  readonly cert?: string | undefined
  /** PEM. */
  readonly key?: string | undefined
  /** PKCS#12 with certificate and key, instead of both. */
  readonly pfx?: Buffer | undefined
  readonly passphrase?: string | undefined
  /** PEM: who may vouch for clients. Default: the authorities that Node knows. */
  readonly ca?: readonly string[] | undefined
  readonly minVersion: SecureVersion
  readonly maxVersion: SecureVersion
  /** As OpenSSL writes them, `:` between. Default: Node's. */
  readonly ciphers?: string | undefined
  readonly clientAuth: ClientAuth
}

/** `requested`: a client may go without a certificate; one that it shows must be good. */
export type ClientAuth = 'none' | 'requested' | 'required'

export interface TlsTransport extends Transport {
  /** @throws Error when certificate and key can't be used; then all stays as it was */
  replace(options: TlsServerOptions): void
}

/** @throws Error when certificate and key can't be used */
export function tlsTransport(options: TlsServerOptions): TlsTransport {
  const servers = new Set<Server>()
  let current = options
  createSecureContext(contextOf(options))
  return {
    replace(next) {
      createSecureContext(contextOf(next))
      current = next
      for (const server of servers) server.setSecureContext(contextOf(next))
    },

    async listen(host, port, onConnection) {
      const { clientAuth } = options
      const server = createServer(
        {
          ...contextOf(current),
          requestCert: clientAuth !== 'none',
          rejectUnauthorized: clientAuth === 'required',
          handshakeTimeout: HANDSHAKE_MS_MAX,
        },
        (socket) => {
          socket.on('error', () => {})
          if (clientAuth === 'requested' && isRefused(socket)) socket.destroy()
          else onConnection(new TcpConnection(socket, nameOf(socket)))
        },
      )
      // a handshake that fails is the peer's affair
      server.on('tlsClientError', () => {})
      const bound = await bind(server, host, port)
      servers.add(server)
      return {
        ...bound,
        async close() {
          servers.delete(server)
          server.close()
        },
      }
    },

    connect: (host, port) => tcpTransport.connect(host, port),
  }
}

function contextOf({ ca, cert, key, pfx, passphrase, ciphers, minVersion, maxVersion }: TlsServerOptions): object {
  return {
    ...(ca && { ca: [...ca] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(pfx && { pfx }),
    ...(passphrase !== undefined && { passphrase }),
    ...(ciphers !== undefined && { ciphers }),
    minVersion,
    maxVersion,
  }
}

const isRefused = (socket: TLSSocket): boolean => !socket.authorized && socket.getPeerX509Certificate() !== undefined

function nameOf(socket: TLSSocket): string | undefined {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined
  return certificate && subjectName(certificate.raw)
}
