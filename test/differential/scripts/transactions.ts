// Transactions: who may write under an id, what belongs to a transaction, how it ends, and what readers see of it.
import { type World, range, records, script } from '../script.js'
import { type Decoded, messages } from '../protocol.js'

const { initProducerId, addPartitionsToTxn, addOffsetsToTxn, txnOffsetCommit, endTxn, writeTxnMarkers } = messages
const { describeProducers, describeTransactions, listTransactions, updateFeatures } = messages
const { produce, fetch, listOffsets, offsetFetch, findCoordinator } = messages

interface Topic {
  readonly name: string
  readonly id: string
}

interface Producer {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

/** Not served yet, or a transaction before is still being ended: come again. */
const PASSING = new Set([14, 15, 16, 51])
const passing = ({ errorCode }: { readonly errorCode: number }): boolean => PASSING.has(errorCode)

const epoch = (producer: Producer, by: number): Producer => ({
  ...producer,
  producerEpoch: producer.producerEpoch + by,
})

/** A topic in one segment: the scripts' records are of 1970, markers of today, and a week between them would roll it. */
const led = (world: World, partitions = 1, name = 'topic') =>
  world.topic(name, { partitions, configs: { 'segment.ms': '9223372036854775807' } })

/** A transactional id whose coordinator serves. */
async function coordinated(world: World, name = 'tx'): Promise<string> {
  const transactionalId = world.named(name)
  await world.until(`the coordinator of ${transactionalId} serves`, async () => {
    const found = await world.setUp(findCoordinator, { keyType: 1, coordinatorKeys: [transactionalId] })
    if (found.coordinators[0]?.errorCode !== 0) return false
    const listed = await world.setUp(describeTransactions, { transactionalIds: [transactionalId] })
    return listed.transactionStates[0]?.errorCode === 105
  })
  return transactionalId
}

/** A producer that has been given its id. */
async function initialised(world: World, name = 'tx', transactionTimeoutMs = 60_000): Promise<Producer> {
  const transactionalId = await coordinated(world, name)
  // epoch 2, so that there are older ones
  for (const _ of range(2)) await again(world, transactionalId, transactionTimeoutMs)
  return again(world, transactionalId, transactionTimeoutMs)
}

async function again(world: World, transactionalId: string, transactionTimeoutMs = 60_000): Promise<Producer> {
  let producer: Producer | undefined
  await world.until(`${transactionalId} is given`, async () => {
    const made = await world.setUpIn(5, initProducerId, { transactionalId, transactionTimeoutMs })
    if (made.errorCode !== 0 && !passing(made)) throw new Error(`no id for ${transactionalId}: ${made.errorCode}`)
    producer = { transactionalId, producerId: made.producerId, producerEpoch: made.producerEpoch }
    return made.errorCode === 0
  })
  return producer!
}

const added = (producer: Producer, topics: readonly (readonly [name: string, partitions: readonly number[]])[]) => ({
  v3AndBelowTransactionalId: producer.transactionalId,
  v3AndBelowProducerId: producer.producerId,
  v3AndBelowProducerEpoch: producer.producerEpoch,
  v3AndBelowTopics: topics.map(([name, partitions]) => ({ name, partitions })),
})

type Added = Decoded<typeof addPartitionsToTxn.response.shape>
const stillEnding = (answer: Added): boolean =>
  answer.resultsByTopicV3AndBelow?.some(({ resultsByPartition }) =>
    resultsByPartition.some(({ partitionErrorCode }) => PASSING.has(partitionErrorCode)),
  ) ?? false

async function begin(world: World, producer: Producer, topic: Topic, partitions: readonly number[] = [0]) {
  await world.until('the transaction is begun', async () => {
    const answer = await world.setUpIn(3, addPartitionsToTxn, added(producer, [[topic.name, partitions]]))
    return !stillEnding(answer)
  })
}

interface Sent {
  readonly sequence?: number
  readonly count?: number
  readonly partition?: number
  readonly transactional?: boolean
  readonly transactionalId?: string | null
}

function sent(producer: Producer, topic: Topic, options: Sent = {}) {
  const { sequence = 0, count = 3, partition = 0, transactional = true } = options
  const { producerId: id, producerEpoch } = producer
  const bytes = records(count, { producer: { id, epoch: producerEpoch, sequence, transactional } })
  return {
    transactionalId: options.transactionalId === undefined ? producer.transactionalId : options.transactionalId,
    acks: -1,
    timeoutMs: 5_000,
    topicData: [{ name: topic.name, topicId: topic.id, partitionData: [{ index: partition, records: bytes }] }],
  }
}

/** Writes into a transaction that was begun. */
async function write(world: World, producer: Producer, topic: Topic, options: Sent = {}): Promise<void> {
  const answer = await world.setUpIn(11, produce, sent(producer, topic, options))
  const error = answer.responses[0]?.partitionResponses[0]?.errorCode
  if (error !== 0) throw new Error(`could not write to ${topic.name}: error ${error}`)
}

async function end(world: World, producer: Producer, committed: boolean): Promise<void> {
  const answer = await world.setUpIn(4, endTxn, { ...producer, committed })
  if (answer.errorCode !== 0) throw new Error(`could not end ${producer.transactionalId}: error ${answer.errorCode}`)
  await ended(world, producer)
}

async function ended(world: World, { transactionalId }: Pick<Producer, 'transactionalId'>): Promise<void> {
  await world.until(`${transactionalId} has ended`, async () => {
    const { transactionStates } = await world.setUp(describeTransactions, { transactionalIds: [transactionalId] })
    return transactionStates[0]?.transactionState.startsWith('Complete') ?? false
  })
}

/** The state that the coordinator and the partitions tell. */
async function keepState(world: World, { transactionalId }: Pick<Producer, 'transactionalId'>, topic?: Topic) {
  world.keep(
    'what the coordinator knows',
    await world.setUp(describeTransactions, { transactionalIds: [transactionalId] }),
  )
  if (topic === undefined) return
  const topics = [{ name: topic.name, partitionIndexes: [0] }]
  world.keep('what the partition knows', await world.setUp(describeProducers, { topics }))
}

async function keepLog(world: World, topic: Topic, isolationLevel = 0): Promise<void> {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }]
  const answer = await world.setUp(fetch, {
    maxWaitMs: 0,
    minBytes: 0,
    isolationLevel,
    topics: [{ topicId: topic.id, partitions }],
    forgottenTopicsData: [],
  })
  world.keep('what the log holds', answer.responses)
}

