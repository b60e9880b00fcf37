/**
 * TLS of one listener, from Kafka's `ssl.*` settings: PEM in the settings or in files, PKCS#12 in files. Java's own JKS
 * is not read; the error tells how to convert it.
 */
import { certificatesIn, KeyStoreError, type ClientAuth, type TlsServerOptions } from '../../net/index.js'
import type { ListenerSettings } from '../config/listener-settings.js'
import { SettingError } from '../config/setting.js'

type ReadFile = (path: string) => Buffer | undefined

/** @throws SettingError */
export function tlsOptions(settings: ListenerSettings, isSasl: boolean, readFile: ReadFile): TlsServerOptions {
  const [minVersion, maxVersion] = versions(settings)
  const suites = settings.list('ssl.cipher.suites').filter((one) => one !== '')
  return {
    ...keyStore(settings, readFile),
    ca: trustStore(settings, readFile),
    minVersion,
    maxVersion,
    ciphers: suites.length > 0 ? suites.map(openSslName).join(':') : undefined,
    clientAuth: clientAuth(settings, isSasl),
  }
}

/** Where SASL tells who is there, a certificate is asked for only when the listener itself says so. */
function clientAuth(settings: ListenerSettings, isSasl: boolean): ClientAuth {
  const own = settings.own('ssl.client.auth')
  return (isSasl ? (own ?? 'none') : (own ?? settings.text('ssl.client.auth') ?? 'none')) as ClientAuth
}

function versions(settings: ListenerSettings): ['TLSv1.2' | 'TLSv1.3', 'TLSv1.2' | 'TLSv1.3'] {
  const enabled = settings.list('ssl.enabled.protocols')
  const has = (version: string): boolean => enabled.includes(version)
  if (!has('TLSv1.2') && !has('TLSv1.3')) {
    throw new SettingError(`ssl.enabled.protocols names none of those that are served: TLSv1.2, TLSv1.3`)
  }
  return [has('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3', has('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2']
}

/** `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` as OpenSSL calls it; those of TLS 1.3 have one name. */
function openSslName(suite: string): string {
  const match = /^TLS_(\w+)_WITH_(\w+)$/.exec(suite)
  if (!match) return suite
  const [, exchange = '', cipher = ''] = match
  return `${exchange === 'RSA' ? '' : `${exchange}-`}${cipher}`
    .replace(/_CBC_/, '-')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace(/_POLY1305_SHA256$/, '_POLY1305')
    .replaceAll('_', '-')
}

function keyStore(
  settings: ListenerSettings,
  readFile: ReadFile,
): Pick<TlsServerOptions, 'cert' | 'key' | 'pfx' | 'passphrase'> {
  const keyPassword = settings.text('ssl.key.password')
  if (settings.text('ssl.keystore.type')?.toUpperCase() === 'PEM') {
    const file = textIn(settings, 'ssl.keystore.location', readFile)
    const cert = settings.text('ssl.keystore.certificate.chain') ?? file
    const key = settings.text('ssl.keystore.key') ?? file
    if (cert === undefined || key === undefined) {
      throw new SettingError(
        `listener ${settings.listener} has no certificate: set ssl.keystore.location to a PEM file with key and ` +
          'certificates, or ssl.keystore.key and ssl.keystore.certificate.chain to their text',
      )
    }
    const certificates = pemBlocks(cert, 'CERTIFICATE')
    const keys = pemBlocks(key, '(?:RSA |EC |ENCRYPTED )?PRIVATE KEY')
    if (certificates.length === 0) throw missing(settings, 'certificate', 'ssl.keystore')
    if (keys.length === 0) throw missing(settings, 'private key', 'ssl.keystore')
    return { cert: certificates.join(''), key: keys[0]!, passphrase: keyPassword }
  }
  const store = storeIn(settings, 'ssl.keystore', readFile)
  if (!store) {
    throw new SettingError(
      `listener ${settings.listener} has no certificate: set ssl.keystore.type to PEM or PKCS12, and ` +
        `ssl.keystore.location (or ${settings.nameOf('ssl.keystore.location')}) to the file`,
    )
  }
  return { pfx: store, passphrase: settings.text('ssl.keystore.password') ?? '' }
}

const missing = (settings: ListenerSettings, what: string, where: string): SettingError =>
  new SettingError(`listener ${settings.listener} has no ${what}: there is none in what ${where}.* names`)

function trustStore(settings: ListenerSettings, readFile: ReadFile): readonly string[] | undefined {
  if (settings.text('ssl.truststore.type')?.toUpperCase() === 'PEM') {
    const text = settings.text('ssl.truststore.certificates') ?? textIn(settings, 'ssl.truststore.location', readFile)
    if (text === undefined) return undefined
    const certificates = pemBlocks(text, 'CERTIFICATE')
    if (certificates.length === 0) throw missing(settings, 'trusted certificate', 'ssl.truststore')
    return certificates
  }
  const store = storeIn(settings, 'ssl.truststore', readFile)
  if (!store) return undefined
  try {
    return certificatesIn(store, settings.text('ssl.truststore.password') ?? '')
  } catch (error) {
    if (!(error instanceof KeyStoreError)) throw error
    throw new SettingError(`ssl.truststore.location ${settings.text('ssl.truststore.location')}: ${error.message}`)
  }
}

const JKS_MAGIC = 0xfe_ed_fe_ed

/** A PKCS#12 store. What Java calls JKS may be one too; its old format is refused. */
function storeIn(settings: ListenerSettings, prefix: string, readFile: ReadFile): Buffer | undefined {
  const path = settings.text(`${prefix}.location`)
  if (path === undefined) return undefined
  const content = contentOf(path, `${prefix}.location`, readFile)
  if (content.length >= 4 && content.readUInt32BE(0) === JKS_MAGIC) {
    throw new SettingError(
      `${prefix}.location ${path} is a JKS store, which is not read here: convert it by keytool -importkeystore ` +
        `-srckeystore ${path} -destkeystore ${path.replace(/\.jks$/, '')}.p12 -deststoretype PKCS12, ` +
        `and set ${prefix}.type=PKCS12`,
    )
  }
  return content
}

function textIn(settings: ListenerSettings, name: string, readFile: ReadFile): string | undefined {
  const path = settings.text(name)
  return path === undefined ? undefined : contentOf(path, name, readFile).toString('utf8')
}

function contentOf(path: string, name: string, readFile: ReadFile): Buffer {
  let content: Buffer | undefined
  try {
    content = readFile(path)
  } catch (error) {
    throw new SettingError(`${name} ${path} can't be read: ${(error as Error).message}`)
  }
  if (!content) throw new SettingError(`${name} ${path} can't be read: there is no such file`)
  return content
}

/** Blocks of one kind, written anew: in a properties file, a whole block may stand in one line. */
function pemBlocks(text: string, kind: string): string[] {
  const pattern = new RegExp(`-----BEGIN (${kind})-----([\\s\\S]*?)-----END \\1-----`, 'g')
  return [...text.matchAll(pattern)].map(([, label, body = '']) => {
    const headers = [...body.matchAll(/^\s*[\w-]+:.*$/gm)].map(([line]) => line.trim())
    const data = body.replace(/^\s*[\w-]+:.*$/gm, '').replace(/\s+/g, '')
    const lines = data.match(/.{1,64}/g) ?? []
    const head = headers.length > 0 ? `${headers.join('\n')}\n\n` : ''
    return `-----BEGIN ${label}-----\n${head}${lines.join('\n')}\n-----END ${label}-----\n`
  })
}
