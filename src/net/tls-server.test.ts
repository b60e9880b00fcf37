import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { certificatesIn } from './key-store.js'
import { subjectName } from './distinguished-name.js'
import { outboundTls, type OutboundTlsOptions } from './outbound-tls.js'
import { tlsTransport, type TlsServerOptions, type TlsTransport } from './tls-server.js'
import type { Connection, Listening } from './transport.js'

let folder: string
const file = (name: string): string => readFileSync(join(folder, name), 'utf8')
const openssl = (...args: readonly string[]): void => {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
}

/** A certificate of its own, signed by itself. */
function certify(name: string, subject: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`]
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  openssl('req', '-x509', ...key, '-days', '2', '-out', `${name}.pem`, '-utf8', '-subj', subject, ...names)
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'))
  certify('server', '/CN=localhost')
  certify('next', '/CN=localhost')
  certify('client', '/C=DE/O=Acme, Inc./OU=Früchte/emailAddress=a@b.c/CN=alice')
  openssl('pkcs12', '-export', '-in', 'server.pem', '-nokeys', '-out', 'trust.p12', '-passout', 'pass:changeit')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const open: Listening[] = []
afterEach(() => Promise.all(open.splice(0).map((one) => one.close())))

const server = (name = 'server', more: Partial<TlsServerOptions> = {}): TlsServerOptions => ({
  cert: file(`${name}.pem`),
  key: file(`${name}.key`),
  clientAuth: 'none',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ...more,
})

/** Connects, and gives the broker's end, or what the client met instead. */
function meet(transport: TlsTransport, client: OutboundTlsOptions): Promise<Connection> {
  return new Promise<Connection>((resolve, reject) => {
    void transport.listen('127.0.0.1', 0, resolve).then((listening) => {
      open.push(listening)
      const attached = (near: Connection): void =>
        near.attach({ onData() {}, onDrain() {}, onClose: () => reject(new Error('closed')) })
      outboundTls(client).connect('127.0.0.1', listening.port).then(attached, reject)
    })
  })
}

it('who comes with TLS to a listener without is told so', async () => {
  const plaintext = createServer((socket) => socket.once('data', () => socket.end())).listen(0, '127.0.0.1')
  await once(plaintext, 'listening')
  const { port } = plaintext.address() as AddressInfo
  await expect(outboundTls({}).connect('127.0.0.1', port)).rejects.toThrow('does this listener speak TLS?')
  plaintext.close()
})

const identity = () => ({ cert: file('client.pem'), key: file('client.key') })
const NAME = 'CN=alice,1.2.840.113549.1.9.1=#1605614062' + '2e63,OU=Früchte,O=Acme\\, Inc.,C=DE'

describe('a TLS listener', () => {
  it('carries bytes to who trusts it, and is refused by others', async () => {
    const far = await meet(tlsTransport(server()), { ca: file('server.pem') })
    expect(far.certificateName).toBeUndefined()
    far.destroy()
    await expect(meet(tlsTransport(server()), { ca: file('client.pem') })).rejects.toThrow(
      /^TLS with 127.0.0.1:\d+ failed: self.signed certificate: set tls.ca to the authority that signed it$/,
    )
  })

  it('knows a client by its certificate', async () => {
    const mutual = server('server', { clientAuth: 'required', ca: [file('client.pem')] })
    const far = await meet(tlsTransport(mutual), { ca: file('server.pem'), ...identity() })
    expect(far.certificateName).toBe(NAME)
    far.destroy()
  })

  it.each([
    ['required', 'no certificate', {}],
    ['required', 'a strange one', { cert: 'server.pem', key: 'server.key' }],
    ['requested', 'a strange one', { cert: 'server.pem', key: 'server.key' }],
  ] as const)('that has a certificate %s lets no one in with %s', async (clientAuth, _, shown) => {
    const mutual = server('server', { clientAuth, ca: [file('client.pem')] })
    const own = 'cert' in shown ? { cert: file(shown.cert), key: file(shown.key) } : {}
    await expect(meet(tlsTransport(mutual), { ca: file('server.pem'), ...own })).rejects.toThrow()
  })

  it('that asks for a certificate goes without', async () => {
    const mutual = server('server', { clientAuth: 'requested', ca: [file('client.pem')] })
    const far = await meet(tlsTransport(mutual), { ca: file('server.pem') })
    expect(far.certificateName).toBeUndefined()
    far.destroy()
  })

  it('shows a new certificate once it is replaced, and keeps the old one when the new can not be used', async () => {
    const transport = tlsTransport(server())
    transport.replace(server('next'))
    expect(() => transport.replace({ ...server('next'), key: file('server.key') })).toThrow()
    const far = await meet(transport, { ca: file('next.pem') })
    far.destroy()
  })
})

describe('certificates', () => {
  it('are named as Java names them', () => {
    const der = Buffer.from(file('client.pem').replace(/-----.*-----|\s/g, ''), 'base64')
    expect(subjectName(der)).toBe(NAME)
  })

  it('are read from a trust store', () => {
    const store = readFileSync(join(folder, 'trust.p12'))
    expect(certificatesIn(store, 'changeit').join('').replace(/\s/g, '')).toBe(file('server.pem').replace(/\s/g, ''))
    expect(() => certificatesIn(store, 'wrong')).toThrow(/is the password right/)
    expect(() => certificatesIn(Buffer.from('no store'), '')).toThrow(/no PKCS#12 store/)
  })
})