const committedOffsets = (
  producer: Producer,
  groupId: string,
  topics: readonly (readonly [name: string, offsets: readonly number[]])[],
  member: { readonly memberId?: string; readonly generationId?: number; readonly groupInstanceId?: string } = {},
  committedMetadata = 'm',
) => ({
  ...producer,
  groupId,
  ...member,
  topics: topics.map(([name, offsets]) => ({
    name,
    partitions: offsets.map((committedOffset, partitionIndex) => ({
      partitionIndex,
      committedOffset,
      committedMetadata,
    })),
  })),
})

async function keepOffsets(world: World, what: string, groupId: string, requireStable: boolean): Promise<void> {
  const groups = [{ groupId, memberId: null, memberEpoch: -1, topics: null }]
  world.keep(what, await world.setUpIn(9, offsetFetch, { groups, requireStable }))
}

const initScripts = [
  script(initProducerId, 'without a transactional id', async (world) => {
    const ask = (what: string, more: object = {}) =>
      world.ask(
        what,
        initProducerId,
        { transactionalId: null, transactionTimeoutMs: 60_000, ...more },
        { again: passing },
      )
    await ask('an id')
    await ask('another')
    for (const transactionTimeoutMs of [0, -1, 2_147_483_647]) {
      await ask(`a time-out of ${transactionTimeoutMs} ms`, { transactionTimeoutMs })
    }
    await ask('an id without an epoch', { producerId: 4711 })
    await ask('an epoch without an id', { producerEpoch: 3 })
    await ask('an id and an epoch', { producerId: 4711, producerEpoch: 3 })
    await ask('an empty transactional id', { transactionalId: '' })
  }),
  script(initProducerId, 'with a transactional id', async (world) => {
    const transactionalId = await coordinated(world)
    const ask = (what: string, more: object = {}) =>
      world.ask(what, initProducerId, { transactionalId, transactionTimeoutMs: 60_000, ...more }, { again: passing })
    for (const transactionTimeoutMs of [0, -1, 900_001, 2_147_483_647]) {
      await ask(`a time-out of ${transactionTimeoutMs} ms`, { transactionTimeoutMs })
    }
    await ask('an id without an epoch', { producerId: 4711 })
    await ask('an epoch without an id', { producerEpoch: 3 })
    await ask('an id that nobody had', { producerId: 4711, producerEpoch: 3 })
    await keepState(world, { transactionalId })
    await ask('the first')
    await ask('the second', { transactionTimeoutMs: 900_000 })
    await keepState(world, { transactionalId })
  }),
  script(
    initProducerId,
    'with what the producer had',
    async (world) => {
      const producer = await initialised(world)
      const ask = (what: string, had: Producer) =>
        world.ask(what, initProducerId, { ...had, transactionTimeoutMs: 60_000 }, { again: passing })
      await ask('raised', producer)
      await ask('the same again', producer)
      await ask('raised again', epoch(producer, 1))
      await ask('an old epoch', producer)
      await ask('an epoch to come', epoch(producer, 9))
      await ask('another id', { ...producer, producerId: producer.producerId + 1_000_000 })
      await ask('the greatest epoch', { ...producer, producerEpoch: 32_767 })
      await ask('a negative epoch', { ...producer, producerEpoch: -2 })
      await keepState(world, producer)
    },
    { since: 3 },
  ),
  script(initProducerId, 'while a transaction is open', async (world) => {
    const topic = await led(world)
    const producer = await initialised(world)
    await begin(world, producer, topic)
    await write(world, producer, topic)
    const ask = (what: string, had: Partial<Producer> & Pick<Producer, 'transactionalId'>) =>
      world.ask(what, initProducerId, { transactionTimeoutMs: 60_000, ...had })
    if (world.version >= 3) {
      await ask('another id', { ...producer, producerId: producer.producerId + 1_000_000 })
    }
    await ask('open', { transactionalId: producer.transactionalId })
    await ended(world, producer)
    await keepState(world, producer, topic)
    await ask('ended', { transactionalId: producer.transactionalId })
    await keepState(world, producer, topic)
    await keepLog(world, topic)
    await keepLog(world, topic, 1)
  }),
]

