// One broker with a listener of each kind, as Java's tools and librdkafka come in by them: each is told addresses of the
// listener that it came by. Tokens are signed with a key that the broker reads at a URL; sessions end soon, and clients
// renew them while they work.
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { certify, configFile, folder, trust } from '../certificates.js'
import { kafkaTool, kcat } from '../commands.js'
import { type Target, freePort, startTarget } from '../target.js'

certify('server', '/CN=localhost')
certify('next', '/CN=localhost')
trust('server', 'trust.p12')

const module = 'org.apache.kafka.common.security'
const bearer = `${module}.oauthbearer`
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function token(claims: object): string {
  const signed = `${part({ alg: 'RS256', kid: 'first' })}.${part(claims)}`
  return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`
}

const keys = createServer((_, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'first', use: 'sig' }] }))
})

/** Java reads no URLs or files of tokens that are not named so. */
const JVM = 'KAFKA_JVM_OPTS'
const jvmBefore = process.env[JVM]

describe('a broker with a listener of each kind', () => {
  let target: Target
  let ports: Readonly<Record<string, number>>
  const at = (listener: string): string => `127.0.0.1:${ports[listener]}`

  beforeAll(async () => {
    keys.listen(0, '127.0.0.1')
    await once(keys, 'listening')
    const url = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/keys`
    const allowed = ['urls', 'files'].map(
      (what) => `-Dorg.apache.kafka.sasl.oauthbearer.allowed.${what}=${what === 'urls' ? `${url},` : ''}${tokenUrl}`,
    )
    process.env[JVM] = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...allowed].join(' ')
    ports = {
      OPEN: await freePort(),
      TLS: await freePort(),
      LOGIN: await freePort(),
      BOTH: await freePort(),
    }
    const plain =
      `${module}.plain.PlainLoginModule required username="admin" password="admin-secret" ` +
      'user_admin="admin-secret" user_alice="alice-secret";'
    target = await startTarget({
      listeners: Object.keys(ports)
        .map((name) => `${name}://${at(name)}`)
        .join(','),
      'listener.security.protocol.map':
        'OPEN:PLAINTEXT,TLS:SSL,LOGIN:SASL_PLAINTEXT,BOTH:SASL_SSL,CONTROLLER:PLAINTEXT',
      'inter.broker.listener.name': 'OPEN',
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.location': `${folder}/server.p12`,
      'ssl.keystore.password': 'changeit',
      'ssl.key.password': 'changeit',
      'listener.name.login.sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.both.sasl.enabled.mechanisms': 'PLAIN,OAUTHBEARER',
      'listener.name.login.plain.sasl.jaas.config': plain,
      'listener.name.both.plain.sasl.jaas.config': plain,
      'listener.name.both.oauthbearer.sasl.jaas.config': `${bearer}.OAuthBearerLoginModule required;`,
      'listener.name.both.oauthbearer.sasl.server.callback.handler.class': `${bearer}.OAuthBearerValidatorCallbackHandler`,
      'sasl.oauthbearer.jwks.endpoint.url': url,
      'sasl.oauthbearer.expected.audience': 'kafka',
      'connections.max.reauth.ms': '1500',
      'offsets.topic.num.partitions': '1',
    })
  })
  afterAll(async () => {
    await target?.stop()
    keys.close()
    if (jvmBefore === undefined) delete process.env[JVM]
    else process.env[JVM] = jvmBefore
  })

  const trusting = {
    'ssl.truststore.type': 'PKCS12',
    'ssl.truststore.location': `${folder}/trust.p12`,
    'ssl.truststore.password': 'changeit',
  }
  const byPassword = {
    'sasl.mechanism': 'PLAIN',
    'sasl.jaas.config': `${module}.plain.PlainLoginModule required username="alice" password="alice-secret";`,
  }
  const tokenFile = `${folder}/token.jwt`
  const tokenUrl = `file://${tokenFile}`
  const byToken = {
    'sasl.mechanism': 'OAUTHBEARER',
    'sasl.jaas.config': `${bearer}.OAuthBearerLoginModule required;`,
    'sasl.login.callback.handler.class': `${bearer}.OAuthBearerLoginCallbackHandler`,
    'sasl.oauthbearer.token.endpoint.url': tokenUrl,
  }
  const clients: readonly (readonly [listener: string, how: string, settings: Readonly<Record<string, string>>])[] = [
    ['OPEN', 'as it is', { 'security.protocol': 'PLAINTEXT' }],
    ['TLS', 'by TLS', { 'security.protocol': 'SSL', ...trusting }],
    ['LOGIN', 'with a password', { 'security.protocol': 'SASL_PLAINTEXT', ...byPassword }],
    ['BOTH', 'with a password by TLS', { 'security.protocol': 'SASL_SSL', ...trusting, ...byPassword }],
    ['BOTH', 'with a signed token', { 'security.protocol': 'SASL_SSL', ...trusting, ...byToken }],
  ]

  /** Twice as long as a session lasts, where there is one. */
  const produce = (listener: string, config: string, mayFail = false) =>
    kafkaTool(
      'kafka-producer-perf-test',
      `--bootstrap-server ${at(listener)} --topic met --num-records 300 --throughput 100 --record-size 10 ` +
        `--command-config ${config}`,
      { mayFail },
    )

  test('Java comes in by each, and stays while its sessions end', async () => {
    writeFileSync(tokenFile, token({ sub: 'carol', aud: 'kafka', ...lifetime() }))
    await kafkaTool('kafka-topics', `--bootstrap-server ${at('OPEN')} --create --topic met --partitions 1`)
    const outcomes = await Promise.all(
      clients.map(async ([listener, how, settings], n) => {
        const { text, stderr } = await produce(listener, configFile(`client-${n}`, settings))
        expect(`${text}${stderr}`, how).not.toMatch(/exception/i)
        return /^300 records sent.*$/m.test(text)
      }),
    )
    expect(outcomes).toEqual(clients.map(() => true))
    const { text } = await kcat(at('OPEN'), '-Q -t met:0:-1')
    expect(text).toBe('met [0] offset 1500')
  })

  test('librdkafka is told where to go by the listener that it came by', async () => {
    const ca = ['-X', `ssl.ca.location=${folder}/server.pem`]
    const user = ['-X', 'sasl.mechanism=PLAIN', '-X', 'sasl.username=alice', '-X', 'sasl.password=alice-secret']
    const flags: Readonly<Record<string, readonly string[]>> = {
      OPEN: [],
      TLS: ['-X', 'security.protocol=SSL', ...ca],
      LOGIN: ['-X', 'security.protocol=SASL_PLAINTEXT', ...user],
      BOTH: ['-X', 'security.protocol=SASL_SSL', ...ca, ...user],
    }
    for (const [listener, own] of Object.entries(flags)) {
      const { text } = await kcat(at(listener), [...own, '-L'])
      expect(text, listener).toContain(`broker 1 at ${at(listener)}`)
    }
  })

  test('a token for others, and one that is over, are refused', async () => {
    for (const claims of [{ aud: 'others' }, { aud: 'kafka', exp: lifetime().iat - 120, iat: lifetime().iat - 180 }]) {
      writeFileSync(tokenFile, token({ sub: 'carol', ...lifetime(), ...claims }))
      const config = configFile('refused', { ...clients[4]![2], 'default.api.timeout.ms': '5000' })
      const args = `--bootstrap-server ${at('BOTH')} --command-config ${config} --list`
      const { code, text, stderr } = await kafkaTool('kafka-topics', args, { mayFail: true })
      expect(code).not.toBe(0)
      expect(text + stderr).toMatch(/SaslAuthenticationException|JwtValidatorException|KafkaException/)
    }
  })

  test('another certificate is shown by a listener once the broker is told of it, without a restart', async () => {
    const comesIn = async (authority: string): Promise<boolean> => {
      const args = ['-X', 'security.protocol=SSL', '-X', `ssl.ca.location=${folder}/${authority}.pem`, '-L', '-m', '3']
      return (await kcat(at('TLS'), args, { mayFail: true })).code === 0
    }
    expect([await comesIn('server'), await comesIn('next')]).toEqual([true, false])
    const own = 'listener.name.tls.ssl'
    const store = `${own}.keystore.type=PKCS12,${own}.keystore.location=${folder}/next.p12`
    await kafkaTool(
      'kafka-configs',
      `--bootstrap-server ${at('OPEN')} --alter --entity-type brokers --entity-name 1 ` +
        `--add-config ${store},${own}.keystore.password=changeit,${own}.key.password=changeit`,
    )
    expect([await comesIn('next'), await comesIn('server')]).toEqual([true, false])
  })
})

const lifetime = () => {
  const iat = Math.floor(Date.now() / 1000) - 5
  return { iat, exp: iat + 3600 }
}
