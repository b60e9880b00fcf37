// The broker about itself: ApiVersions, DescribeCluster, FindCoordinator, InitProducerId, DescribeLogDirs.
import { script } from '../script.js'
import { messages } from '../protocol.js'

const { apiVersions, describeCluster, findCoordinator, initProducerId, describeLogDirs } = messages

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
]