const partitionScripts = [
  script(
    initProducerId,
    'with an old epoch while a transaction is open',
    async (world) => {
      const topic = await led(world)
      const producer = await initialised(world)
      await begin(world, producer, topic)
      const had = { ...epoch(producer, -1), transactionTimeoutMs: 60_000 }
      await world.ask('open', initProducerId, had)
      await ended(world, producer)
      await keepState(world, producer, topic)
      await world.ask('ended', initProducerId, had)
      await keepState(world, producer, topic)
    },
    { since: 3 },
  ),
  script(
    addPartitionsToTxn,
    'by clients',
    async (world) => {
      const topic = await led(world, 3)
      const producer = await initialised(world)
      const ask = (what: string, by: Producer, topics: Parameters<typeof added>[1]) =>
        world.ask(what, addPartitionsToTxn, added(by, topics), { again: stillEnding })
      const good = [[topic.name, [0]]] as const
      await ask('an unknown id', { ...producer, transactionalId: world.named('unknown') }, good)
      await ask('an empty id', { ...producer, transactionalId: '' }, good)
      await ask('another producer id', { ...producer, producerId: producer.producerId + 1_000_000 }, good)
      await ask('an old epoch', epoch(producer, -1), good)
      await ask('an epoch to come', epoch(producer, 1), good)
      await ask('no such topic', producer, [[world.named('missing'), [0]]])
      await ask('no such partition', producer, [[topic.name, [0, 7, -1]]])
      await ask('an internal topic', producer, [['__consumer_offsets', [0]]])
      await ask('one good, one missing', producer, [good[0], [world.named('missing'), [0, 1]]])
      await keepState(world, producer)
      await ask('nothing', producer, [])
      await ask('a topic without partitions', producer, [[topic.name, []]])
      await keepState(world, producer)
      await ask('one', producer, good)
      await ask('the same', producer, good)
      await ask('two more', producer, [[topic.name, [1, 2]]])
      await ask('a topic twice', producer, [good[0], good[0]])
      await keepState(world, producer)
      await end(world, producer, true)
      await ask('after the end', producer, good)
      await end(world, producer, false)
      await keepState(world, producer)
    },
    { until: 3 },
  ),
  script(
    addPartitionsToTxn,
    'by brokers',
    async (world) => {
      const topic = await led(world, 3)
      const producer = await initialised(world)
      const other = await initialised(world, 'other')
      const part = (by: Producer, partitions: readonly number[], more: object = {}) => ({
        ...by,
        topics: [{ name: topic.name, partitions }],
        ...more,
      })
      const ask = (what: string, transactions: ReturnType<typeof part>[]) =>
        world.ask(what, addPartitionsToTxn, { transactions })
      const verify = { verifyOnly: true }
      await ask('looked up before it is begun', [part(producer, [0], verify)])
      await ask('an unknown id', [part({ ...producer, transactionalId: world.named('unknown') }, [0], verify)])
      await ask('an empty id', [part({ ...producer, transactionalId: '' }, [0], verify)])
      await ask('another producer id', [
        part({ ...producer, producerId: producer.producerId + 1_000_000 }, [0], verify),
      ])
      await ask('an old epoch', [part(epoch(producer, -1), [0], verify)])
      await ask('an epoch to come', [part(epoch(producer, 1), [0], verify)])
      await ask('added', [part(producer, [0])])
      await ask('added by another producer id', [
        part({ ...producer, producerId: producer.producerId + 1_000_000 }, [0]),
      ])
      await ask('added in an old epoch', [part(epoch(producer, -1), [0])])
      await ask('one in, one not', [part(producer, [0, 1], verify)])
      await ask('two transactions', [part(producer, [1]), part(other, [0, 2])])
      await ask('no such partition', [part(producer, [7])])
      await ask('no such topic', [{ ...producer, topics: [{ name: world.named('missing'), partitions: [0] }] }])
      await ask('an internal topic', [{ ...producer, topics: [{ name: '__consumer_offsets', partitions: [0] }] }])
      await keepState(world, producer)
      await keepState(world, other)
      await world.probe('no transactions', addPartitionsToTxn, { transactions: [] })
      await world.probe('no topics', addPartitionsToTxn, { transactions: [{ ...producer, topics: [] }] })
    },
    { since: 4 },
  ),
]

