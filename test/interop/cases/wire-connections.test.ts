// How the wire driver comes in: TLS, every SASL mechanism, one of one's own, and sessions that are renewed on the way.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { logTo } from '../../../src/base/log.js'
import type { SaslOptions } from '../../../src/client/port.js'
import { allOf, wireAdmin, wireDriver, type WireAdmin } from '../../../src/client/wire/index.js'
import { batch, producerOptions, unique } from '../../../src/testing/driver-contract/harness.js'
import { home } from '../commands.js'
import { useTarget } from '../target.js'

mkdirSync(`${home}/work`, { recursive: true })
const folder = mkdtempSync(`${home}/work/connections-`)
const openssl = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost']
const files = ['-keyout', `${folder}/key.pem`, '-out', `${folder}/cert.pem`]
execFileSync('openssl', [...openssl, ...files, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], {
  stdio: 'pipe',
})
const ca = readFileSync(`${folder}/cert.pem`, 'utf8')
writeFileSync(`${folder}/store.pem`, readFileSync(`${folder}/key.pem`, 'utf8') + ca)

const SESSION_MS = 2_500
const security = 'org.apache.kafka.common.security'
const listener = 'listener.name.plaintext'
const settings = {
  'listener.security.protocol.map': 'PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT',
  'ssl.keystore.type': 'PEM',
  'ssl.keystore.location': `${folder}/store.pem`,
  'ssl.truststore.type': 'PEM',
  'ssl.truststore.location': `${folder}/cert.pem`,
  'ssl.endpoint.identification.algorithm': '',
  'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
  'sasl.mechanism.inter.broker.protocol': 'PLAIN',
  'connections.max.reauth.ms': String(SESSION_MS),
  [`${listener}.plain.sasl.jaas.config`]:
    `${security}.plain.PlainLoginModule required username="admin" password="admin-secret" ` +
    'user_admin="admin-secret";',
  [`${listener}.scram-sha-256.sasl.jaas.config`]: `${security}.scram.ScramLoginModule required;`,
  [`${listener}.scram-sha-512.sasl.jaas.config`]: `${security}.scram.ScramLoginModule required;`,
  [`${listener}.oauthbearer.sasl.jaas.config`]:
    `${security}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="admin" ` +
    'unsecuredValidatorAllowableClockSkewMs="1000";',
}

const PLAIN = { mechanism: 'PLAIN', username: 'admin', password: 'admin-secret' } as const

/** A token that nothing signs, as Kafka's own test validator takes it. */
async function unsignedToken(): Promise<string> {
  const part = (fields: object): string => Buffer.from(JSON.stringify(fields)).toString('base64url')
  const now = Math.floor(Date.now() / 1_000)
  return `${part({ alg: 'none' })}.${part({ sub: 'admin', iat: now, exp: now + 60 })}.`
}

describe('SASL over TLS', () => {
  const target = useTarget(settings)
  const connection = (sasl: SaslOptions) => ({ bootstrapServers: [target().bootstrap], tls: { ca }, sasl })

  async function using<T>(sasl: SaslOptions, work: (admin: WireAdmin) => Promise<T>): Promise<T> {
    const admin = wireAdmin({ ...connection(sasl), apiTimeoutMs: 5_000 })
    try {
      return await work(admin)
    } finally {
      admin.close()
    }
  }

  test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const)('%s comes in', async (mechanism) => {
    const username = unique('user')
    if (mechanism.startsWith('SCRAM')) {
      const scram = mechanism as 'SCRAM-SHA-256'
      await using(PLAIN, async (admin) => {
        const credential = { user: username, mechanism: scram, password: `${username}-secret`, iterations: 4_096 }
        allOf(await admin.alterUserScramCredentials([credential]))
        // brokers of Apache Kafka learn of it a moment later
        await expect
          .poll(() => admin.describeUserScramCredentials([username]))
          .toMatchObject([{ credentialInfos: [{}] }])
      })
    }
    const sasl: SaslOptions =
      mechanism === 'OAUTHBEARER'
        ? { mechanism, token: unsignedToken }
        : mechanism === 'PLAIN'
          ? PLAIN
          : { mechanism, username, password: `${username}-secret` }
    const driver = wireDriver({ ...connection(sasl), clientId: 'connections' })
    const admin = driver.admin()
    const topic = unique('topic')
    await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1, configs: {} }], 5_000)
    const producer = driver.producer(producerOptions())
    await producer.connect()
    const [sent] = await producer.send([batch(topic, 0, 'hello')])
    expect(sent!.error).toBeUndefined()
    await Promise.all([producer.close(1_000), admin.close()])
  })

  test('a wrong password, a mechanism that is not there and a certificate that is not trusted are refused at once', async () => {
    const wrong = using({ ...PLAIN, password: 'guess' }, (admin) => admin.listTopics())
    await expect(wrong).rejects.toMatchObject({ kind: 'auth' })
    const scram = using({ ...PLAIN, mechanism: 'SCRAM-SHA-512' }, (admin) => admin.listTopics())
    await expect(scram).rejects.toMatchObject({ kind: 'auth' })
    const other = { mechanism: 'GSSAPI', authenticate: async () => {} }
    await expect(using(other, (admin) => admin.listTopics())).rejects.toThrow(/does not take SASL GSSAPI; it offers/)
    const blind = wireAdmin({ bootstrapServers: [target().bootstrap], tls: {}, sasl: PLAIN })
    await expect(blind.listTopics()).rejects.toMatchObject({
      kind: 'auth',
      message: expect.stringMatching(/self.signed/i),
    })
    blind.close()
  })

  test('a mechanism of one’s own is spoken on each connection, and again before its session ends, without losing it', async () => {
    let conversations = 0
    const lost: string[] = []
    const log = logTo((_level, message) => void (message.startsWith('lost') && lost.push(message)), 'debug')
    const own: SaslOptions = {
      mechanism: 'PLAIN',
      authenticate: async (exchange, { port }) => {
        expect(port).toBe(Number(target().bootstrap.split(':')[1]))
        await exchange(Buffer.from('\0admin\0admin-secret'))
        conversations++
      },
    }
    const admin = wireAdmin({ ...connection(own), log })
    const sinceMs = performance.now()
    // requests all the while: none of them may meet a session that has ended
    while (performance.now() - sinceMs < 2.5 * SESSION_MS) await admin.listTopics()
    admin.close()
    expect(conversations).toBeGreaterThanOrEqual(3)
    expect(lost).toEqual([])
  })
})
