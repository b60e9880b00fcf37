/** Every call of the wire driver's admin, on whatever broker it is given; what that broker does not serve is skipped. */
import { afterAll, beforeAll, describe, expect, it, vi, type TestContext } from 'vitest'
import { wallClock } from '../../src/base/clock.js'
import { silentLog } from '../../src/base/log.js'
import { systemRandom } from '../../src/base/random.js'
import { allOf, wireAdmin, wireDriver, type WireAdmin } from '../../src/client/wire/index.js'
import { OutboundPeer, tcpTransport } from '../../src/net/index.js'
import { apis } from '../../src/protocol/index.js'
import { batch, consumerOptions, producerOptions, unique } from '../../src/testing/driver-contract/harness.js'
import { RecordingConsumer } from '../../src/testing/driver-contract/recording-consumer.js'

/** What the broker must be given so that everything can be tried. */
export const WIRE_ADMIN_SETTINGS = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
}

/** Brokers of Apache Kafka answer from what they have replayed of the controller's log, a moment behind it. */
const soon = (seen: () => Promise<void>): Promise<void> => vi.waitFor(seen, { timeout: 5_000, interval: 20 })

const nameOf = new Map(apis.map(({ key, name }) => [key, name]))

async function servedBy(bootstrap: string): Promise<ReadonlySet<string>> {
  const [host, port] = bootstrap.split(':')
  const peer = new OutboundPeer(host!, Number(port), {
    transport: tcpTransport,
    clientId: 'wire-admin',
    software: { name: 'kts-kafka', version: '0' },
    clock: wallClock(),
    random: systemRandom,
    log: silentLog,
    requestTimeoutMs: 5_000,
    connectTimeoutMs: 5_000,
  })
  await peer.ready()
  const names = [...peer.versions!.ranges.keys()].map((key) => nameOf.get(key) ?? String(key))
  peer.close()
  return new Set(names)
}