const offsetScripts = [
  script(addOffsetsToTxn, 'adds the partition of a group', async (world) => {
    const groupId = await world.group()
    const producer = await initialised(world)
    const ask = (what: string, by: Producer, group = groupId) =>
      world.ask(what, addOffsetsToTxn, { ...by, groupId: group }, { again: passing })
    await ask('an unknown id', { ...producer, transactionalId: world.named('unknown') })
    await ask('an empty id', { ...producer, transactionalId: '' })
    await ask('another producer id', { ...producer, producerId: producer.producerId + 1_000_000 })
    await ask('an old epoch', epoch(producer, -1))
    await ask('an epoch to come', epoch(producer, 1))
    await ask('good', producer)
    await ask('again', producer)
    const states = await world.setUp(describeTransactions, { transactionalIds: [producer.transactionalId] })
    world.keep(
      'the topics',
      states.transactionStates[0]?.topics.map((one) => [one.topic, one.partitions.length]),
    )
    await end(world, producer, false)
    await ask('an empty group', producer, '')
  }),
  script(txnOffsetCommit, 'offsets wait for the end', async (world) => {
    const topic = await led(world, 2)
    const groupId = await world.group()
    const producer = await initialised(world)
    const ask = (what: string, by: Producer, ...rest: Rest) =>
      world.ask(what, txnOffsetCommit, committedOffsets(by, groupId, ...rest))
    type Rest = Parameters<typeof committedOffsets> extends [Producer, string, ...infer R] ? R : never
    const good = [[topic.name, [5, 6]]] as const
    if (world.version < 5) {
      await ask('before the group is added', producer, good)
      await world.setUpIn(3, addOffsetsToTxn, { ...producer, groupId })
    }
    await ask('good', producer, good)
    await keepOffsets(world, 'while it is open', groupId, false)
    await keepOffsets(world, 'while it is open, stable', groupId, true)
    await ask('again, others', producer, [[topic.name, [7]]])
    await end(world, producer, true)
    await keepOffsets(world, 'committed', groupId, true)
    const next = await again(world, producer.transactionalId)
    await world.setUpIn(3, addOffsetsToTxn, { ...next, groupId })
    await ask('to be aborted', next, [[topic.name, [70, 80]]])
    await keepOffsets(world, 'while it is open, stable', groupId, true)
    await end(world, next, false)
    await keepOffsets(world, 'aborted', groupId, true)
  }),
  script(txnOffsetCommit, 'what is refused', async (world) => {
    const topic = await led(world, 2)
    const groupId = await world.group()
    const producer = await initialised(world)
    const good = [[topic.name, [5, 6]]] as const
    const ask = (what: string, by: Producer, group: string, ...rest: Rest) =>
      world.ask(what, txnOffsetCommit, committedOffsets(by, group, ...rest))
    type Rest = Parameters<typeof committedOffsets> extends [Producer, string, ...infer R] ? R : never
    await ask('an unknown id', { ...producer, transactionalId: world.named('unknown') }, groupId, good)
    await ask('an empty id', { ...producer, transactionalId: '' }, groupId, good)
    await ask('another producer id', { ...producer, producerId: producer.producerId + 1_000_000 }, groupId, good)
    await ask('an old epoch', epoch(producer, -1), groupId, good)
    await ask('an epoch to come', epoch(producer, 1), groupId, good)
    await world.setUpIn(3, addOffsetsToTxn, { ...producer, groupId })
    await ask('an old epoch in a transaction', epoch(producer, -1), groupId, good)
    await ask('no such topic', producer, groupId, [[world.named('missing'), [5]]])
    await ask('no such partition', producer, groupId, [[topic.name, [1, 2, 3]]])
    await ask('nothing', producer, groupId, [])
    await ask('long metadata', producer, groupId, good, {}, 'x'.repeat(4_097))
    await ask('a negative offset', producer, groupId, [[topic.name, [-1]]])
    if (world.version >= 3) {
      await ask('an unknown member', producer, groupId, good, { memberId: 'nobody', generationId: 1 })
      await ask('a member without a generation', producer, groupId, good, { memberId: 'nobody' })
      await ask('a generation without a member', producer, groupId, good, { generationId: 1 })
      await ask('an unknown static member', producer, groupId, good, {
        memberId: 'nobody',
        generationId: 1,
        groupInstanceId: 'static',
      })
    }
    await ask('an empty group', producer, '', good)
    await keepOffsets(world, 'what was taken', groupId, false)
    await end(world, producer, true)
    await keepOffsets(world, 'committed', groupId, true)
  }),
]

