/** Transactions as producers and consumers see them: requests go in, and what isolated readers get comes out. */
import { describe, expect, it } from 'vitest'
import { localNode, NOW_MS, recordsIn, type LocalNode } from '../../../test/server/local-node.js'
import { ErrorCode } from '../../protocol/errors.js'
import * as messages from '../../protocol/messages/index.js'
import { batch, BatchBuilder } from '../../protocol/records/index.js'
import { startGroupCoordinator } from '../group/start-group-coordinator.js'
import { localMarkers } from '../transaction/markers.js'
import { ProducerIds } from '../transaction/producer-ids.js'
import { startTransactionCoordinator } from '../transaction/start-transaction-coordinator.js'
import { addOffsetsToTxnHandler } from './add-offsets-to-txn.js'
import { addPartitionsToTxnHandler } from './add-partitions-to-txn.js'
import { describeProducersHandler } from './describe-producers.js'
import { endTxnHandler } from './end-txn.js'
import { fetchHandler } from './fetch.js'
import { initProducerIdHandler } from './init-producer-id.js'
import { listOffsetsHandler } from './list-offsets.js'
import { produceHandler } from './produce.js'
import { txnOffsetCommitHandler } from './txn-offset-commit.js'
import { writeTxnMarkersHandler } from './write-txn-markers.js'

/** Of the last versions of their requests that such clients use. */
const VERSIONS = {
  TV1: { init: 5, end: 4, produce: 11, offsets: 4 },
  TV2: { init: 5, end: 5, produce: 13, offsets: 5 },
} as const

async function nodeWith(version: keyof typeof VERSIONS, configs: Record<string, string> = {}): Promise<LocalNode> {
  const node = await localNode({ configs })
  const feature = { name: 'transaction.version', featureLevel: version === 'TV2' ? 2 : 1 }
  await node.apply([{ type: 'FeatureLevelRecord', value: feature }])
  for (const name of ['__consumer_offsets', '__transaction_state']) {
    await node.createTopic(name, { configs: { 'cleanup.policy': 'compact' } })
  }
  await node.createTopic('orders', { partitions: 2 })
  const groups = startGroupCoordinator(node)
  const transactionMarkers = localMarkers({ ...node, groups })
  const producerIds = new ProducerIds({ allocateProducerIds: () => Promise.resolve({ first: 1000, count: 1000 }) })
  const transactions = startTransactionCoordinator({ ...node, groups, markers: transactionMarkers, producerIds })
  node.provide({ groups, transactions, transactionMarkers })
  return node
}

/** A transactional producer as clients have it. */
class Producer {
  producerId = -1
  producerEpoch = -1
  private readonly sequences = new Map<number, number>()

  constructor(
    private readonly node: LocalNode,
    readonly version: keyof typeof VERSIONS,
    readonly transactionalId = 'tx',
  ) {}

  async init(): Promise<this> {
    const request = { transactionalId: this.transactionalId, transactionTimeoutMs: 60_000 }
    const answer = await this.node.call(
      initProducerIdHandler,
      messages.initProducerId,
      request,
      VERSIONS[this.version].init,
    )
    expect(answer.errorCode).toBe(0)
    this.sequences.clear()
    return Object.assign(this, { producerId: answer.producerId, producerEpoch: answer.producerEpoch })
  }

  /** What clients of TV1 do before they write to a partition. */
  async add(...partitions: number[]): Promise<number> {
    const answer = await this.node.call(
      addPartitionsToTxnHandler,
      messages.addPartitionsToTxn,
      {
        v3AndBelowTransactionalId: this.transactionalId,
        v3AndBelowProducerId: this.producerId,
        v3AndBelowProducerEpoch: this.producerEpoch,
        v3AndBelowTopics: [{ name: 'orders', partitions }],
      },
      3,
    )
    return answer.resultsByTopicV3AndBelow![0]!.resultsByPartition[0]!.partitionErrorCode
  }

  batch(values: readonly string[], partition = 0, transactional = true): Buffer {
    const builder = new BatchBuilder()
    for (const value of values) builder.append({ key: null, value: Buffer.from(value), timestampMs: NOW_MS })
    const baseSequence = this.sequences.get(partition) ?? 0
    const { producerId, producerEpoch } = this
    return builder.finish({ producerId, producerEpoch, baseSequence, transactional })
  }