export function describeWireAdmin(title: string, bootstrap: () => string): void {
  describe(title, () => {
    let admin: WireAdmin
    let served: ReadonlySet<string>
    let brokerId: number

    beforeAll(async () => {
      admin = wireAdmin({ bootstrapServers: [bootstrap()], apiTimeoutMs: 10_000 })
      served = await servedBy(bootstrap())
      brokerId = (await admin.describeCluster()).nodes[0]!.id
    })
    afterAll(() => admin?.close())

    const needs = (context: TestContext, ...names: string[]): void => {
      const missing = names.filter((name) => !served.has(name))
      if (missing.length > 0) context.skip(`${missing.join(', ')} not served`)
    }

    async function newTopic(numPartitions = 1): Promise<string> {
      const name = unique('admin')
      allOf(await admin.createTopics([{ name, numPartitions, configs: { 'retention.ms': '-1' } }]))
      return name
    }

    async function produce(topic: string, count: number, transactionalId?: string): Promise<() => Promise<void>> {
      const driver = wireDriver({ bootstrapServers: [bootstrap()], clientId: 'wire-admin' })
      const producer = driver.producer(producerOptions({ transactionalId }))
      await producer.connect()
      if (transactionalId !== undefined) {
        await producer.transactions!.initialize()
        await producer.transactions!.begin()
      }
      const values = Array.from({ length: count }, (_, n) => `v${n}`)
      const [result] = await producer.send([batch(topic, 0, ...values)])
      if (result!.error) throw result!.error
      return () => producer.close(1_000)
    }

    // ── topics ──

    it('topics are created, listed, described, grown and deleted, by name and by id', async () => {
      const name = unique('admin')
      const made = await admin.createTopics([
        { name, numPartitions: 2, replicationFactor: 1, configs: { 'cleanup.policy': 'compact' } },
        { name: 'no/slash' },
        { name: `${name}-placed`, replicasAssignments: { 0: [brokerId], 1: [brokerId], 2: [brokerId] } },
      ])
      expect(made.map(({ error }) => error?.code)).toEqual([undefined, 'INVALID_TOPIC_EXCEPTION', undefined])
      expect(made[0]).toMatchObject({ name, numPartitions: 2, replicationFactor: 1 })
      expect(() => allOf(made)).toThrow(/no\/slash/)
      const [created, , placed] = made
      if (created!.error || placed!.error) throw new Error('not made')
      expect(created!.config!.find((entry) => entry.name === 'cleanup.policy')).toMatchObject({ value: 'compact' })
      expect(placed!.numPartitions).toBe(3)

      const again = await admin.createTopics([{ name }], { validateOnly: true })
      expect(again[0]!.error?.code).toBe('TOPIC_ALREADY_EXISTS')

      const listed = await admin.listTopics()
      expect(listed.find((topic) => topic.name === name)).toEqual({
        name,
        topicId: created!.topicId,
        isInternal: false,
      })

      allOf(await admin.createPartitions([{ name, totalCount: 4 }]))
      const fewer = await admin.createPartitions([{ name, totalCount: 1 }])
      expect(fewer[0]!.error?.code).toBe('INVALID_PARTITIONS')

      await soon(async () => {
        const [grown] = allOf(await admin.describeTopics({ topicNames: [name] }))
        expect(grown!.partitions).toHaveLength(4)
      })
      const options = { includeAuthorizedOperations: true }
      const [byName, missing] = await admin.describeTopics({ topicNames: [name, 'is-not-there'] }, options)
      const [byId] = await admin.describeTopics({ topicIds: [created!.topicId] }, options)
      expect(missing!.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION')
      for (const described of [byName!, byId!]) {
        if (described.error) throw described.error
        expect(described).toMatchObject({ name, topicId: created!.topicId, isInternal: false })
        expect(described.partitions.map(({ partition, leader, isr }) => ({ partition, leader, isr }))).toEqual(
          [0, 1, 2, 3].map((partition) => ({ partition, leader: brokerId, isr: [brokerId] })),
        )
        expect(described.authorizedOperations).toContain('ALTER_CONFIGS')
      }

      allOf(await admin.deleteTopics({ topicIds: [created!.topicId] }))
      const gone = await admin.deleteTopics({ topicNames: [`${name}-placed`, name] })
      expect(gone.map(({ error }) => error?.code)).toEqual([undefined, 'UNKNOWN_TOPIC_OR_PARTITION'])
    })

    it('records are deleted up to an offset, and offsets listed by every spec', async () => {
      const topic = await newTopic(2)
      const close = await produce(topic, 5)
      const at = { topic, partition: 0 }
      const [deleted, beyond, unknown] = await admin.deleteRecords([
        { ...at, beforeOffset: 2 },
        { topic, partition: 1, beforeOffset: 9 },
        { topic, partition: 7, beforeOffset: 0 },
      ])
      expect(deleted).toEqual({ ...at, lowWatermark: 2 })
      expect(beyond!.error?.kind).toBe('offsetOutOfRange')
      expect(unknown!.error?.kind).toBe('unknownTopic')

      const specs = ['earliest', 'latest', 'maxTimestamp', 'earliestLocal', 'latestTiered', { timestampMs: 0 }] as const
      const listed = await admin.listOffsets(
        specs.map((spec) => ({ ...at, spec })),
        { isolationLevel: 'read_committed' },
      )
      const offsets = listed.map((each) => (each.error ? each.error.code : each.offset))
      // the records have one timestamp: the first of the largest is the first that is left
      expect(offsets).toEqual([2, 5, expect.any(Number), 2, -1, 2])
      await close()
    })

    // ── configs ──

    it('configs are described with synonyms and words, and altered one by one', async () => {
      const topic = await newTopic()
      const resource = { type: 'TOPIC', name: topic } as const
      const result = await admin.incrementalAlterConfigs([
        {
          ...resource,
          ops: [
            { name: 'max.message.bytes', value: '4096' },
            { name: 'retention.ms', opType: 'DELETE' },
          ],
        },
        { type: 'TOPIC', name: 'is-not-there', ops: [{ name: 'retention.ms', value: '1' }] },
      ])
      expect(result.map(({ error }) => error?.kind)).toEqual([undefined, 'unknownTopic'])
      const broker = { type: 'BROKER', name: String(brokerId) } as const
      const options = { includeSynonyms: true, includeDocumentation: true }
      const find = async (wanted: typeof resource | typeof broker, name: string) => {
        const [described] = allOf(await admin.describeConfigs([wanted], options))
        return described!.configs.find((each) => each.name === name)!
      }
      await soon(async () => expect((await find(resource, 'max.message.bytes')).value).toBe('4096'))
      const entry = await find(resource, 'max.message.bytes')
      expect(entry).toMatchObject({ value: '4096', source: 'DYNAMIC_TOPIC_CONFIG', type: 'INT', isReadOnly: false })
      expect(entry.synonyms.map(({ name }) => name)).toEqual(['max.message.bytes', 'message.max.bytes'])
      expect(entry.documentation!.length).toBeGreaterThan(10)
      expect((await find(resource, 'retention.ms')).source).toBe('DEFAULT_CONFIG')
      expect(await find(broker, 'node.id')).toMatchObject({ value: String(brokerId) })
    })

    it('configs of brokers and groups are altered, and their resources listed', async () => {
      const group = { type: 'GROUP', name: unique('group') } as const
      const defaults = { type: 'BROKER', name: '' } as const
      allOf(
        await admin.incrementalAlterConfigs([
          { ...group, ops: [{ name: 'consumer.session.timeout.ms', value: '50000' }] },
          { ...defaults, ops: [{ name: 'log.retention.ms', value: '86400000' }] },
        ]),
      )
      await soon(async () => {
        const [described] = allOf(await admin.describeConfigs([group]))
        expect(described!.configs.find(({ name }) => name === 'consumer.session.timeout.ms')).toMatchObject({
          value: '50000',
          source: 'DYNAMIC_GROUP_CONFIG',
        })
      })
      expect(await admin.listConfigResources(['GROUP'])).toContainEqual(group)
      const dry = await admin.incrementalAlterConfigs(
        [{ ...defaults, ops: [{ name: 'log.retention.ms', value: 'soon' }] }],
        { validateOnly: true },
      )
      expect(dry[0]!.error?.code).toMatch(/INVALID_(CONFIG|REQUEST)/)
      allOf(
        await admin.incrementalAlterConfigs([{ ...defaults, ops: [{ name: 'log.retention.ms', opType: 'DELETE' }] }]),
      )
    })

    it('client-metrics subscriptions have configs', async (context) => {
      const resource = { type: 'CLIENT_METRICS', name: unique('metrics') } as const
      const [altered] = await admin.incrementalAlterConfigs([
        { ...resource, ops: [{ name: 'interval.ms', value: '60000' }] },
      ])
      if (altered!.error) {
        expect(altered!.error.code).toMatch(/INVALID_REQUEST|INVALID_CONFIG|UNSUPPORTED_VERSION/)
        return context.skip('no client metrics')
      }
      await soon(async () => expect(await admin.listConfigResources(['CLIENT_METRICS'])).toContainEqual(resource))
    })

    // ── the cluster ──

    it('cluster, quorum and features are described', async () => {
      const cluster = await admin.describeCluster({ includeAuthorizedOperations: true })
      expect(cluster.clusterId).toMatch(/^[\w-]{22}$/)
      expect(cluster.nodes).toMatchObject([{ id: brokerId, isFenced: false }])
      expect(cluster.authorizedOperations).toContain('DESCRIBE')
      const quorum = await admin.describeMetadataQuorum()
      expect(quorum).toMatchObject({ leaderId: brokerId, voters: [{ replicaId: brokerId }] })
      expect(quorum.highWatermark).toBeGreaterThan(0)
      const features = await admin.describeFeatures()
      expect(features.finalizedFeatures['metadata.version']!.maxVersionLevel).toBeGreaterThan(1)
      expect(features.supportedFeatures['group.version']).toMatchObject({ maxVersionLevel: 1 })
    })

    it('features are updated, as far as the broker knows them', async () => {
      const { finalizedFeatures } = await admin.describeFeatures()
      const level = finalizedFeatures['metadata.version']!.maxVersionLevel
      const [same] = await admin.updateFeatures([{ feature: 'metadata.version', maxVersionLevel: level }], {
        validateOnly: true,
      })
      expect(same!.error).toBeUndefined()
      const [odd] = await admin.updateFeatures([{ feature: 'no.such.feature', maxVersionLevel: 1 }], {
        validateOnly: true,
      })
      expect(odd!.error?.code).toMatch(/INVALID_UPDATE_VERSION|FEATURE_UPDATE_FAILED/)
    })

    it('voters are not added or removed in a quorum that is fixed; brokers that are not known are not unregistered', async (context) => {
      needs(context, 'AddRaftVoter', 'RemoveRaftVoter', 'UnregisterBroker')
      const directory = 'AAAAAAAAAAAAAAAAAAAAAQ'
      const endpoint = { name: 'CONTROLLER', host: '127.0.0.1', port: 1 }
      await expect(admin.addRaftVoter(9, directory, [endpoint])).rejects.toMatchObject({ code: expect.any(String) })
      await expect(admin.removeRaftVoter(9, directory)).rejects.toMatchObject({ code: expect.any(String) })
      await expect(admin.unregisterBroker(9)).rejects.toMatchObject({ code: 'BROKER_ID_NOT_REGISTERED' })
    })

    it('log directories tell of replicas, by broker and by replica', async () => {
      const topic = await newTopic()
      const close = await produce(topic, 3)
      await close()
      const [broker] = allOf(await admin.describeLogDirs([brokerId]))
      const dir = broker!.logDirs.find(({ replicas }) => replicas.some((replica) => replica.topic === topic))!
      expect(dir.error).toBeUndefined()
      expect(dir.replicas.find((replica) => replica.topic === topic)).toMatchObject({ partition: 0, isFuture: false })
      const hasty = wireAdmin({ bootstrapServers: [bootstrap()], apiTimeoutMs: 300 })
      const [nobody] = await hasty.describeLogDirs([brokerId + 70])
      expect(nobody!.error?.kind).toBe('retriable')
      hasty.close()
      const [replica] = allOf(await admin.describeReplicaLogDirs([{ topic, partition: 0, brokerId }]))
      expect(replica).toMatchObject({ currentReplicaLogDir: dir.path, futureReplicaLogDir: undefined })
    })

    it('replicas are moved to directories that there are', async (context) => {
      needs(context, 'AlterReplicaLogDirs')
      const topic = await newTopic()
      const at = { topic, partition: 0, brokerId }
      let logDir: string | undefined
      await soon(async () => {
        const [replica] = allOf(await admin.describeReplicaLogDirs([at]))
        logDir = replica!.currentReplicaLogDir
        expect(logDir).toBeDefined()
      })
      allOf(await admin.alterReplicaLogDirs([{ ...at, logDir: logDir! }]))
      const [nowhere] = await admin.alterReplicaLogDirs([{ ...at, logDir: '/nowhere' }])
      expect(nowhere!.error?.code).toBe('LOG_DIR_NOT_FOUND')
    })

    it('leaders are elected, partitions reassigned and the moves listed', async () => {
      const topic = await newTopic()
      const at = { topic, partition: 0 }
      const [elected] = await admin.electLeaders('PREFERRED', [at])
      expect(elected!.error?.code).toBe('ELECTION_NOT_NEEDED')
      expect(await admin.listPartitionReassignments([at])).toEqual([])
      expect(await admin.listPartitionReassignments()).toEqual([])
      allOf(await admin.alterPartitionReassignments([{ ...at, targetReplicas: [brokerId] }]))
      const [cancelled, impossible] = await admin.alterPartitionReassignments([
        at,
        { topic: `${topic}-not`, partition: 0, targetReplicas: [brokerId] },
      ])
      expect(cancelled!.error?.code).toBe('NO_REASSIGNMENT_IN_PROGRESS')
      expect(impossible!.error?.kind).toBe('unknownTopic')
    })

    // ── groups ──

    describe.each(['classic', 'consumer'] as const)('a %s group', (groupProtocol) => {
      it('is listed, described, relieved of members and offsets, and deleted', async () => {
        const topic = await newTopic(2)
        const close = await produce(topic, 3)
        await close()
        const groupId = unique(groupProtocol)
        const driver = wireDriver({ bootstrapServers: [bootstrap()], clientId: 'member' })
        const groupInstanceId = groupProtocol === 'classic' ? 'one' : undefined
        const member = new RecordingConsumer(driver, {
          consumer: consumerOptions({ groupId, groupProtocol, groupInstanceId, assignors: ['range'] }),
        })
        await member.start({ topics: [topic] })
        await member.until('assigned', () => member.assigned.length > 0)

        const [listed] = (await admin.listGroups({ types: [groupProtocol] })).filter((each) => each.groupId === groupId)
        expect(listed).toEqual({ groupId, type: groupProtocol, protocol: 'consumer', groupState: 'Stable' })
        expect((await admin.listConsumerGroups()).map((each) => each.groupId)).toContain(groupId)
        expect(await admin.listGroups({ groupStates: ['Dead'] })).toEqual([])

        const [described, missing] = await admin.describeConsumerGroups([groupId, 'is-not-there'], {
          includeAuthorizedOperations: true,
        })
        expect(missing!.error?.code).toBe('GROUP_ID_NOT_FOUND')
        if (described!.error) throw described!.error
        expect(described).toMatchObject({ type: groupProtocol, groupState: 'Stable' })
        expect(described!.members).toMatchObject([
          { groupInstanceId, clientId: 'member', assignment: [0, 1].map((partition) => ({ topic, partition })) },
        ])
        expect(described!.authorizedOperations).toContain('READ')

        const [classic] = await admin.describeClassicGroups([groupId])
        if (groupProtocol === 'consumer') expect(classic!.error?.code).toBe('GROUP_ID_NOT_FOUND')
        else expect(classic).toMatchObject({ protocol: 'consumer', protocolData: 'range', groupState: 'Stable' })

        const inUse = await admin.deleteConsumerGroups([groupId])
        expect(inUse[0]!.error?.code).toBe('NON_EMPTY_GROUP')
        await member.port.close(5_000)

        if (groupProtocol === 'classic') {
          // a static member has not left by closing
          const removed = await admin.removeMembersFromConsumerGroup(groupId, { members: [{ groupInstanceId: 'one' }] })
          expect(removed.map(({ error }) => error)).toEqual([undefined])
          const [none] = await admin.removeMembersFromConsumerGroup(groupId, { members: [{ groupInstanceId: 'two' }] })
          expect(none!.error?.code).toBe('UNKNOWN_MEMBER_ID')
          expect(await admin.removeMembersFromConsumerGroup(groupId)).toEqual([])
        }

        allOf(
          await admin.alterConsumerGroupOffsets(groupId, [
            { topic, partition: 0, offset: 2, metadata: 'by hand' },
            { topic, partition: 1, offset: 0 },
          ]),
        )
        const [all, some] = await admin.listConsumerGroupOffsets([
          { groupId },
          { groupId: `${groupId}-not`, topicPartitions: [{ topic, partition: 0 }] },
        ])
        expect(all).toMatchObject({
          groupId,
          offsets: [
            { topic, partition: 0, offset: 2, metadata: 'by hand' },
            { topic, partition: 1, offset: 0, metadata: '' },
          ],
        })
        expect(some).toMatchObject({ offsets: [] })
        allOf(await admin.deleteConsumerGroupOffsets(groupId, [{ topic, partition: 1 }]))
        const [left] = allOf(await admin.listConsumerGroupOffsets([{ groupId }], { requireStable: true }))
        expect(left!.offsets).toHaveLength(1)

        const deleted = await admin.deleteConsumerGroups([groupId, `${groupId}-not`])
        expect(deleted.map(({ error }) => error?.code)).toEqual([undefined, 'GROUP_ID_NOT_FOUND'])
      }, 30_000)
    })

    it('share groups: offsets are set, listed and deleted, the group described and deleted', async (context) => {
      needs(context, 'ShareGroupDescribe', 'AlterShareGroupOffsets')
      const topic = await newTopic()
      await (
        await produce(topic, 3)
      )()
      const groupId = unique('share')
      const at = { topic, partition: 0 }
      const unknown = await admin.describeShareGroups([groupId])
      expect(unknown[0]!.error?.code).toBe('GROUP_ID_NOT_FOUND')
      allOf(await admin.alterShareGroupOffsets(groupId, [{ ...at, startOffset: 2 }]))
      const [group] = allOf(await admin.describeShareGroups([groupId]))
      expect(group).toMatchObject({ groupState: 'Empty', members: [] })
      const [offsets] = allOf(await admin.listShareGroupOffsets([{ groupId }]))
      expect(offsets!.offsets).toMatchObject([{ ...at, startOffset: 2 }])
      allOf(await admin.deleteShareGroupOffsets(groupId, [topic]))
      allOf(await admin.deleteShareGroups([groupId]))
    })

    it('streams groups are described, and their offsets kept like those of consumers', async (context) => {
      needs(context, 'StreamsGroupDescribe')
      const groupId = unique('streams')
      const [missing] = await admin.describeStreamsGroups([groupId])
      expect(missing!.error?.code).toBe('GROUP_ID_NOT_FOUND')
      const topic = await newTopic()
      allOf(await admin.alterStreamsGroupOffsets(groupId, [{ topic, partition: 0, offset: 0 }]))
      const [offsets] = allOf(await admin.listStreamsGroupOffsets([{ groupId }]))
      expect(offsets!.offsets).toMatchObject([{ topic, partition: 0, offset: 0 }])
      allOf(await admin.deleteStreamsGroupOffsets(groupId, [{ topic, partition: 0 }]))
    })

    // ── who may do what ──

    it('access rules are created, found by filters and deleted by them', async (context) => {
      needs(context, 'CreateAcls')
      const resourceName = unique('acl')
      const rule = {
        resourceType: 'TOPIC',
        resourceName,
        patternType: 'PREFIXED',
        principal: 'User:alice',
        host: '10.0.0.1',
        operation: 'READ',
        permissionType: 'ALLOW',
      } as const
      const [, odd] = await admin.createAcls([rule, { ...rule, principal: 'alice' }])
      expect(odd!.error?.code).toBe('INVALID_REQUEST')
      await soon(async () => {
        expect(await admin.describeAcls({ principal: 'User:alice', resourceName })).toEqual([rule])
      })
      expect(await admin.describeAcls({ resourceName: `${resourceName}-more`, patternType: 'MATCH' })).toContainEqual(
        rule,
      )
      const [deleted] = allOf(await admin.deleteAcls([{ resourceName, operation: 'READ' }]))
      expect(deleted!.acls).toEqual([{ ...rule, error: undefined }])
      await soon(async () => expect(await admin.describeAcls({ resourceName })).toEqual([]))
    })

    it('SCRAM credentials are set, described and deleted', async (context) => {
      needs(context, 'AlterUserScramCredentials')
      const user = unique('user')
      // a request may alter a user once
      const strong = { user, mechanism: 'SCRAM-SHA-256', password: 'secret', iterations: 8_192 } as const
      allOf(await admin.alterUserScramCredentials([strong]))
      allOf(await admin.alterUserScramCredentials([{ user, mechanism: 'SCRAM-SHA-512', password: 'secret' }]))
      await soon(async () => {
        const [described] = allOf(await admin.describeUserScramCredentials([user]))
        expect(described!.credentialInfos.toSorted((a, b) => b.iterations - a.iterations)).toEqual([
          { mechanism: 'SCRAM-SHA-256', iterations: 8_192 },
          { mechanism: 'SCRAM-SHA-512', iterations: 4_096 },
        ])
      })
      const [missing] = await admin.describeUserScramCredentials([`${user}-not`])
      expect(missing!.error?.code).toBe('RESOURCE_NOT_FOUND')
      const [weak] = await admin.alterUserScramCredentials([
        { user, mechanism: 'SCRAM-SHA-256', password: 'x', iterations: 1 },
      ])
      expect(weak!.error?.code).toBe('UNACCEPTABLE_CREDENTIAL')
      for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
        allOf(await admin.alterUserScramCredentials([{ user, mechanism, deletion: true }]))
      }
      await soon(async () => {
        expect((await admin.describeUserScramCredentials()).map((each) => each.user)).not.toContain(user)
      })
    })

    it('quotas are set, found and taken away', async (context) => {
      needs(context, 'AlterClientQuotas')
      const user = unique('user')
      const entity = { user, 'client-id': null }
      allOf(
        await admin.alterClientQuotas([{ entity, ops: { producer_byte_rate: 1_048_576, request_percentage: 12.5 } }]),
      )
      const filter = [{ entityType: 'user', match: user }, { entityType: 'client-id' }] as const
      await soon(async () => {
        expect(await admin.describeClientQuotas(filter, { strict: true })).toEqual([
          { entity, quotas: { producer_byte_rate: 1_048_576, request_percentage: 12.5 } },
        ])
      })
      allOf(await admin.alterClientQuotas([{ entity, ops: { producer_byte_rate: null, request_percentage: null } }]))
      await soon(async () => {
        expect(await admin.describeClientQuotas([{ entityType: 'user', match: user }])).toEqual([])
      })
    })

    it('delegation tokens are refused to who is not authenticated', async (context) => {
      needs(context, 'CreateDelegationToken')
      const codes = { code: expect.stringMatching(/DELEGATION_TOKEN_(AUTH_DISABLED|REQUEST_NOT_ALLOWED)/) as string }
      await expect(admin.createDelegationToken()).rejects.toMatchObject(codes)
      await expect(admin.describeDelegationToken()).rejects.toMatchObject(codes)
      await expect(admin.renewDelegationToken(Buffer.from('x'))).rejects.toMatchObject(codes)
      await expect(admin.expireDelegationToken(Buffer.from('x'))).rejects.toMatchObject(codes)
    })

    // ── transactions ──

    it('transactions are listed, described, terminated and aborted; their producers described and fenced', async (context) => {
      needs(context, 'ListTransactions', 'DescribeTransactions', 'DescribeProducers')
      const topic = await newTopic()
      const at = { topic, partition: 0 }
      const transactionalId = unique('transaction')
      const close = await produce(topic, 1, transactionalId)
      const [listed] = (await admin.listTransactions({ filteredStates: ['Ongoing'] })).filter(
        (each) => each.transactionalId === transactionalId,
      )
      expect(listed).toMatchObject({ transactionalId, state: 'Ongoing' })
      expect(await admin.listTransactions({ filteredProducerIds: [listed!.producerId + 1_000] })).toEqual([])
      const [described, missing] = await admin.describeTransactions([transactionalId, 'is-not-there'])
      expect(missing!.error?.code).toBe('TRANSACTIONAL_ID_NOT_FOUND')
      expect(described).toMatchObject({ state: 'Ongoing', producerId: listed!.producerId, topicPartitions: [at] })
      const [producers] = allOf(await admin.describeProducers([at]))
      expect(producers!.activeProducers).toMatchObject([
        { producerId: listed!.producerId, currentTransactionStartOffset: 0 },
      ])
      await admin.forceTerminateTransaction(transactionalId)
      const [ended] = allOf(await admin.describeTransactions([transactionalId]))
      expect(ended!.state).toMatch(/Abort|Empty/)
      await close()

      const next = unique('transaction')
      const closeNext = await produce(topic, 1, next)
      const [fenced] = allOf(await admin.fenceProducers([next]))
      expect(fenced!.producerEpoch).toBeGreaterThan(0)
      await closeNext()

      const hanging = unique('transaction')
      const closeHanging = await produce(topic, 1, hanging)
      const [now] = allOf(await admin.describeProducers([at]))
      const open = now!.activeProducers.find((each) => each.currentTransactionStartOffset !== undefined)!
      await admin.abortTransaction({
        ...at,
        producerId: open.producerId,
        producerEpoch: open.producerEpoch,
        coordinatorEpoch: open.coordinatorEpoch ?? 0,
      })
      const [after] = allOf(await admin.describeProducers([at]))
      expect(after!.activeProducers.filter((each) => each.currentTransactionStartOffset !== undefined)).toEqual([])
      await closeHanging()
    }, 30_000)

    it('what the broker does not serve is said so', async (context) => {
      if (served.has('DescribeClientQuotas')) return context.skip('it serves everything')
      await expect(admin.describeClientQuotas()).rejects.toMatchObject({ kind: 'fatal', code: 'UNSUPPORTED_VERSION' })
    })

    it('is closed for good', async () => {
      const own = wireAdmin({ bootstrapServers: [bootstrap()] })
      await own.listTopics()
      own.close()
      await expect(own.listTopics()).rejects.toMatchObject({ kind: 'closed' })
    })
  })
}