const outcomes = [true, false] as const
const word = (committed: boolean): string => (committed ? 'commit' : 'abort')

const endScripts = [
  ...outcomes.map((committed) =>
    script(endTxn, `ends by ${word(committed)}`, async (world) => {
      const topic = await led(world)
      const producer = await initialised(world)
      const ask = (what: string, by: Producer, outcome = committed) =>
        world.ask(what, endTxn, { ...by, committed: outcome }, { again: passing })
      await ask('an unknown id', { ...producer, transactionalId: world.named('unknown') })
      await ask('an empty id', { ...producer, transactionalId: '' })
      await ask('another producer id', { ...producer, producerId: producer.producerId + 1_000_000 })
      await ask('an old epoch', epoch(producer, -1))
      await ask('an epoch to come', epoch(producer, 1))
      await begin(world, producer, topic)
      await write(world, producer, topic)
      await keepState(world, producer, topic)
      await ask('an old epoch while it is open', epoch(producer, -1))
      await ask('an epoch to come while it is open', epoch(producer, 1))
      await ask('another producer id while it is open', { ...producer, producerId: producer.producerId + 1_000_000 })
      await ask('open', producer)
      await ended(world, producer)
      await keepState(world, producer, topic)
      await ask('the same again', producer)
      await ask('the other way', producer, !committed)
      await keepLog(world, topic)
      await keepLog(world, topic, 1)
    }),
  ),
  ...outcomes.map((committed) =>
    script(endTxn, `nothing to ${word(committed)}`, async (world) => {
      const producer = await initialised(world)
      await world.ask('nothing begun', endTxn, { ...producer, committed })
      await world.until('it has ended', async () => {
        const { transactionalId } = producer
        const { transactionStates } = await world.setUp(describeTransactions, { transactionalIds: [transactionalId] })
        return transactionStates[0]?.transactionState.startsWith('Prepare') === false
      })
      await keepState(world, producer)
      await world.ask('again', endTxn, { ...producer, committed }, { again: passing })
      if (world.version >= 5) {
        await ended(world, producer).catch(() => {})
        await world.ask('with the raised epoch', endTxn, { ...epoch(producer, 1), committed }, { again: passing })
      }
    }),
  ),
]

