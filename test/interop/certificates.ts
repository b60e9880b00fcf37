// Keys, certificates and client settings, in a folder of their own.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { home } from './commands.js'

mkdirSync(`${home}/work`, { recursive: true })
export const folder = mkdtempSync(`${home}/work/security-`)

/** A key and a certificate, in PEM (`<name>.key`, `<name>.pem`, both in `<name>-store.pem`) and PKCS12; their own authority. */
export function certify(name: string, subject: string): void {
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const made = ['-keyout', `${name}.key`, '-out', `${name}.pem`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', subject, ...made)
  writeFileSync(`${folder}/${name}-store.pem`, read(`${name}.key`) + read(`${name}.pem`))
  const store = ['-inkey', `${name}.key`, '-in', `${name}.pem`, '-out', `${name}.p12`, '-passout', 'pass:changeit']
  openssl('pkcs12', '-export', '-name', name, ...store)
}

export const read = (name: string): string => readFileSync(`${folder}/${name}`, 'utf8')

/** Puts a certificate into a trust store of PKCS12. */
export function trust(name: string, store: string): void {
  const args = ['-importcert', '-noprompt', '-alias', name, '-file', `${folder}/${name}.pem`, '-storetype', 'PKCS12']
  execFileSync('keytool', [...args, '-keystore', `${folder}/${store}`, '-storepass', 'changeit'], { stdio: 'pipe' })
}

/** A file of client settings, by what it says. */
export function configFile(name: string, settings: Readonly<Record<string, string>>): string {
  const path = `${folder}/${name}.properties`
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`)
  writeFileSync(path, lines.join(''))
  return path
}
