// The broker about itself: ApiVersions, DescribeCluster, FindCoordinator, InitProducerId, DescribeLogDirs, its quorum, its
// leaders and replicas, what has configs, and the users of SCRAM.
import { script } from '../script.js'
import { messages } from '../protocol.js'

const { apiVersions, describeCluster, findCoordinator, initProducerId, describeLogDirs, describeQuorum } = messages
const { electLeaders, alterPartitionReassignments, listPartitionReassignments, listConfigResources } = messages
const { alterUserScramCredentials, describeUserScramCredentials } = messages

const COORDINATOR_LOAD_IN_PROGRESS = 14

export const clusterScripts = [
  script(apiVersions, 'what is served', async (world) => {
    const software = { clientSoftwareName: 'differential', clientSoftwareVersion: '1.0' }
    await world.ask('served', apiVersions, software)
    await world.ask('again on the same connection', apiVersions, software)
  }),
  script(
    apiVersions,
    'names of software that are none',
    async (world) => {
      for (const [name, version] of [
        ['', '1'],
        ['x', ''],
        ['a b', '1'],
        ['x', '1 0'],
        ['-x', '1'],
        ['x.y-z', '1.0-a'],
      ]) {
        const software = { clientSoftwareName: name ?? '', clientSoftwareVersion: version ?? '' }
        await world.probe(`${name} ${version}`, apiVersions, software)
      }
    },
    { since: 3 },
  ),
  script(describeCluster, 'who is there', async (world) => {
    await world.ask('brokers', describeCluster, { includeClusterAuthorizedOperations: false })
    await world.ask('with what may be done', describeCluster, { includeClusterAuthorizedOperations: true })
    if (world.version >= 1) {
      for (const endpointType of [2, 0, 9]) {
        await world.ask(`endpoints ${endpointType}`, describeCluster, {
          includeClusterAuthorizedOperations: false,
          endpointType,
        })
      }
    }
    if (world.version >= 2) {
      await world.ask('fenced ones too', describeCluster, {
        includeClusterAuthorizedOperations: false,
        includeFencedBrokers: true,
      })
    }
  }),
  script(findCoordinator, 'of groups', async (world) => {
    const groupId = await world.group()
    const find = (what: string, keys: readonly string[], keyType = 0) =>
      world.ask(what, findCoordinator, { key: keys[0] ?? '', keyType, coordinatorKeys: keys })
    await find('one', [groupId])
    await find('no name', [''])
    if (world.version >= 1) for (const type of [2, 3, 9, -1]) await find(`type ${type}`, [groupId], type)
    if (world.version >= 4) {
      await find('several', [groupId, world.named('other'), ''])
      await find('none', [])
    }
  }),
  script(initProducerId, 'of a producer without transactions', async (world) => {
    const make = (what: string, more = {}) =>
      world.ask(
        what,
        initProducerId,
        { transactionalId: null, transactionTimeoutMs: 60_000, ...more },
        // Kafka says so while it brings a new block of ids.
        { again: (answer) => answer.errorCode === COORDINATOR_LOAD_IN_PROGRESS },
      )
    await make('one')
    await make('another')
    await make('a time-out of nothing', { transactionTimeoutMs: 0 })
    if (world.version >= 3) {
      const { producerId, producerEpoch } = await make('a third')
      await make('the same again', { producerId, producerEpoch })
      await make('an id without an epoch', { producerId, producerEpoch: -1 })
      await make('an epoch without an id', { producerId: -1, producerEpoch: 3 })
      await make('an id that is none', { producerId: -5, producerEpoch: 0 })
    }
    await make('an empty transactional id', { transactionalId: '' })
  }),
  script(describeLogDirs, 'what lies where', async (world) => {
    const topic = await world.topic('topic', { partitions: 2 })
    await world.filled(topic, 10)
    const tell = (what: string, topics: readonly { topic: string; partitions: readonly number[] }[] | null) =>
      world.ask(what, describeLogDirs, { topics })
    await tell('a topic', [{ topic: topic.name, partitions: [0, 1] }])
    await tell('one partition', [{ topic: topic.name, partitions: [0] }])
    await tell('one that is not there', [
      { topic: topic.name, partitions: [5] },
      { topic: world.named('missing'), partitions: [0] },
    ])
    await tell('none', [])
  }),
  script(describeQuorum, 'of the metadata', async (world) => {
    const tell = (what: string, topicName: string, partitionIndex = 0) =>
      world.ask(what, describeQuorum, { topics: [{ topicName, partitions: [{ partitionIndex }] }] })
    await tell('the quorum', '__cluster_metadata')
    await tell('another partition', '__cluster_metadata', 3)
    await tell('another topic', world.named('topic'))
    await world.ask('of nothing', describeQuorum, { topics: [] })
  }),
  script(electLeaders, 'where there is one replica', async (world) => {
    const topic = await world.topic('topic', { partitions: 2 })
    const missing = world.named('missing')
    for (const electionType of [0, 1, 7]) {
      const elect = (
        what: string,
        topicPartitions: readonly { topic: string; partitions: readonly number[] }[] | null,
      ) => world.ask(`${what}, type ${electionType}`, electLeaders, { electionType, topicPartitions, timeoutMs: 5000 })
      await elect('some', [{ topic: topic.name, partitions: [0, 1] }])
      await elect('none such', [
        { topic: topic.name, partitions: [5] },
        { topic: missing, partitions: [0] },
      ])
      await elect('nothing', [])
    }
  }),
  script(alterPartitionReassignments, 'where there is one broker', async (world) => {
    const topic = await world.topic('topic', { partitions: 2 })
    const move = (what: string, name: string, partitionIndex: number, replicas: readonly number[] | null) =>
      world.ask(what, alterPartitionReassignments, {
        timeoutMs: 5000,
        allowReplicationFactorChange: true,
        topics: [{ name, partitions: [{ partitionIndex, replicas }] }],
      })
    await move('to where it is', topic.name, 0, [1])
    await move('elsewhere', topic.name, 0, [7])
    await move('nowhere', topic.name, 0, [])
    await move('twice', topic.name, 0, [1, 1])
    await move('taken back', topic.name, 1, null)
    await move('a partition that is none', topic.name, 9, [1])
    await move('a topic that is none', world.named('missing'), 0, [1])
  }),
  script(listPartitionReassignments, 'where nothing moves', async (world) => {
    const topic = await world.topic('topic', { partitions: 1 })
    const list = (what: string, topics: readonly { name: string; partitionIndexes: readonly number[] }[] | null) =>
      world.ask(what, listPartitionReassignments, { timeoutMs: 5000, topics })
    await list('all', null)
    await list('one', [{ name: topic.name, partitionIndexes: [0] }])
    await list('none such', [
      { name: topic.name, partitionIndexes: [9] },
      { name: world.named('missing'), partitionIndexes: [0] },
    ])
    await list('nothing', [])
  }),
  script(
    listConfigResources,
    'by type',
    async (world) => {
      for (const type of [4, 8, 16]) {
        await world.ask(`type ${type}`, listConfigResources, { resourceTypes: [type] })
      }
      await world.ask('a type that is none', listConfigResources, { resourceTypes: [3] })
    },
    { since: 1 },
  ),
  script(alterUserScramCredentials, 'good and bad ones', async (world) => {
    const credential = (name: string, more: { mechanism?: number; iterations?: number; salt?: Buffer } = {}) => ({
      name: name === '' ? '' : world.named(name),
      mechanism: 1,
      iterations: 4096,
      salt: Buffer.from('salt'),
      saltedPassword: Buffer.from('password'),
      ...more,
    })
    const alter = (what: string, ...upsertions: readonly ReturnType<typeof credential>[]) =>
      world.ask(what, alterUserScramCredentials, { deletions: [], upsertions })
    const remove = (what: string, name: string, mechanism = 1) =>
      world.ask(what, alterUserScramCredentials, {
        deletions: [{ name: world.named(name), mechanism }],
        upsertions: [],
      })
    await alter('one', credential('alice'))
    await alter('another of the same user', credential('alice', { mechanism: 2 }))
    await alter('two of a user at once', credential('bob'), credential('bob', { mechanism: 2 }))
    await alter('no name', credential(''))
    await alter('too few iterations', credential('carol', { iterations: 4095 }))
    await alter('too many iterations', credential('carol', { iterations: 16_385 }))
    await alter('a mechanism that is none', credential('carol', { mechanism: 9 }))
    await alter('no salt', credential('carol', { salt: Buffer.alloc(0) }))
    await alter('a good and a bad one', credential('dave'), credential('carol', { iterations: 1 }))
    await remove('gone', 'dave')
    await remove('gone already', 'dave')
    await remove('a mechanism that is none', 'alice', 9)
    await world.ask('a new one and its removal', alterUserScramCredentials, {
      deletions: [{ name: world.named('alice'), mechanism: 1 }],
      upsertions: [credential('alice')],
    })
  }),
  script(describeUserScramCredentials, 'of users', async (world) => {
    const [alice, bob] = [world.named('alice'), world.named('bob')]
    await world.setUp(alterUserScramCredentials, {
      deletions: [],
      upsertions: [
        { name: alice, mechanism: 2, iterations: 5000, salt: Buffer.from('salt'), saltedPassword: Buffer.from('p') },
      ],
    })
    const isSeen = async () => {
      const { results } = await world.setUp(describeUserScramCredentials, { users: [{ name: alice }] })
      return results[0]?.errorCode === 0
    }
    await world.until('the user is seen', isSeen)
    await world.ask('one', describeUserScramCredentials, { users: [{ name: alice }] })
    await world.ask('one that is not there', describeUserScramCredentials, { users: [{ name: bob }] })
    await world.ask('one twice', describeUserScramCredentials, { users: [{ name: alice }, { name: alice }] })
  }),
]