const markerScripts = [
  script(writeTxnMarkers, 'into partitions', async (world) => {
    const topic = await led(world, 2)
    const producer = await initialised(world)
    await begin(world, producer, topic)
    await write(world, producer, topic)
    const marker = (more: object = {}) => ({
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
      transactionResult: false,
      topics: [{ name: topic.name, partitionIndexes: [0] }],
      coordinatorEpoch: 5,
      transactionVersion: 0,
      ...more,
    })
    const ask = (what: string, ...markers: ReturnType<typeof marker>[]) => world.ask(what, writeTxnMarkers, { markers })
    await ask('none')
    await ask('an old epoch', marker({ producerEpoch: producer.producerEpoch - 1 }))
    await ask('a negative epoch', marker({ producerEpoch: -1 }))
    await ask('no such topic', marker({ topics: [{ name: world.named('missing'), partitionIndexes: [0] }] }))
    await ask('no such partition', marker({ topics: [{ name: topic.name, partitionIndexes: [7, -1] }] }))
    await ask('good', marker())
    await keepLog(world, topic)
    await ask('again', marker())
    await ask('of an older coordinator', marker({ coordinatorEpoch: 4 }))
    await ask('of a newer coordinator, a newer epoch', marker({ coordinatorEpoch: 6, producerEpoch: 7 }))
    await ask('where nothing was written', marker({ topics: [{ name: topic.name, partitionIndexes: [1] }] }))
    await ask('two', marker({ producerEpoch: 7, coordinatorEpoch: 7 }), marker({ producerId: 4_711_000 }))
    await ask('a negative producer id', marker({ producerId: -1 }))
    await keepState(world, producer, topic)
    await keepLog(world, topic)
    await keepLog(world, topic, 1)
  }),
  script(
    writeTxnMarkers,
    'of transactions with epochs of their own',
    async (world) => {
      const topic = await led(world)
      const producer = await initialised(world)
      await begin(world, producer, topic)
      await write(world, producer, topic)
      const ask = (what: string, more: object = {}) =>
        world.ask(what, writeTxnMarkers, {
          markers: [
            {
              producerId: producer.producerId,
              producerEpoch: producer.producerEpoch,
              transactionResult: true,
              topics: [{ name: topic.name, partitionIndexes: [0] }],
              coordinatorEpoch: 5,
              transactionVersion: 2,
              ...more,
            },
          ],
        })
      await ask('the epoch of the transaction')
      await ask('an old epoch', { producerEpoch: producer.producerEpoch - 1 })
      await ask('a version that is none', { transactionVersion: 9, producerEpoch: producer.producerEpoch - 1 })
      await ask('the next epoch', { producerEpoch: producer.producerEpoch + 1 })
      await ask('the next epoch again', { producerEpoch: producer.producerEpoch + 1 })
      await ask('the epoch before', { producerEpoch: producer.producerEpoch })
      await ask('version 1, the next epoch again', { producerEpoch: producer.producerEpoch + 1, transactionVersion: 1 })
      await keepState(world, producer, topic)
      await keepLog(world, topic)
    },
    { since: 2 },
  ),
]

