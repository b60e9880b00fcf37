// The matrix of access: sets of rules, and the requests whose answers they change.
import * as messages from '../../src/protocol/messages/index.js'
import type { Api, Draft, Shape } from '../../src/protocol/index.js'
import { Operation, Permission, ResourceType } from '../../src/server/security/acl-words.js'
import { BatchBuilder } from '../../src/protocol/records/index.js'

export interface Grant {
  readonly type: number
  readonly name: string
  readonly operation: number
  readonly prefixed?: boolean
  readonly deny?: boolean
  readonly principal?: string
  readonly host?: string
}

export type Grants = readonly [what: string, grants: readonly Grant[]]

const topic = (operation: number, name = 't1', more: Partial<Grant> = {}): Grant => ({
  type: ResourceType.topic,
  name,
  operation,
  ...more,
})
const group = (operation: number, name = 'g1'): Grant => ({ type: ResourceType.group, name, operation })
const cluster = (operation: number): Grant => ({ type: ResourceType.cluster, name: 'kafka-cluster', operation })
const transactional = (operation: number): Grant => ({ type: ResourceType.transactionalId, name: 'tx1', operation })

const each = (words: readonly (keyof typeof Operation)[], what: string, make: (operation: number) => Grant): Grants[] =>
  words.map((word) => [`${word} on ${what}`, [make(Operation[word])]])

export const grantSets: readonly Grants[] = [
  ['nothing', []],
  ...each(
    ['all', 'read', 'write', 'create', 'delete', 'alter', 'describe', 'describeConfigs', 'alterConfigs'],
    'a topic',
    (operation) => topic(operation),
  ),
  ...each(['all', 'read', 'delete', 'describe', 'describeConfigs', 'alterConfigs'], 'a group', (operation) =>
    group(operation),
  ),
  ...each(
    [
      ...(['all', 'create', 'alter', 'describe', 'clusterAction'] as const),
      ...(['describeConfigs', 'alterConfigs', 'idempotentWrite'] as const),
    ],
    'the cluster',
    cluster,
  ),
  ...each(['all', 'write', 'describe'], 'a transactional id', transactional),
  ['group and topic to read', [group(Operation.read), topic(Operation.read)]],
  ['transactional id and topic to write', [transactional(Operation.write), topic(Operation.write)]],
  ['transactional id, group and topic', [transactional(Operation.write), group(Operation.read), topic(Operation.read)]],
  ['a prefix to read', [topic(Operation.read, 't', { prefixed: true })]],
  ['a prefix of another topic', [topic(Operation.read, 't12', { prefixed: true })]],
  ['every topic to read', [topic(Operation.read, '*')]],
  ['every topic but one', [topic(Operation.all, '*'), topic(Operation.read, 't1', { deny: true })]],
  ['a prefix denied', [topic(Operation.all, '*'), topic(Operation.all, 't', { prefixed: true, deny: true })]],
  ['describe denied, read allowed', [topic(Operation.read), topic(Operation.describe, 't1', { deny: true })]],
  ['all denied, read allowed', [topic(Operation.read), topic(Operation.all, 't1', { deny: true })]],
  ['denied everywhere to write', [topic(Operation.write), topic(Operation.write, '*', { deny: true })]],
  ['denied by prefix to write', [topic(Operation.write), topic(Operation.write, 't', { prefixed: true, deny: true })]],
  ['everyone may', [topic(Operation.all, 't1', { principal: 'User:*' })]],
  ['from this host', [topic(Operation.all, 't1', { host: '127.0.0.1' })]],
  ['from another host', [topic(Operation.all, 't1', { host: '10.0.0.1' })]],
  ['denied to another host', [topic(Operation.all), topic(Operation.all, 't1', { host: '10.0.0.1', deny: true })]],
  ['another user may', [topic(Operation.all, 't1', { principal: 'User:bob' })]],
]

export const asAcl = (grant: Grant) => ({
  resourceType: grant.type,
  resourceName: grant.name,
  resourcePatternType: grant.prefixed ? 4 : 3,
  principal: grant.principal ?? 'User:alice',
  host: grant.host ?? '*',
  operation: grant.operation,
  permissionType: grant.deny ? Permission.deny : Permission.allow,
})

export interface Asked {
  readonly what: string
  readonly api: Api
  readonly version: number
  readonly body: Draft<Shape>
}

