/**
 * Certificates that a PKCS#12 trust store holds (RFC 7292). OpenSSL reads stores with a key of their own, and not those
 * that hold nothing but trusted certificates, as Java's keytool makes them; so these are read here.
 */
import { createDecipheriv, pbkdf2Sync } from 'node:crypto'
import { derFields, DerError, derOid, DerTag, derValue, type DerValue } from './der.js'

/** The store can't be read; the message says why, without its password. */
export class KeyStoreError extends Error {
  override readonly name = 'KeyStoreError'
}

const Oid = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  pbes2: '1.2.840.113549.1.5.13',
} as const

const CIPHERS: Readonly<Record<string, readonly [name: string, keyBytes: number]>> = {
  '2.16.840.1.101.3.4.1.2': ['aes-128-cbc', 16],
  '2.16.840.1.101.3.4.1.22': ['aes-192-cbc', 24],
  '2.16.840.1.101.3.4.1.42': ['aes-256-cbc', 32],
}

const HASHES: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}

/** The certificates of a store, in PEM. @throws KeyStoreError */
export function certificatesIn(store: Buffer, password: string): string[] {
  try {
    const authSafe = derFields(derFields(derValue(store))[1])
    const contents = derFields(derValue(octetsOf(authSafe[1])))
    return contents.flatMap((content) => bagsIn(content, password)).map(pem)
  } catch (error) {
    if (error instanceof KeyStoreError) throw error
    if (error instanceof DerError) throw new KeyStoreError(`it is no PKCS#12 store that can be read: ${error.message}`)
    throw new KeyStoreError("it can't be decrypted: is the password right?")
  }
}

/** [0] EXPLICIT OCTET STRING, or the string itself. */
function octetsOf(value: DerValue | undefined): Buffer {
  if (!value) throw new DerError('a value is missing')
  return value.tag === DerTag.octets ? value.content : octetsOf(derFields(value)[0])
}

function bagsIn(content: DerValue, password: string): Buffer[] {
  const [type, value] = derFields(content)
  const oid = derOid(type!)
  if (oid === Oid.data) return certificates(octetsOf(value))
  if (oid !== Oid.encryptedData) return []
  const [, encrypted] = derFields(derFields(value)[0])
  const [, algorithm, cipherText] = derFields(encrypted)
  return certificates(decrypt(algorithm!, cipherText!.content, password))
}

function certificates(safeContents: Buffer): Buffer[] {
  const out: Buffer[] = []
  for (const bag of derFields(derValue(safeContents))) {
    const [type, value] = derFields(bag)
    if (derOid(type!) !== Oid.certificateBag) continue
    const [, certificate] = derFields(derFields(value)[0])
    out.push(octetsOf(certificate))
  }
  return out
}

function decrypt(algorithm: DerValue, cipherText: Buffer, password: string): Buffer {
  const [type, parameters] = derFields(algorithm)
  if (derOid(type!) !== Oid.pbes2) {
    throw new KeyStoreError('it is encrypted by an outdated method: make it anew with a current keytool or openssl')
  }
  const [derivation, scheme] = derFields(parameters)
  const [salt, iterations, ...rest] = derFields(derFields(derivation)[1])
  const prf = rest.find(({ tag }) => tag === DerTag.sequence)
  const hash = prf ? HASHES[derOid(derFields(prf)[0]!)] : 'sha1'
  const [cipherType, iv] = derFields(scheme)
  const cipher = CIPHERS[derOid(cipherType!)]
  if (!hash || !cipher) throw new KeyStoreError('it is encrypted by a method that is not known')
  const [name, keyBytes] = cipher
  const count = iterations!.content.readUIntBE(0, iterations!.content.length)
  const key = pbkdf2Sync(password, salt!.content, count, keyBytes, hash)
  const decipher = createDecipheriv(name, key, iv!.content)
  return Buffer.concat([decipher.update(cipherText), decipher.final()])
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