const listScripts = [
  script(describeProducers, 'producers of partitions', async (world) => {
    const topic = await led(world, 2)
    const ask = (
      what: string,
      topics: readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[],
    ) => world.ask(what, describeProducers, { topics })
    await ask('nobody', [{ name: topic.name, partitionIndexes: [0] }])
    const producer = await initialised(world)
    await begin(world, producer, topic, [0, 1])
    await write(world, producer, topic)
    const all = [{ name: topic.name, partitionIndexes: [0, 1] }]
    await ask('open', all)
    await end(world, producer, true)
    await ask('ended', all)
    await ask('not there', [
      { name: topic.name, partitionIndexes: [7, -1] },
      { name: world.named('missing'), partitionIndexes: [0] },
    ])
    await ask('an empty name', [{ name: '', partitionIndexes: [0] }])
    await ask('no topics', [])
  }),
  script(describeTransactions, 'transactions by id', async (world) => {
    const topic = await led(world, 2)
    const producer = await initialised(world, 'tx', 12_345)
    const ask = (what: string, ...transactionalIds: string[]) =>
      world.ask(what, describeTransactions, { transactionalIds })
    await ask('none')
    await ask('fresh', producer.transactionalId)
    await ask('unknown', world.named('unknown'))
    await ask('empty', '')
    await begin(world, producer, topic, [0, 1])
    await ask('open', producer.transactionalId)
    await ask('twice', producer.transactionalId, producer.transactionalId)
    await end(world, producer, false)
    await ask('aborted', producer.transactionalId)
  }),
  script(listTransactions, 'transactions by filters', async (world) => {
    const topic = await led(world)
    const open = await initialised(world, 'open')
    const fresh = await initialised(world, 'fresh')
    await begin(world, open, topic)
    const producerIdFilters = [open.producerId, fresh.producerId]
    const ask = (what: string, more: object = {}) =>
      world.ask(what, listTransactions, { stateFilters: [], producerIdFilters, ...more })
    await ask('both')
    await ask('open', { stateFilters: ['Ongoing'] })
    await ask('of no state', { stateFilters: ['Nonsense'] })
    await ask('of a state and of none', { stateFilters: ['Empty', 'Nonsense', 'ongoing', ''] })
    await ask('of states that are never listed', { stateFilters: ['Dead', 'PrepareEpochFence'] })
    await ask('nobody', { producerIdFilters: [4_711_000] })
    if (world.version >= 1) {
      for (const durationFilter of [0, 3_600_000, -5]) await ask(`open for ${durationFilter} ms`, { durationFilter })
    }
    if (world.version >= 2) {
      for (const transactionalIdPattern of ['', '.*-open', 'open', '.*-(open|fresh)', 'x.*', '(', '[a']) {
        await ask(`pattern '${transactionalIdPattern}'`, { transactionalIdPattern })
      }
    }
  }),
]

const produceScripts = [
  script(produce, 'in transactions', async (world) => {
    const topic = await led(world, 2)
    const producer = await initialised(world)
    const ask = (what: string, by: Producer, options: Sent = {}) => world.ask(what, produce, sent(by, topic, options))
    await ask('without a transactional id', producer, { transactionalId: null })
    await ask('an unknown id', producer, { transactionalId: world.named('unknown') })
    await ask('another producer id', { ...producer, producerId: producer.producerId + 1_000_000 })
    await ask('an old epoch', epoch(producer, -1))
    await ask('an epoch to come', epoch(producer, 1))
    await ask('not begun', producer)
    await begin(world, producer, topic)
    await ask('begun', producer, { sequence: world.version >= 12 ? 3 : 0 })
    await ask('going on', producer, { sequence: world.version >= 12 ? 6 : 3 })
    await ask('a duplicate', producer, { sequence: world.version >= 12 ? 6 : 3 })
    await ask('a gap', producer, { sequence: 40 })
    await ask('an old epoch while it is open', epoch(producer, -1))
    await ask('an epoch to come while it is open', epoch(producer, 1))
    await ask('outside the transaction', producer, { sequence: world.version >= 12 ? 9 : 6, transactional: false })
    await ask('without a transactional id while it is open', producer, { sequence: 9, transactionalId: null })
    await ask('to another partition', producer, { partition: 1 })
    await end(world, producer, true)
    await ask('after the end', producer, { sequence: world.version >= 12 ? 9 : 6 })
    await keepState(world, producer, topic)
    await keepLog(world, topic)
  }),
  script(produce, 'a transactional id without a transaction', async (world) => {
    const topic = await led(world)
    const producer = await initialised(world)
    await world.ask('idempotent', produce, sent(producer, topic, { transactional: false }))
    await world.ask('plain', produce, { ...sent(producer, topic), topicData: plain(topic) })
    await keepLog(world, topic)
  }),
]

const plain = (topic: Topic) => [
  { name: topic.name, topicId: topic.id, partitionData: [{ index: 0, records: records(2) }] },
]

/** Offsets 0–2 plain · 3–5 committed, 6 marker · 7–9 aborted, 10 marker · 11–13 plain · 14–16 open · 17–19 plain. */
async function mixed(world: World): Promise<Topic> {
  const topic = await led(world)
  await world.filled(topic, 3)
  const producer = await initialised(world)
  await begin(world, producer, topic)
  await write(world, producer, topic)
  await end(world, producer, true)
  await begin(world, producer, topic)
  await write(world, producer, topic, { sequence: 3 })
  await end(world, producer, false)
  await world.filled(topic, 3)
  await begin(world, producer, topic)
  await write(world, producer, topic, { sequence: 6 })
  await world.filled(topic, 3)
  return topic
}