  send(bytes: Buffer, partition = 0): Promise<number> {
    return this.produce([[partition, bytes]]).then(([errorCode]) => errorCode!)
  }

  async produce(batches: readonly (readonly [partition: number, bytes: Buffer])[]): Promise<number[]> {
    const version = VERSIONS[this.version].produce
    const topic = version >= 13 ? { topicId: this.node.cluster.topic('orders')!.id } : { name: 'orders' }
    const partitionData = batches.map(([index, records]) => ({ index, records }))
    const request = {
      transactionalId: this.transactionalId,
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ ...topic, partitionData }],
    }
    const answer = await this.node.call(produceHandler, messages.produce, request, version)
    return answer.responses[0]!.partitionResponses.map(({ errorCode }) => errorCode)
  }

  async write(values: readonly string[], partition = 0): Promise<number> {
    const error = await this.send(this.batch(values, partition), partition)
    if (error === 0) this.sequences.set(partition, (this.sequences.get(partition) ?? 0) + values.length)
    return error
  }

  async end(committed: boolean): Promise<number> {
    const { transactionalId, producerId, producerEpoch } = this
    const request = { transactionalId, producerId, producerEpoch, committed }
    const answer = await this.node.call(endTxnHandler, messages.endTxn, request, VERSIONS[this.version].end)
    if (answer.errorCode === 0 && this.version === 'TV2') {
      Object.assign(this, { producerId: answer.producerId, producerEpoch: answer.producerEpoch })
      this.sequences.clear()
    }
    return answer.errorCode
  }

  async commitOffset(committedOffset: number): Promise<number> {
    const { transactionalId, producerId, producerEpoch } = this
    const identity = { transactionalId, producerId, producerEpoch, groupId: 'g' }
    if (this.version === 'TV1') {
      const added = await this.node.call(addOffsetsToTxnHandler, messages.addOffsetsToTxn, identity, 4)
      expect(added.errorCode).toBe(0)
    }
    const partitions = [{ partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: '' }]
    const answer = await this.node.call(
      txnOffsetCommitHandler,
      messages.txnOffsetCommit,
      { ...identity, generationId: -1, memberId: '', groupInstanceId: null, topics: [{ name: 'orders', partitions }] },
      VERSIONS[this.version].offsets,
    )
    return answer.topics[0]!.partitions[0]!.errorCode
  }
}

const settle = async (node: LocalNode): Promise<void> => {
  for (let i = 0; i < 20; i++) await node.clock.advance(1)
}

const fetchRequest = (more: object, wait: object) => ({
  replicaState: { replicaId: -1, replicaEpoch: -1 },
  maxWaitMs: 0,
  minBytes: 1,
  isolationLevel: 1,
  topics: [{ partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1e6, ...more }] }],
  ...wait,
})

async function fetch(node: LocalNode, more: object = {}, wait: object = {}) {
  const request = fetchRequest(more, wait)
  const topics = request.topics.map((topic) => ({ ...topic, topicId: node.cluster.topic('orders')!.id }))
  const answer = await node.call(fetchHandler, messages.fetch, { ...request, topics }, 17)
  return answer.responses[0]!.partitions[0]!
}

