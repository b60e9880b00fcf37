import { pbkdf2Sync } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { RawClient } from '../../../test/server/raw-client.js'
import { virtualClock } from '../../base/clock.js'
import { logTo } from '../../base/log.js'
import { seededRandom } from '../../base/random.js'
import { framePrefix, FrameReader, memoryTransport, type Transport } from '../../net/index.js'
import { authenticate } from '../../net/outbound-sasl.js'
import { ErrorCode } from '../../protocol/errors.js'
import { decodeResponse, encodeRequest } from '../../protocol/header.js'
import * as messages from '../../protocol/messages/index.js'
import { startBroker } from '../compose.js'
import { memoryDisk } from '../disk/memory-disk.js'
import type { BrokerOptions, RunningBroker } from '../running-broker.js'

const PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required'
const sasl = {
  listeners: 'PLAINTEXT://127.0.0.1:0,SASL_PLAINTEXT://127.0.0.1:0',
  'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256',
  'listener.name.sasl_plaintext.plain.sasl.jaas.config': `${PLAIN} user_alice="alice-secret" user_admin="hush";`,
}
const acls = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:admin;User:ANONYMOUS',
}

let running: RunningBroker[] = []
let clock = virtualClock()
let logged: string[] = []

afterEach(async () => {
  const stopped = Promise.all(running.splice(0).map((broker) => broker.stop()))
  await clock.advance(1000)
  await stopped
  logged = []
})

async function served(configs: Record<string, string> = {}, options: BrokerOptions = {}) {
  const transport = memoryTransport()
  clock = virtualClock(1_700_000_000_000)
  const log = logTo((...entry) => logged.push(JSON.stringify(entry)))
  const broker = await startBroker({ transport, clock, log, configs: { ...sasl, ...configs }, ...options })
  running.push(broker)
  const at = (name: string): Promise<RawClient> => connect(transport, broker, name)
  const open = () => transport.connect('127.0.0.1', broker.listeners[1]!.port)
  return { broker, open, plain: () => at('PLAINTEXT'), sasl: () => at('SASL_PLAINTEXT') }
}

function connect(transport: Transport, broker: RunningBroker, name: string): Promise<RawClient> {
  return RawClient.connect(transport, broker.listeners.find((one) => one.name === name)!.port)
}