const readScripts = [
  script(fetch, 'of transactions', async (world) => {
    const topic = await mixed(world)
    for (const isolationLevel of [0, 1]) {
      for (const fetchOffset of [0, 4, 6, 7, 9, 10, 11, 13, 14, 16, 17, 20, 21]) {
        const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }]
        await world.ask(`isolation ${isolationLevel}, offset ${fetchOffset}`, fetch, {
          maxWaitMs: 0,
          minBytes: 0,
          isolationLevel,
          topics: [{ topic: topic.name, topicId: topic.id, partitions }],
          forgottenTopicsData: [],
        })
      }
    }
  }),
  script(listOffsets, 'of transactions', async (world) => {
    const topic = await mixed(world)
    for (const isolationLevel of [0, 1]) {
      for (const timestamp of [-2, -1, -3, 0, 1000, 1001, 1002, 1003]) {
        if (timestamp === -3 && world.version < 7) continue
        const partitions = [{ partitionIndex: 0, timestamp }]
        // markers are written now: what has the greatest timestamp is one of them
        const topics = [{ name: topic.name, partitions }]
        const answer = await world.setUpIn(world.version, listOffsets, { replicaId: -1, isolationLevel, topics })
        const found = answer.topics[0]?.partitions[0]
        world.keep(`isolation ${isolationLevel}, timestamp ${timestamp}`, {
          ...found,
          timestamp: (found?.timestamp ?? -1) > 1_000_000 ? 'now' : found?.timestamp,
        })
      }
    }
  }),
]

const featureScripts = [
  script(updateFeatures, 'transaction.version', async (world) => {
    const ask = (what: string, feature: string, maxVersionLevel: number, upgradeType: number) =>
      world.ask(what, updateFeatures, {
        timeoutMs: 10_000,
        featureUpdates: [{ feature, maxVersionLevel, upgradeType, allowDowngrade: upgradeType > 1 }],
        validateOnly: true,
      })
    if (world.version === 0) return
    for (const upgradeType of [0, 1, 2, 3, 4]) {
      for (const level of [-1, 0, 1, 2, 3]) {
        await ask(`to ${level} by ${upgradeType}`, 'transaction.version', level, upgradeType)
      }
    }
    await ask('a feature that is none', 'nonsense', 1, 1)
    await ask('a feature without a name', '', 1, 1)
  }),
  script(
    updateFeatures,
    'transactions of version 1',
    async (world) => {
      const set = (maxVersionLevel: number, upgradeType: number) =>
        world.setUp(updateFeatures, {
          timeoutMs: 10_000,
          featureUpdates: [{ feature: 'transaction.version', maxVersionLevel, upgradeType }],
          validateOnly: false,
        })
      for (const level of [1, 0]) {
        world.keep(`down to ${level}`, await set(level, 2))
        try {
          const topic = await led(world, 1, `topic${level}`)
          const producer = await initialised(world, `tx${level}`)
          for (const n of range(2)) {
            await begin(world, producer, topic)
            await write(world, producer, topic, { sequence: n * 3 })
            await keepState(world, producer, topic)
            await end(world, producer, n === 0)
            await keepState(world, producer, topic)
          }
          const answer = await world.setUpIn(5, endTxn, { ...producer, committed: true })
          world.keep('EndTxn v5', answer)
          await begin(world, producer, topic)
          world.keep(
            'taken over',
            await world.setUpIn(5, initProducerId, {
              transactionalId: producer.transactionalId,
              transactionTimeoutMs: 60_000,
            }),
          )
          await ended(world, producer)
          await keepState(world, producer, topic)
          await keepLog(world, topic)
        } finally {
          world.keep('up again', await set(2, 1))
        }
      }
    },
    { since: 2 },
  ),
]

export const transactionScripts = [
  ...initScripts,
  ...partitionScripts,
  ...offsetScripts,
  ...endScripts,
  ...markerScripts,
  ...listScripts,
  ...produceScripts,
  ...readScripts,
  ...featureScripts,
]