describe.each(['TV1', 'TV2'] as const)('a transaction (%s)', (version) => {
  const begin = async (configs: Record<string, string> = {}) => {
    const node = await nodeWith(version, configs)
    const producer = await new Producer(node, version).init()
    const add = async (...partitions: number[]): Promise<void> => {
      if (version === 'TV1') expect(await producer.add(...partitions)).toBe(0)
    }
    return { node, producer, add }
  }

  it('is read once it is committed, from all its partitions', async () => {
    const { node, producer, add } = await begin()
    await add(0, 1)
    expect(
      await producer.produce([
        [0, producer.batch(['a', 'b'])],
        [1, producer.batch(['c'], 1)],
      ]),
    ).toEqual([0, 0])
    expect(await fetch(node)).toMatchObject({ highWatermark: 2, lastStableOffset: 0, abortedTransactions: [] })
    expect(recordsIn((await fetch(node)).records)).toEqual([])
    expect(recordsIn((await fetch(node, {}, { isolationLevel: 0 })).records)).toEqual(['0:a', '1:b'])
    expect(await producer.end(true)).toBe(0)
    await settle(node)
    const { lastStableOffset, abortedTransactions, records } = await fetch(node)
    expect({ lastStableOffset, abortedTransactions }).toEqual({ lastStableOffset: 3, abortedTransactions: [] })
    expect(recordsIn(records).slice(0, 2)).toEqual(['0:a', '1:b'])
    expect(recordsIn((await fetch(node, { partition: 1 })).records)[0]).toBe('0:c')
  })

  it('that is aborted is told to isolated readers, and to them only', async () => {
    const { node, producer, add } = await begin()
    await add(0)
    await producer.write(['a'])
    await producer.write(['b'])
    await producer.end(false)
    await settle(node)
    const aborted = [{ producerId: producer.producerId, firstOffset: 0 }]
    expect((await fetch(node)).abortedTransactions).toEqual(aborted)
    expect((await fetch(node, { fetchOffset: 1 })).abortedTransactions).toEqual(aborted)
    expect((await fetch(node, {}, { isolationLevel: 0 })).abortedTransactions).toBeNull()
    await add(0)
    await producer.write(['c'])
    await producer.end(true)
    await settle(node)
    expect((await fetch(node, { fetchOffset: 3 })).abortedTransactions).toEqual([])
  })

  it('wakes isolated readers when it ends, and not before', async () => {
    const { node, producer, add } = await begin()
    await add(0)
    let answered = false
    const waiting = fetch(node, {}, { maxWaitMs: 60_000 }).then((answer) => {
      answered = true
      return answer
    })
    await producer.write(['a'])
    await settle(node)
    expect(answered).toBe(false)
    await producer.end(true)
    await settle(node)
    expect(answered).toBe(true)
    expect(recordsIn((await waiting).records)[0]).toBe('0:a')
  })

  it('commits offsets with it, or drops them', async () => {
    const { node, producer } = await begin()
    const offset = async (): Promise<number> => {
      const partition = node.partitions.get('__consumer_offsets', 0)!
      return partition.lastStableOffset
    }
    expect(await producer.commitOffset(5)).toBe(0)
    expect(await offset()).toBe(0)
    await producer.end(true)
    await settle(node)
    expect(await offset()).toBe(2)
  })

  it('is over for a producer that was fenced by its successor', async () => {
    const { node, producer, add } = await begin()
    await add(0)
    await producer.write(['a'])
    const successor = await initAgain(node)
    expect(await producer.write(['b'])).toBe(ErrorCode.INVALID_PRODUCER_EPOCH)
    expect(await producer.end(true)).toBe(ErrorCode.PRODUCER_FENCED)
    if (version === 'TV1') expect(await successor.add(0)).toBe(0)
    expect(await successor.write(['c'])).toBe(0)
    await successor.end(true)
    await settle(node)
    const { abortedTransactions, lastStableOffset, highWatermark } = await fetch(node)
    expect(abortedTransactions).toEqual([{ producerId: producer.producerId, firstOffset: 0 }])
    expect(lastStableOffset).toBe(highWatermark)
  })

  const initAgain = async (node: LocalNode): Promise<Producer> => {
    const request = { transactionalId: 'tx', transactionTimeoutMs: 60_000 }
    // the open transaction is aborted first
    await node.call(initProducerIdHandler, messages.initProducerId, request, 5)
    await settle(node)
    return new Producer(node, version).init()
  }

  it('counts in what is asked for offsets: isolated readers end where it begins', async () => {
    const { node, producer, add } = await begin()
    await add(0)
    await producer.write(['a', 'b'])
    const latest = async (isolationLevel: number): Promise<number> => {
      const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }]
      const request = { replicaId: -1, isolationLevel, topics: [{ name: 'orders', partitions }] }
      const answer = await node.call(listOffsetsHandler, messages.listOffsets, request, 7)
      return answer.topics[0]!.partitions[0]!.offset
    }
    expect([await latest(0), await latest(1)]).toEqual([2, 0])
    await producer.end(true)
    await settle(node)
    expect([await latest(0), await latest(1)]).toEqual([3, 3])
  })

  it('takes nothing of its producer that is outside of it', async () => {
    const { producer, add } = await begin()
    await add(0)
    await producer.write(['a'])
    expect(await producer.send(producer.batch(['b'], 0, false))).toBe(ErrorCode.INVALID_TXN_STATE)
  })

  it('can be seen in its partitions while it is open', async () => {
    const { node, producer, add } = await begin()
    await add(0)
    await producer.write(['a', 'b'])
    const topics = [
      { name: 'orders', partitionIndexes: [0, 7] },
      { name: 'nowhere', partitionIndexes: [0] },
    ]
    const described = await node.call(describeProducersHandler, messages.describeProducers, { topics }, 0)
    const { producerId, producerEpoch } = producer
    const known = { producerId, producerEpoch, lastSequence: 1, lastTimestamp: NOW_MS, coordinatorEpoch: -1 }
    expect(described.topics).toMatchObject([
      {
        name: 'orders',
        partitions: [
          { partitionIndex: 0, errorCode: 0, activeProducers: [{ ...known, currentTxnStartOffset: 0 }] },
          { partitionIndex: 7, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, activeProducers: [] },
        ],
      },
      { name: 'nowhere', partitions: [{ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }] },
    ])
  })
})