/** Moves the broker's time on until something comes about. */
async function inTime<T>(awaited: Promise<T>): Promise<T> {
  let done = false
  const noted = awaited.finally(() => (done = true))
  noted.catch(() => {})
  while (!done) {
    await clock.advance(10)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return noted
}

const versions = { clientSoftwareName: 'a', clientSoftwareVersion: '1' }
const handshake = (client: RawClient, mechanism = 'PLAIN', version = 1) =>
  client.call(messages.saslHandshake, version, { mechanism })
const token = (client: RawClient, text: string) =>
  client.call(messages.saslAuthenticate, 2, { authBytes: Buffer.from(text) })

async function logIn(client: RawClient, user = 'alice', password = 'alice-secret') {
  await handshake(client)
  return token(client, `\0${user}\0${password}`)
}

describe('a connection that has not authenticated', () => {
  it('is told versions and mechanisms', async () => {
    const client = await (await served()).sasl()
    expect((await client.call(messages.apiVersions, 3, versions)).errorCode).toBe(0)
    expect(await handshake(client)).toMatchObject({ errorCode: 0, mechanisms: ['PLAIN', 'SCRAM-SHA-256'] })
  })

  it('is served nothing else', async () => {
    const client = await (await served()).sasl()
    await expect(client.call(messages.listGroups, 4, { statesFilter: [], typesFilter: [] })).rejects.toThrow(/closed/)
  })

  it('is told versions once, and not in the middle of the conversation', async () => {
    const { sasl: connected } = await served()
    const asking = await connected()
    expect((await asking.call(messages.apiVersions, 3, versions)).errorCode).toBe(0)
    await expect(asking.call(messages.apiVersions, 3, versions)).rejects.toThrow(/closed/)
    const late = await connected()
    await handshake(late)
    expect((await late.call(messages.apiVersions, 3, versions)).errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE)
    await late.closed
  })

  it('is closed when it sends a large frame', async () => {
    const client = await (await served()).sasl()
    const size = Buffer.alloc(4)
    size.writeInt32BE(524_289)
    client.connection.write([size])
    await client.closed
  })

  it('must not send a token first', async () => {
    const client = await (await served()).sasl()
    await expect(token(client, 'x')).rejects.toThrow(/closed/)
  })

  it('does not begin the conversation twice', async () => {
    const client = await (await served()).sasl()
    await handshake(client)
    expect((await handshake(client)).errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE)
    await client.closed
  })
})

describe('authentication', () => {
  it('opens the rest', async () => {
    const client = await (await served()).sasl()
    expect(await logIn(client)).toMatchObject({ errorCode: 0, sessionLifetimeMs: 0 })
    expect((await client.call(messages.listGroups, 4, { statesFilter: [], typesFilter: [] })).errorCode).toBe(0)
    expect((await token(client, 'x')).errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE)
  })

  it('takes bare tokens after a handshake of v0', async () => {
    const connection = await (await served()).open()
    const reader = new FrameReader(1000)
    let arrived = (): void => {}
    connection.attach({ onData: (chunk) => (reader.push(chunk), arrived()), onDrain() {}, onClose() {} })
    const answerTo = async (chunks: readonly Buffer[]): Promise<Buffer> => {
      connection.write(chunks)
      for (;;) {
        const frame = reader.next()
        if (frame) return frame
        await new Promise<void>((resolve) => (arrived = resolve))
      }
    }
    const agreed = await answerTo(encodeRequest(messages.saslHandshake, 0, 1, null, { mechanism: 'PLAIN' }))
    expect(decodeResponse(messages.saslHandshake, 0, agreed).errorCode).toBe(0)
    const bytes = Buffer.from('\0alice\0alice-secret')
    expect(await answerTo([framePrefix([bytes]), bytes])).toHaveLength(0)
    const listed = await answerTo(encodeRequest(messages.listGroups, 1, 2, null, {}))
    expect(decodeResponse(messages.listGroups, 1, listed).errorCode).toBe(0)
  })

  it('that fails is answered after a delay, and ends the connection', async () => {
    const client = await (await served()).sasl()
    await handshake(client)
    const sentMs = clock.monotonic()
    expect((await inTime(token(client, '\0alice\0wrong'))).errorCode).toBe(ErrorCode.SASL_AUTHENTICATION_FAILED)
    expect(clock.monotonic() - sentMs).toBeGreaterThanOrEqual(100)
    await client.closed
  })

  it('refuses a mechanism that is not enabled, and names those that are', async () => {
    const client = await (await served()).sasl()
    expect(await inTime(handshake(client, 'SCRAM-SHA-512'))).toMatchObject({
      errorCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM,
      mechanisms: ['PLAIN', 'SCRAM-SHA-256'],
    })
    await client.closed
  })

  it('fails for whom a fault says so, as often as it says, and then works', async () => {
    const { broker, sasl } = await served({}, { hooks: true })
    const fault = broker.hooks!.fault({ failAuthentication: true, user: 'alice', times: 2 })
    expect((await inTime(logIn(await sasl(), 'admin', 'hush'))).errorCode).toBe(ErrorCode.NONE)
    for (let n = 0; n < 2; n++) {
      const client = await sasl()
      const { errorCode } = await inTime(logIn(client))
      expect(errorCode).toBe(ErrorCode.SASL_AUTHENTICATION_FAILED)
      await client.closed
    }
    expect((await inTime(logIn(await sasl()))).errorCode).toBe(ErrorCode.NONE)
    expect(fault.hits).toBe(2)
  })

  it('lets a fault hit requests of one user only', async () => {
    const { broker, plain, sasl } = await served({}, { hooks: true })
    broker.hooks!.fault({ user: 'alice', api: 'ApiVersions', disconnect: true })
    const alice = await sasl()
    await inTime(logIn(alice))
    const other = await plain()
    expect((await other.call(messages.apiVersions, 3, versions)).errorCode).toBe(ErrorCode.NONE)
    await expect(alice.call(messages.apiVersions, 3, versions)).rejects.toThrow()
  })

  it('leaves no secret in the log', async () => {
    const { sasl: connectSasl } = await served()
    const good = await connectSasl()
    await logIn(good)
    const bad = await connectSasl()
    await inTime(logIn(bad, 'alice', 'guess'))
    expect(logged.join('\n')).toMatch(/failed to authenticate/)
    expect(logged.join('\n')).not.toMatch(/alice-secret|hush|guess/)
  })

  it('has no place on a listener without SASL', async () => {
    const client = await (await served()).plain()
    expect((await handshake(client)).errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE)
    expect((await token(client, 'x')).errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE)
  })
})

describe('a session of limited length', () => {
  const limited = { 'connections.max.reauth.ms': '5000' }

  it('is renewed by authenticating again', async () => {
    const client = await (await served(limited)).sasl()
    expect((await logIn(client)).sessionLifetimeMs).toBe(5000)
    await clock.advance(4000)
    expect((await logIn(client)).errorCode).toBe(0)
    await clock.advance(4000)
    expect((await client.call(messages.listGroups, 4, { statesFilter: [], typesFilter: [] })).errorCode).toBe(0)
  })

  it('ends with the first request after it', async () => {
    const client = await (await served(limited)).sasl()
    await logIn(client)
    await clock.advance(5001)
    await expect(client.call(messages.listGroups, 4, { statesFilter: [], typesFilter: [] })).rejects.toThrow(/closed/)
  })

  it('is not renewed for someone else', async () => {
    const client = await (await served(limited)).sasl()
    await logIn(client)
    await clock.advance(2000)
    expect((await inTime(logIn(client, 'admin', 'hush'))).errorCode).toBe(ErrorCode.SASL_AUTHENTICATION_FAILED)
    await client.closed
  })
})

describe('SCRAM users', () => {
  const salt = Buffer.from('0123456789abcdef')
  const upsertion = (name: string, more: object = {}) => ({
    name,
    mechanism: 1,
    iterations: 4096,
    salt,
    saltedPassword: pbkdf2Sync(`${name}-secret`, salt, 4096, 32, 'sha256'),
    ...more,
  })

  it('are set, described, outlive a restart, and are deleted', async () => {
    const disk = memoryDisk()
    const first = await served({}, { disk })
    const admin = await first.plain()
    const set = { deletions: [], upsertions: [upsertion('bob')] }
    expect((await admin.call(messages.alterUserScramCredentials, 0, set)).results).toEqual([
      { user: 'bob', errorCode: 0, errorMessage: null },
    ])
    const stopped = first.broker.stop()
    await clock.advance(1000)
    await stopped

    const second = await served({}, { disk })
    const client = await second.sasl()
    await handshake(client, 'SCRAM-SHA-256')
    await authenticate(
      { mechanism: 'SCRAM-SHA-256', username: 'bob', password: 'bob-secret' },
      async (message) => (await token(client, message.toString())).authBytes,
      seededRandom(1),
    )
    const described = await client.call(messages.describeUserScramCredentials, 0, { users: null })
    expect(described.results).toMatchObject([{ user: 'bob', credentialInfos: [{ mechanism: 1, iterations: 4096 }] }])
    const gone = { deletions: [{ name: 'bob', mechanism: 1 }], upsertions: [] }
    await client.call(messages.alterUserScramCredentials, 0, gone)
    const none = await client.call(messages.describeUserScramCredentials, 0, { users: [{ name: 'bob' }] })
    expect(none.results).toMatchObject([{ user: 'bob', errorCode: ErrorCode.RESOURCE_NOT_FOUND }])
  })

  it.each([
    ['few iterations', [upsertion('bob', { iterations: 4095 })], ErrorCode.UNACCEPTABLE_CREDENTIAL],
    ['many iterations', [upsertion('bob', { iterations: 16_385 })], ErrorCode.UNACCEPTABLE_CREDENTIAL],
    ['no name', [upsertion('')], ErrorCode.UNACCEPTABLE_CREDENTIAL],
    ['an unknown mechanism', [upsertion('bob', { mechanism: 3 })], ErrorCode.UNSUPPORTED_SASL_MECHANISM],
    ['one mechanism twice', [upsertion('bob'), upsertion('bob')], ErrorCode.DUPLICATE_RESOURCE],
    ['two mechanisms', [upsertion('bob'), upsertion('bob', { mechanism: 2 })], ErrorCode.DUPLICATE_RESOURCE],
  ])('are refused with %s', async (_, upsertions, errorCode) => {
    const admin = await (await served()).plain()
    const { results } = await admin.call(messages.alterUserScramCredentials, 0, { deletions: [], upsertions })
    expect(results).toMatchObject([{ errorCode }])
    const { results: kept } = await admin.call(messages.describeUserScramCredentials, 0, { users: null })
    expect(kept).toEqual([])
  })
})

describe('access rules', () => {
  const rule = (more: object = {}) => ({
    resourceType: 2,
    resourceName: 'orders',
    resourcePatternType: 3,
    principal: 'User:alice',
    host: '*',
    operation: 3,
    permissionType: 3,
    ...more,
  })
  const any = {
    resourceTypeFilter: 1,
    resourceNameFilter: null,
    patternTypeFilter: 1,
    principalFilter: null,
    hostFilter: null,
    operation: 1,
    permissionType: 1,
  }
  const topics = [
    { name: 'orders', partitions: 1 },
    { name: 'secret', partitions: 1 },
  ]
  const seen = async (client: RawClient): Promise<(string | null)[]> =>
    (await client.call(messages.metadata, 9, { topics: null })).topics.map(({ name }) => name)

  it('are created once, shown, obeyed at once, kept through a restart, and deleted', async () => {
    const disk = memoryDisk()
    const first = await served(acls, { disk, topics })
    const admin = await first.plain()
    const alice = await first.sasl()
    await logIn(alice)
    expect(await seen(alice)).toEqual([])
    const creations = [rule(), rule()]
    expect((await admin.call(messages.createAcls, 3, { creations })).results).toMatchObject([
      { errorCode: 0 },
      { errorCode: 0 },
    ])
    expect(await seen(alice)).toEqual(['orders'])
    const stopped = first.broker.stop()
    await clock.advance(1000)
    await stopped

    const second = await served(acls, { disk })
    const again = await second.plain()
    const { resources } = await again.call(messages.describeAcls, 3, any)
    expect(resources).toMatchObject([{ resourceName: 'orders', acls: [{ principal: 'User:alice', operation: 3 }] }])
    const { filterResults } = await again.call(messages.deleteAcls, 3, { filters: [any] })
    expect(filterResults[0]!.matchingAcls).toHaveLength(1)
    expect((await again.call(messages.describeAcls, 3, any)).resources).toEqual([])
  })

  it.each([
    ['no resource name', { resourceName: '' }],
    ['another cluster', { resourceType: 4 }],
    ['a pattern for filters', { resourcePatternType: 2 }],
    ['no principal', { principal: 'alice' }],
    ['any operation', { operation: 1 }],
    ['neither allow nor deny', { permissionType: 1 }],
  ])('are refused with %s', async (_, more) => {
    const admin = await (await served(acls)).plain()
    const { results } = await admin.call(messages.createAcls, 3, { creations: [rule(more)] })
    expect(results).toMatchObject([{ errorCode: ErrorCode.INVALID_REQUEST }])
  })

  it('have no place without an authorizer', async () => {
    const { broker, plain } = await served()
    expect(broker.parts.authorizer).toBeUndefined()
    const { errorCode } = await (await plain()).call(messages.describeAcls, 3, any)
    expect(errorCode).toBe(ErrorCode.SECURITY_DISABLED)
  })

  it('keep a producer without acknowledgements out by closing its connection', async () => {
    const { broker, sasl: connectSasl } = await served(acls, { topics })
    const alice = await connectSasl()
    await logIn(alice)
    const partitionData = [{ index: 0, records: Buffer.alloc(0) }]
    const request = { transactionalId: null, acks: 0, timeoutMs: 1, topicData: [{ name: 'orders', partitionData }] }
    await expect(alice.call(messages.produce, 9, request)).rejects.toThrow(/closed/)
    expect(broker.parts.cluster.acls.size).toBe(0)
  })
})

describe('a broker does not start with', () => {
  const fails = (configs: Record<string, string>) =>
    startBroker({ transport: memoryTransport(), configs: { ...sasl, ...configs } })

  it.each([
    ['Kerberos', { 'sasl.enabled.mechanisms': 'GSSAPI' }, /offers SASL GSSAPI: set sasl.enabled.mechanisms/],
    ['PLAIN without users', { 'listener.name.sasl_plaintext.plain.sasl.jaas.config': '' }, /can't be read/],
    ['tokens that anyone can make', { 'sasl.enabled.mechanisms': 'OAUTHBEARER' }, /no keys to check tokens/],
    ['another authorizer', { 'authorizer.class.name': 'com.acme.Mine' }, /com.acme.Mine.*built in is/],
    ['users of no type', { ...acls, 'super.users': 'admin' }, /super.users/],
    ['TLS without a certificate', { listeners: 'SSL://127.0.0.1:0' }, /has no certificate/],
  ])('%s', async (_, configs, words) => expect(fails(configs as Record<string, string>)).rejects.toThrow(words))
})
