/** What both sides of SCRAM (RFC 5802) compute and how its messages are written. */
import { createHash, createHmac } from 'node:crypto'

export type ScramHash = 'sha256' | 'sha512'

export type ScramMechanismName = 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

export const scramHash = (mechanism: ScramMechanismName): ScramHash =>
  mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512'

/** What a server keeps of a user: enough to check a proof, not enough to give one. */
export interface ScramCredential {
  readonly salt: Buffer
  readonly iterations: number
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** @param saltedPassword PBKDF2 of the password, as clients send it when they set credentials (KIP-554) */
export function scramKeys(hash: ScramHash, saltedPassword: Buffer): Pick<ScramCredential, 'storedKey' | 'serverKey'> {
  return {
    storedKey: digest(hash, hmac(hash, saltedPassword, 'Client Key')),
    serverKey: hmac(hash, saltedPassword, 'Server Key'),
  }
}

export const hmac = (hash: ScramHash, key: Buffer, data: string): Buffer => createHmac(hash, key).update(data).digest()

export const digest = (hash: ScramHash, data: Buffer): Buffer => createHash(hash).update(data).digest()

export const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, i) => byte ^ b[i]!))

/** `r=abc,s=def` by letter. */
export function scramAttributes(message: string): Map<string, string> {
  return new Map(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)] as const))
}

/** `=` and `,` have a meaning of their own in messages. */
export const escapeName = (name: string): string => name.replaceAll('=', '=3D').replaceAll(',', '=2C')

export const unescapeName = (name: string): string => name.replaceAll('=2C', ',').replaceAll('=3D', '=')