function asked<Req extends Shape, Res extends Shape>(
  api: Api<Req, Res>,
  version: number,
  body: Draft<Req>,
  more = '',
): Asked {
  const what = `${api.name} v${version}${more === '' ? '' : ` ${more}`}`
  return { what, api: api as unknown as Api, version, body: body as Draft<Shape> }
}

const ZERO = 'AAAAAAAAAAAAAAAAAAAAAA'

function records(inTransaction = false): Buffer {
  const builder = new BatchBuilder({ codec: 'none' })
  builder.append({ key: null, value: Buffer.from('x'), timestampMs: Date.now() })
  if (!inTransaction) return builder.finish()
  return builder.finish({ producerId: 4711, producerEpoch: 0, baseSequence: 0, transactional: true })
}

/** @param ids of topics, by name: each broker has its own */
export function requests(ids: ReadonlyMap<string, string>, round: number): Asked[] {
  const id = (name: string): string => ids.get(name) ?? ZERO
  const names = ['t1', 't2', 'absent']
  const byName = names.map((name) => ({ name, topicId: ZERO }))
  const produced = (name: string, transactionalId: string | null = null, inTransaction = false) => ({
    transactionalId,
    acks: 1,
    timeoutMs: 3e3,
    topicData: [
      {
        name,
        topicId: id(name),
        partitionData: [
          {
            index: 0,
            records: records(inTransaction),
          },
        ],
      },
    ],
  })
  const fetched = {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 1e3,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    rackId: '',
    topics: names.map((topic) => ({
      topic,
      topicId: id(topic),
      partitions: [
        {
          partition: 0,
          fetchOffset: 0,
          partitionMaxBytes: 1e3,
        },
      ],
    })),
    forgottenTopicsData: [],
  }
  const member = { groupId: 'g1', memberId: 'm', generationId: 1 }
  const configs = [
    { resourceType: 2, resourceName: 't1' },
    { resourceType: 2, resourceName: 'absent' },
    { resourceType: 4, resourceName: '1' },
    { resourceType: 32, resourceName: 'g1' },
  ]
  const own = [
    ['retention.ms', '1000'],
    ['retention.ms', '1000'],
    ['log.retention.ms', '5000'],
    ['consumer.session.timeout.ms', '50000'],
  ]
  const changed = configs.map((one, i) => ({
    ...one,
    configs: [{ name: own[i]![0]!, value: own[i]![1]!, configOperation: 0 }],
  }))
  const replaced = changed.map((one) => ({
    ...one,
    configs: one.configs.map(({ name, value }) => ({ name, value })),
  }))
  const committed = {
    groupId: 'g1',
    memberId: '',
    generationIdOrMemberEpoch: -1,
    topics: names.map((name) => ({
      name,
      topicId: id(name),
      partitions: [
        {
          partitionIndex: 0,
          committedOffset: 0,
          committedMetadata: '',
        },
      ],
    })),
  }
  const topicsAt = names.map((name) => ({ name, partitionIndexes: [0] }))
  const all = {
    resourceTypeFilter: 1,
    resourceNameFilter: null,
    patternTypeFilter: 1,
    principalFilter: 'User:nobody',
    hostFilter: null,
    operation: 1,
    permissionType: 1,
  }
  const inTransaction = { transactionalId: 'tx1', producerId: 4711, producerEpoch: 0 }
  return [
    asked(messages.metadata, 9, {
      topics: byName,
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: true,
      includeTopicAuthorizedOperations: true,
    }),
    asked(messages.metadata, 12, { topics: null, includeTopicAuthorizedOperations: true }, 'of all'),
    asked(
      messages.metadata,
      12,
      {
        topics: [
          { name: null, topicId: id('t1') },
          { name: null, topicId: id('t2') },
        ],
        includeTopicAuthorizedOperations: false,
      },
      'by id',
    ),
    asked(
      messages.metadata,
      9,
      {
        topics: [{ name: `auto${round}`, topicId: ZERO }],
        includeClusterAuthorizedOperations: false,
        includeTopicAuthorizedOperations: false,
      },
      'creating',
    ),
    asked(messages.describeCluster, 0, { includeClusterAuthorizedOperations: true, includeFencedBrokers: false }),
    asked(messages.describeTopicPartitions, 0, { topics: names.map((name) => ({ name })) }),
    asked(messages.describeTopicPartitions, 0, { topics: [] }, 'of all'),
    asked(messages.produce, 9, produced('t1')),
    asked(messages.produce, 9, produced('absent'), 'to what is not there'),
    asked(messages.produce, 13, produced('t1'), 'by id'),
    asked(messages.produce, 9, produced('t1', 'tx1'), 'beside a transactional id'),
    asked(messages.produce, 9, produced('t1', 'tx1', true), 'in a transaction'),
    asked(messages.produce, 9, produced('t1', null, true), 'in a transaction of no id'),
    asked(messages.fetch, 12, { ...fetched }),
    asked(messages.fetch, 15, { ...fetched, topics: fetched.topics.slice(0, 2) }, 'by id'),
    asked(messages.listOffsets, 6, {
      replicaId: -1,
      isolationLevel: 0,
      topics: names.map((name) => ({ name, partitions: [{ partitionIndex: 0, timestamp: -2 }] })),
    }),
    asked(messages.offsetForLeaderEpoch, 4, {
      topics: names.map((topic) => ({ topic, partitions: [{ partition: 0, leaderEpoch: 0 }] })),
    }),
    asked(messages.deleteRecords, 2, {
      topics: names.map((name) => ({ name, partitions: [{ partitionIndex: 0, offset: 0 }] })),
      timeoutMs: 3000,
    }),
    asked(messages.createTopics, 7, {
      topics: ['t1', `new${round}`].map((name) => ({
        name,
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      })),
      validateOnly: true,
    }),
    asked(messages.createPartitions, 3, {
      topics: ['t1', 'absent'].map((name) => ({ name, count: 3, assignments: null })),
      timeoutMs: 3000,
      validateOnly: true,
    }),
    asked(messages.describeConfigs, 4, {
      resources: configs.map((one) => ({ ...one, configurationKeys: ['none'] })),
      includeSynonyms: false,
      includeDocumentation: false,
    }),
    asked(messages.incrementalAlterConfigs, 1, { resources: changed, validateOnly: true }),
    asked(messages.alterConfigs, 2, { resources: replaced, validateOnly: true }),
    asked(messages.findCoordinator, 3, { key: 'g1', keyType: 0, coordinatorKeys: [] }),
    asked(messages.findCoordinator, 5, { key: '', keyType: 0, coordinatorKeys: ['g1', 'g2'] }, 'of groups'),
    asked(messages.findCoordinator, 5, { key: '', keyType: 1, coordinatorKeys: ['tx1'] }, 'of a transactional id'),
    asked(messages.offsetCommit, 8, committed),
    asked(messages.offsetCommit, 10, committed, 'by id'),
    asked(messages.offsetFetch, 7, { groupId: 'g1', topics: topicsAt, groups: [], requireStable: false }),
    asked(messages.offsetFetch, 7, { groupId: 'g1', topics: null, groups: [], requireStable: false }, 'of all'),
    asked(messages.offsetFetch, 9, {
      groupId: '',
      topics: [],
      groups: ['g1', 'g2'].map((groupId) => ({ groupId, topics: topicsAt.map((one) => ({ ...one, topicId: ZERO })) })),
      requireStable: false,
    }),
    asked(
      messages.offsetFetch,
      10,
      {
        groupId: '',
        topics: [],
        groups: ['g1'].map((groupId) => ({
          groupId,
          topics: topicsAt.map((one) => ({ ...one, topicId: id(one.name) })),
        })),
        requireStable: false,
      },
      'by id',
    ),
    asked(messages.joinGroup, 5, {
      groupId: 'g1',
      sessionTimeoutMs: 1,
      rebalanceTimeoutMs: 1,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
      reason: null,
    }),
    asked(messages.heartbeat, 4, member),
    asked(messages.syncGroup, 4, { ...member, protocolType: null, protocolName: null, assignments: [] }),
    asked(messages.leaveGroup, 4, {
      groupId: 'g1',
      memberId: '',
      members: [{ memberId: 'm', groupInstanceId: null, reason: null }],
    }),
    asked(messages.describeGroups, 5, { groups: ['g1', 'g2'], includeAuthorizedOperations: true }),
    asked(messages.listGroups, 4, { statesFilter: [], typesFilter: [] }),
    asked(messages.offsetDelete, 0, {
      groupId: 'g1',
      topics: names.map((name) => ({ name, partitions: [{ partitionIndex: 0 }] })),
    }),
    asked(messages.initProducerId, 4, {
      transactionalId: null,
      transactionTimeoutMs: 1000,
      enable2Pc: false,
      keepPreparedTxn: false,
    }),
    asked(
      messages.initProducerId,
      4,
      { transactionalId: 'tx1', transactionTimeoutMs: 1000, enable2Pc: false, keepPreparedTxn: false },
      'of a transactional id',
    ),
    asked(messages.addPartitionsToTxn, 3, {
      transactions: [],
      v3AndBelowTransactionalId: 'tx1',
      v3AndBelowProducerId: 4711,
      v3AndBelowProducerEpoch: 0,
      v3AndBelowTopics: ['t1', 't2'].map((name) => ({ name, partitions: [0] })),
    }),
    asked(messages.addOffsetsToTxn, 3, { ...inTransaction, groupId: 'g1' }),
    asked(messages.txnOffsetCommit, 3, {
      ...inTransaction,
      groupId: 'g1',
      memberId: '',
      topics: ['t1', 'absent'].map((name) => ({
        name,
        partitions: [{ partitionIndex: 0, committedOffset: 0, committedMetadata: '' }],
      })),
    }),
    asked(messages.endTxn, 3, { ...inTransaction, committed: true }),
    asked(messages.describeTransactions, 0, { transactionalIds: ['tx1', 'tx2'] }),
    asked(messages.listTransactions, 0, { stateFilters: [], producerIdFilters: [] }),
    asked(messages.describeProducers, 0, { topics: topicsAt }),
    asked(messages.writeTxnMarkers, 1, {
      markers: [
        {
          producerId: 1,
          producerEpoch: 0,
          transactionResult: true,
          topics: [{ name: 'absent', partitionIndexes: [0] }],
          coordinatorEpoch: 0,
          transactionVersion: 0,
        },
      ],
    }),
    asked(messages.describeAcls, 3, all),
    asked(messages.createAcls, 3, {
      creations: [asAcl({ type: 2, name: 'x', operation: 3, principal: 'User:nobody' })],
    }),
    asked(messages.deleteAcls, 3, { filters: [all] }),
    asked(messages.describeUserScramCredentials, 0, { users: [{ name: 'nobody' }] }),
    asked(messages.alterUserScramCredentials, 0, { deletions: [{ name: 'nobody', mechanism: 1 }], upsertions: [] }),
    asked(messages.describeLogDirs, 3, { topics: [{ topic: 't1', partitions: [] }] }),
    asked(messages.deleteGroups, 2, { groupsNames: ['g1', 'g2'] }),
    asked(messages.deleteTopics, 5, { topics: [], topicNames: ['t1', 'absent'], timeoutMs: 3000 }),
    asked(
      messages.deleteTopics,
      6,
      { topics: [{ name: null, topicId: id('t1') }], topicNames: [], timeoutMs: 3000 },
      'by id',
    ),
  ]
}