describe('a write', () => {
  it('without having added its partition is refused in the way that its client knows', async () => {
    const node = await nodeWith('TV1')
    const producer = await new Producer(node, 'TV1').init()
    expect(await producer.write(['a'])).toBe(ErrorCode.TRANSACTION_ABORTABLE)
  })

  it('is not verified where that is switched off', async () => {
    const node = await nodeWith('TV1', { 'transaction.partition.verification.enable': 'false' })
    const producer = await new Producer(node, 'TV1').init()
    expect(await producer.write(['a'])).toBe(0)
  })

  it('of two producers in one request is refused as a whole', async () => {
    const node = await nodeWith('TV2')
    const one = await new Producer(node, 'TV2').init()
    const two = await new Producer(node, 'TV2', 'other').init()
    expect(
      await one.produce([
        [0, one.batch(['a'])],
        [1, two.batch(['b'])],
      ]),
    ).toEqual([ErrorCode.INVALID_PRODUCER_ID_MAPPING, ErrorCode.INVALID_PRODUCER_ID_MAPPING])
  })

  it('that was let in while its transaction was ended opens no new one', async () => {
    const node = await nodeWith('TV1')
    const producer = await new Producer(node, 'TV1').init()
    expect(await producer.add(0)).toBe(0)
    const late = producer.write(['late'])
    const { producerId, producerEpoch } = producer
    const marker = { producerId, producerEpoch, transactionResult: false, coordinatorEpoch: 0 }
    const written = node.call(
      writeTxnMarkersHandler,
      messages.writeTxnMarkers,
      { markers: [{ ...marker, topics: [{ name: 'orders', partitionIndexes: [0] }] }] },
      1,
    )
    expect([await late, (await written).markers[0]!.topics[0]!.partitions[0]!.errorCode]).toEqual([
      ErrorCode.INVALID_TXN_STATE,
      0,
    ])
    const { lastStableOffset, logEndOffset } = node.partitions.get('orders', 0)!
    expect([lastStableOffset, logEndOffset]).toEqual([1, 1])
  })

  it('keeps its place when more are on their way', async () => {
    const node = await nodeWith('TV2')
    const producer = await new Producer(node, 'TV2').init()
    const sent = [0, 1, 2, 3, 4].map((i) => {
      const bytes = producer.batch([`v${i}`])
      bytes.writeInt32BE(i, 53)
      return bytes
    })
    for (const bytes of sent) batch.sealCrc(bytes, 0)
    expect(await Promise.all(sent.map((bytes) => producer.send(bytes)))).toEqual([0, 0, 0, 0, 0])
    expect(recordsIn((await fetch(node, {}, { isolationLevel: 0 })).records)).toEqual(
      [0, 1, 2, 3, 4].map((i) => `${i}:v${i}`),
    )
  })
})
