// Topics: making, changing, deleting, and what is told of them.
import { type World, range, script } from '../script.js'
import { messages } from '../protocol.js'

const { createTopics, deleteTopics, createPartitions, metadata, describeTopicPartitions } = messages

interface Wanted {
  readonly numPartitions?: number
  readonly replicationFactor?: number
  readonly assignments?: readonly { readonly partitionIndex: number; readonly brokerIds: readonly number[] }[]
  readonly configs?: readonly { readonly name: string; readonly value: string | null }[]
}

const wanted = (name: string, more: Wanted = {}) => ({
  name,
  numPartitions: 1,
  replicationFactor: 1,
  assignments: [],
  configs: [],
  ...more,
})

const create = (world: World, what: string, topics: readonly ReturnType<typeof wanted>[], validateOnly = false) =>
  world.ask(what, createTopics, { topics, timeoutMs: 10_000, validateOnly })

const MISSING_ID = 'AAECAwQFBgcICQoLDA0ODw'

export const topicScripts = [
  script(createTopics, 'makes topics', async (world) => {
    const plain = world.named('plain')
    await create(world, 'plain', [wanted(plain)])
    await create(world, 'again', [wanted(plain)])
    const configs = [
      { name: 'retention.ms', value: '1000' },
      { name: 'cleanup.policy', value: 'compact' },
    ]
    await create(world, 'with partitions and configs', [wanted(world.named('full'), { numPartitions: 3, configs })])
    const assignments = range(2).map((partitionIndex) => ({ partitionIndex, brokerIds: [1] }))
    const assigned = { numPartitions: -1, replicationFactor: -1, assignments }
    await create(world, 'with places', [wanted(world.named('placed'), assigned)])
    await create(world, 'only asked', [wanted(world.named('asked'))], true)
    await create(world, 'only asked, exists', [wanted(plain)], true)
    await create(world, 'several, one exists', [wanted(plain), wanted(world.named('other'))])
    await create(world, 'the broker decides', [
      wanted(world.named('default'), { numPartitions: -1, replicationFactor: -1 }),
    ])
    await create(world, 'none', [])
    for (const name of ['full', 'placed', 'default']) await world.settled(world.named(name), 1)
    const topics = ['full', 'placed', 'asked', 'default'].map((name) => ({ name: world.named(name) }))
    world.keep('what is there', await world.setUp(metadata, { topics, allowAutoTopicCreation: false }))
  }),
  script(createTopics, 'refuses names', async (world) => {
    const names = ['', '.', '..', 'a/b', 'a b', 'ä', 'x'.repeat(249), 'x'.repeat(250), '__consumer_offsets', 'a:b', '~']
    for (const name of names) await create(world, `name ${name.slice(0, 20)} of ${name.length}`, [wanted(name)], true)
    await create(world, 'with a dot', [wanted(world.named('with.dot'))])
    await create(world, 'with an underscore in its place', [wanted(world.named('with_dot'))])
    const twice = world.named('twice')
    await create(world, 'twice in one request', [wanted(twice), wanted(twice), wanted(world.named('once'))])
  }),
  script(createTopics, 'refuses numbers and places', async (world) => {
    const cases: readonly (readonly [string, Wanted])[] = [
      ['no partitions', { numPartitions: 0 }],
      ['fewer than none', { numPartitions: -2 }],
      ['replication 0', { replicationFactor: 0 }],
      ['replication 3', { replicationFactor: 3 }],
      ['replication -2', { replicationFactor: -2 }],
      ['both wrong', { numPartitions: 0, replicationFactor: 5 }],
      ['places and a number', { assignments: [{ partitionIndex: 0, brokerIds: [1] }] }],
      ['a broker that is not there', places([{ partitionIndex: 0, brokerIds: [9] }])],
      ['a broker twice', places([{ partitionIndex: 0, brokerIds: [1, 1] }])],
      ['no brokers', places([{ partitionIndex: 0, brokerIds: [] }])],
      ['a hole', places([{ partitionIndex: 1, brokerIds: [1] }])],
      [
        'a partition twice',
        places([
          { partitionIndex: 0, brokerIds: [1] },
          { partitionIndex: 0, brokerIds: [1] },
        ]),
      ],
      ['a negative partition', places([{ partitionIndex: -1, brokerIds: [1] }])],
    ]
    for (const [what, more] of cases) await create(world, what, [wanted(world.named('topic'), more)], true)
  }),
  script(createTopics, 'refuses configs', async (world) => {
    const cases: readonly (readonly [string, string | null])[] = [
      ['no.such.config', '1'],
      ['', '1'],
      ['retention.ms', 'soon'],
      ['retention.ms', ''],
      ['retention.ms', null],
      ['retention.ms', '-2'],
      ['retention.ms', '-1'],
      ['cleanup.policy', 'burn'],
      ['cleanup.policy', 'compact,delete'],
      ['cleanup.policy', ''],
      ['compression.type', 'zip'],
      ['min.insync.replicas', '0'],
      ['segment.bytes', '100'],
      ['segment.bytes', '99999999999'],
      ['unclean.leader.election.enable', 'maybe'],
      ['min.cleanable.dirty.ratio', '2'],
      ['message.timestamp.type', 'Never'],
      ['max.compaction.lag.ms', '0'],
    ]
    for (const [name, value] of cases) {
      await create(world, `${name}=${value}`, [wanted(world.named('topic'), { configs: [{ name, value }] })], true)
    }
    const twice = [
      { name: 'retention.ms', value: '1' },
      { name: 'retention.ms', value: '2' },
    ]
    await create(world, 'a config twice', [wanted(world.named('topic'), { configs: twice })], true)
  }),
  script(createPartitions, 'adds partitions', async (world) => {
    const topic = await world.topic()
    const to = (
      what: string,
      name: string,
      count: number,
      assignments: readonly { brokerIds: number[] }[] | null = null,
      validateOnly = false,
    ) => world.ask(what, createPartitions, { topics: [{ name, count, assignments }], timeoutMs: 5000, validateOnly })
    await to('to 3', topic.name, 3)
    for (const count of [3, 2, 0, -1]) await to(`to ${count}`, topic.name, count)
    await to('no such topic', world.named('missing'), 2)
    await to('only asked', topic.name, 5, null, true)
    await to('with a place', topic.name, 4, [{ brokerIds: [1] }])
    await to('with too many places', topic.name, 5, [{ brokerIds: [1] }, { brokerIds: [1] }])
    await to('on a broker that is not there', topic.name, 5, [{ brokerIds: [9] }])
    await to('on no brokers', topic.name, 5, [{ brokerIds: [] }])
    const twice = { name: topic.name, count: 6, assignments: null }
    await world.ask('twice', createPartitions, { topics: [twice, twice], timeoutMs: 5000, validateOnly: false })
    await world.settled(topic.name, 4)
    const topics = [{ name: topic.name }]
    world.keep('what is there', await world.setUp(metadata, { topics, allowAutoTopicCreation: false }))
  }),
  script(deleteTopics, 'deletes by name', async (world) => {
    const topic = await world.topic()
    const other = await world.topic('other')
    const drop = (what: string, names: readonly string[]) =>
      world.ask(what, deleteTopics, {
        topicNames: names,
        topics: names.map((name) => ({ name, topicId: NONE })),
        timeoutMs: 5000,
      })
    await drop('one that is there, one that is not', [topic.name, world.named('missing')])
    await drop('again', [topic.name])
    await drop('twice in one request', [other.name, other.name])
    await drop('a name that can be none', ['a/b'])
    await drop('none', [])
  }),
  script(
    deleteTopics,
    'deletes by id',
    async (world) => {
      const topic = await world.topic()
      const drop = (what: string, topics: readonly { name: string | null; topicId: string }[]) =>
        world.ask(what, deleteTopics, { topics, timeoutMs: 5000 })
      await drop('name and id', [{ name: topic.name, topicId: topic.id }])
      await drop('neither', [{ name: null, topicId: NONE }])
      await drop('an id that is none', [{ name: null, topicId: MISSING_ID }])
      await drop('by id', [{ name: null, topicId: topic.id }])
      await drop('again', [{ name: null, topicId: topic.id }])
    },
    { since: 6 },
  ),
  script(metadata, 'tells of topics', async (world) => {
    const topic = await world.topic('topic', { partitions: 2 })
    const tell = (what: string, topics: readonly { name: string | null; topicId?: string }[] | null, more = {}) =>
      world.ask(what, metadata, { topics, allowAutoTopicCreation: false, ...more })
    await tell('one', [{ name: topic.name }])
    await tell('twice', [{ name: topic.name }, { name: topic.name }])
    if (world.version >= 1) await tell('none', [])
    // Below version 4 asking makes the topic, below version 1 no other way of asking is there.
    if (world.version >= 4) {
      await tell('one that is not there', [{ name: world.named('missing') }])
      for (const name of ['', 'a/b', 'x'.repeat(250)]) await tell(`name of ${name.length}`, [{ name }])
    }
    if (world.version >= 8) {
      await tell('with what may be done', [{ name: topic.name }], { includeTopicAuthorizedOperations: true })
      if (world.version <= 10) await tell('cluster', [], { includeClusterAuthorizedOperations: true })
    }
    if (world.version >= 10) {
      await tell('by id', [{ name: null, topicId: topic.id }])
      await tell('by an id and no name', [{ name: '', topicId: topic.id }])
      await tell('by an id that is none', [{ name: null, topicId: MISSING_ID }])
      await tell('by neither', [{ name: null, topicId: NONE }])
      await tell('by both', [{ name: topic.name, topicId: topic.id }])
      await tell('by names and ids', [{ name: topic.name }, { name: null, topicId: topic.id }])
      await tell('by the name of one and the id of another', [
        { name: world.named('missing') },
        { name: world.named('other'), topicId: topic.id },
      ])
    }
  }),
  script(metadata, 'makes a topic that is asked for', async (world) => {
    const name = world.named('auto')
    const topics = [{ name }]
    await world.ask('asked for', metadata, { topics, allowAutoTopicCreation: true })
    await world.settled(name, 1)
    await world.ask('made', metadata, { topics, allowAutoTopicCreation: true })
    await world.ask('a name that can be none', metadata, { topics: [{ name: 'a/b' }], allowAutoTopicCreation: true })
  }),
  script(describeTopicPartitions, 'tells of partitions, page by page', async (world) => {
    const topic = await world.topic('topic', { partitions: 3 })
    const other = await world.topic('other')
    const names = [topic.name, other.name]
    const tell = (
      what: string,
      topics: readonly string[],
      responsePartitionLimit = 2000,
      cursor: { topicName: string; partitionIndex: number } | null = null,
    ) =>
      world.ask(what, describeTopicPartitions, {
        topics: topics.map((name) => ({ name })),
        responsePartitionLimit,
        cursor,
      })
    await tell('both', names)
    for (const limit of [0, 1, 2, 3]) await tell(`${limit} at most`, names, limit)
    await tell('from partition 1', names, 2000, { topicName: topic.name, partitionIndex: 1 })
    await tell('from a partition that is not there', names, 2000, { topicName: topic.name, partitionIndex: 9 })
    await tell('from a negative partition', names, 2000, { topicName: topic.name, partitionIndex: -1 })
    await tell('one that is not there', [world.named('missing'), topic.name])
    await tell('a name that can be none', ['a/b'])
  }),
]

const NONE = 'AAAAAAAAAAAAAAAAAAAAAA'

function places(assignments: NonNullable<Wanted['assignments']>): Wanted {
  return { numPartitions: -1, replicationFactor: -1, assignments }
}