const KEPT =
  /^(errorCode|partitionErrorCode|topicConfigErrorCode|name|topic|topicName|groupId|group|user|transactionalId|resourceName|key|partitionIndex|index|partition|numPartitions|baseOffset|committedOffset|endOffset|.*[aA]uthorizedOperations)$/

/** Who is told what, and with which errors; the rest is compared elsewhere. */
export function skeleton(value: unknown, what = ''): unknown {
  // Kafka says that the topic is not there yet, where ours waits until it is
  if (what.endsWith('creating'))
    return (value as { topics: { errorCode: number }[] }).topics.map((one) => one.errorCode === 29)
  if (Array.isArray(value)) {
    const items = value
      .filter((item) => !isMade(item))
      .map((item) => skeleton(item))
      .filter((item) => !isEmpty(item))
    return items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return undefined
  const out: Record<string, unknown> = {}
  for (const [name, one] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (name === 'divergingEpoch' || name === 'snapshotId' || name === 'currentLeader') continue
    if (KEPT.test(name)) out[name] = one
    else if (typeof one === 'object' && one !== null) {
      const inner = skeleton(one)
      if (!isEmpty(inner)) out[name] = inner
    }
  }
  return out
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

/** Topics that came about on the way. */
const isMade = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && /^auto\d/.test((value as { name?: string | null }).name ?? '')
