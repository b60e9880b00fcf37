import { describe, expect, it } from 'vitest'
import { BrokerSettings } from '../config/broker-settings.js'
import { ListenerSettings } from '../config/listener-settings.js'
import { tlsOptions } from './listener-tls.js'

const block = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
const CERTIFICATE = block('CERTIFICATE', 'AAAA')
const KEY = block('PRIVATE KEY', 'BBBB')
const JKS = Buffer.from('feedfeed0000000200000000', 'hex')

const files: Readonly<Record<string, Buffer>> = {
  '/server.pem': Buffer.from(KEY + CERTIFICATE),
  '/ca.pem': Buffer.from(CERTIFICATE),
  '/server.p12': Buffer.from('3082', 'hex'),
  '/server.jks': JKS,
}

function options(configs: Readonly<Record<string, string>>, isSasl = false) {
  const settings = new ListenerSettings(new BrokerSettings(new Map(Object.entries(configs))), 'SECURE')
  return tlsOptions(settings, isSasl, (path) => files[path])
}

const pem = { 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': '/server.pem' }

describe('TLS of a listener', () => {
  it('has its key and certificates in a PEM file, or in the settings', () => {
    const inline = {
      'ssl.keystore.type': 'PEM',
      // as a properties file has it, in one line
      'ssl.keystore.certificate.chain': CERTIFICATE.replaceAll('\n', ' '),
      'ssl.keystore.key': KEY.replaceAll('\n', ' '),
    }
    for (const configs of [pem, inline]) {
      const { cert, key } = options(configs)
      expect([cert, key].map((text) => String(text).replace(/\s/g, ''))).toEqual(
        [CERTIFICATE, KEY].map((text) => text.replace(/\s/g, '')),
      )
    }
    expect(options({ ...pem, 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': '/ca.pem' }).ca).toHaveLength(1)
  })

  it('has them in a PKCS12 file, whatever Java calls it', () => {
    const store = { 'ssl.keystore.location': '/server.p12', 'ssl.keystore.password': 'hush' }
    for (const type of ['PKCS12', 'JKS']) {
      expect(options({ ...store, 'ssl.keystore.type': type })).toMatchObject({
        pfx: files['/server.p12'],
        passphrase: 'hush',
      })
    }
  })

  it.each(['keystore', 'truststore'])('refuses a %s of JKS, with the line that converts it', (store) => {
    const configs = { ...pem, [`ssl.${store}.type`]: 'JKS', [`ssl.${store}.location`]: '/server.jks' }
    expect(() => options(configs)).toThrow(
      `ssl.${store}.location /server.jks is a JKS store, which is not read here: convert it by keytool -importkeystore ` +
        `-srckeystore /server.jks -destkeystore /server.p12 -deststoretype PKCS12, and set ssl.${store}.type=PKCS12`,
    )
  })

  it.each([
    [{}, /listener SECURE has no certificate/],
    [{ 'ssl.keystore.type': 'PEM' }, /listener SECURE has no certificate/],
    [{ 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': '/ca.pem' }, /has no private key/],
    [{ 'ssl.keystore.location': '/missing.p12' }, /\/missing.p12 can't be read/],
    [{ ...pem, 'ssl.enabled.protocols': 'TLSv1.1' }, /names none of those that are served/],
  ])('refuses %o', (configs, words) => {
    expect(() => options(configs)).toThrow(words)
  })

  it('speaks the versions that are enabled, by suites as Java names them', () => {
    expect(options(pem)).toMatchObject({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', ciphers: undefined })
    const old = { 'ssl.enabled.protocols': 'TLSv1.2', 'ssl.cipher.suites': 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256' }
    expect(options({ ...pem, ...old })).toMatchObject({
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ciphers: 'ECDHE-RSA-AES128-GCM-SHA256',
    })
    expect(options({ ...pem, 'ssl.enabled.protocols': 'TLSv1.3' })).toMatchObject({ minVersion: 'TLSv1.3' })
  })

  it('asks for certificates as it is told; beside SASL only where the listener itself is', () => {
    const asked = { ...pem, 'ssl.client.auth': 'required' }
    expect(options(asked).clientAuth).toBe('required')
    expect(options(asked, true).clientAuth).toBe('none')
    expect(options({ ...pem, 'listener.name.secure.ssl.client.auth': 'required' }, true).clientAuth).toBe('required')
  })
})
