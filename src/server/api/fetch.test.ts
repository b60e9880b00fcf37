import { describe, expect, it } from 'vitest'
import { localNode, records, recordsIn, type LocalNode } from '../../../test/server/local-node.js'
import { virtualClock } from '../../base/clock.js'
import { nextTurn } from '../../base/turn.js'
import { ErrorCode, errorName } from '../../protocol/errors.js'
import { fetch } from '../../protocol/messages/fetch.js'
import type { Decoded } from '../../protocol/schema/index.js'
import { fetchHandler } from './fetch.js'

interface Ask {
  version?: number
  maxWaitMs?: number
  minBytes?: number
  maxBytes?: number
  isolationLevel?: number
  sessionId?: number
  sessionEpoch?: number
  replicaId?: number
  forget?: readonly number[]
  signal?: AbortSignal
  partitions?: readonly AskPartition[]
}

interface AskPartition {
  partition?: number
  fetchOffset?: number
  partitionMaxBytes?: number
  currentLeaderEpoch?: number
  lastFetchedEpoch?: number
}

type Response = Decoded<typeof fetch.response.shape>

function ask(node: LocalNode, options: Ask = {}): Promise<Response> {
  const { version = 11, maxWaitMs = 0, minBytes = 1, maxBytes = 1e8, partitions = [{}], forget = [], signal } = options
  const name = version >= 13 ? { topicId: node.cluster.topic('orders')!.id } : { topic: 'orders' }
  return node.call(
    fetchHandler,
    fetch,
    {
      ...(version < 15 && { replicaId: options.replicaId ?? -1 }),
      maxWaitMs,
      minBytes,
      maxBytes,
      isolationLevel: options.isolationLevel ?? 0,
      sessionId: options.sessionId ?? 0,
      sessionEpoch: options.sessionEpoch ?? -1,
      topics:
        partitions.length === 0
          ? []
          : [
              {
                ...name,
                partitions: partitions.map((one) => ({
                  partition: 0,
                  fetchOffset: 0,
                  partitionMaxBytes: 1e6,
                  ...one,
                })),
              },
            ],
      forgottenTopicsData: forget.length === 0 ? [] : [{ ...name, partitions: forget }],
    },
    version,
    signal && { signal },
  )
}

const partitionsOf = ({ responses }: Response) => responses.flatMap(({ partitions }) => partitions)
const only = (response: Response) => partitionsOf(response)[0]!
const errorsOf = (response: Response): string[] => partitionsOf(response).map(({ errorCode }) => errorName(errorCode))

function produce(node: LocalNode, partition: number, ...values: readonly string[]): Promise<void> {
  const replica = node.partitions.get('orders', partition)!
  return replica.committed(replica.append(records(values), 'client').lastOffset)
}

async function withTopic(partitions = 3, options: Parameters<typeof localNode>[0] = {}): Promise<LocalNode> {
  const node = await localNode(options)
  await node.createTopic('orders', { partitions })
  return node
}

describe('Fetch', () => {
  it.each([4, 5, 7, 9, 11, 12, 13, 15, 17, 18])('reads from an offset on, in version %d', async (version) => {
    const node = await withTopic()
    await produce(node, 0, 'a', 'b')
    await produce(node, 0, 'c')
    const answer = only(await ask(node, { version, partitions: [{ fetchOffset: 1 }] }))
    expect(answer).toMatchObject({ errorCode: 0, highWatermark: 3, lastStableOffset: 3, abortedTransactions: null })
    expect(recordsIn(answer.records)).toEqual(['0:a', '1:b', '2:c'])
  })

  it.each([0, 1_000_000])(
    'gives whole batches within the limits, and the first whatever its size (cache of %d)',
    async (cacheBytes) => {
      const node = await withTopic(2, { cacheBytes })
      for (const partition of [0, 1])
        for (const value of ['a', 'b', 'c']) await produce(node, partition, value.repeat(100))
      const size = records(['a'.repeat(100)]).length
      const both = [{ partition: 0 }, { partition: 1 }]
      const counts = async (options: Ask): Promise<number[]> =>
        partitionsOf(await ask(node, { partitions: both, ...options })).map(
          ({ records: bytes }) => recordsIn(bytes).length,
        )
      expect(await counts({ maxBytes: size * 4 })).toEqual([3, 1])
      expect(await counts({ maxBytes: size - 1 })).toEqual([1, 0])
      expect(await counts({ maxBytes: 0 })).toEqual([1, 0])
      expect(await counts({ partitions: both.map((one) => ({ ...one, partitionMaxBytes: size * 2 + 1 })) })).toEqual([
        2, 2,
      ])
      // the exception is for the first partition that has something to give
      expect(await counts({ maxBytes: 1, partitions: [{ partition: 0, fetchOffset: 3 }, { partition: 1 }] })).toEqual([
        0, 1,
      ])
    },
  )

  it('answers errors for each partition', async () => {
    const node = await withTopic(2)
    await node.bumpEpochs('orders')
    await produce(node, 0, 'a')
    const response = await ask(node, {
      version: 12,
      partitions: [
        { partition: 0 },
        { partition: 9 },
        { partition: 0, fetchOffset: 2 },
        { partition: 0, fetchOffset: -1 },
        { partition: 1, currentLeaderEpoch: 0 },
        { partition: 1, currentLeaderEpoch: 2 },
      ].map((one) => ({ currentLeaderEpoch: 1, ...one })),
    })
    expect(errorsOf(response)).toEqual(['OFFSET_OUT_OF_RANGE', 'UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_LEADER_EPOCH'])
    const fenced = await ask(node, { version: 12, partitions: [{ partition: 1, currentLeaderEpoch: 0 }] })
    expect(errorsOf(fenced)).toEqual(['FENCED_LEADER_EPOCH'])
    expect(only(fenced).currentLeader).toEqual({ leaderId: 1, leaderEpoch: 1 })
    expect(only(fenced)).toMatchObject({ highWatermark: -1, lastStableOffset: -1, logStartOffset: -1 })
    expect(errorsOf(await ask(node, { replicaId: 2 }))).toEqual(['NOT_LEADER_OR_FOLLOWER'])
  })

  it('tells a reader where its log has diverged', async () => {
    const node = await withTopic(1)
    await produce(node, 0, 'a', 'b')
    await node.bumpEpochs('orders')
    await produce(node, 0, 'c')
    const diverging = async (partition: AskPartition) =>
      only(await ask(node, { version: 12, partitions: [partition] })).divergingEpoch
    expect(await diverging({ fetchOffset: 2, lastFetchedEpoch: 0 })).toEqual({ epoch: -1, endOffset: -1 })
    expect(await diverging({ fetchOffset: 3, lastFetchedEpoch: 0 })).toEqual({ epoch: 0, endOffset: 2 })
    const newer = await ask(node, { version: 12, partitions: [{ fetchOffset: 3, lastFetchedEpoch: 7 }] })
    expect(errorsOf(newer)).toEqual(['OFFSET_OUT_OF_RANGE'])
  })

  it('refuses a topic id that is not known', async () => {
    const node = await withTopic()
    const answer = await node.call(
      fetchHandler,
      fetch,
      {
        maxWaitMs: 0,
        minBytes: 1,
        topics: [
          { topicId: 'AAAAAAAAAAAAAAAAAAAABw', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }] },
        ],
        forgottenTopicsData: [],
      },
      13,
    )
    expect(errorsOf(answer)).toEqual(['UNKNOWN_TOPIC_ID'])
  })

  it('gives read-committed readers a list of aborted transactions', async () => {
    const node = await withTopic()
    expect(only(await ask(node, { isolationLevel: 1 })).abortedTransactions).toEqual([])
  })
})

describe('Fetch that waits', () => {
  it('is answered once enough bytes came, over all its partitions', async () => {
    const node = await withTopic(2)
    const size = records(['x'.repeat(100)]).length
    let answer: Response | undefined
    const partitions = [{ partition: 0 }, { partition: 1 }]
    void ask(node, { maxWaitMs: 500, minBytes: size * 2, partitions }).then((response) => (answer = response))
    await produce(node, 0, 'x'.repeat(100))
    await node.clock.advance(100)
    expect(answer).toBeUndefined()
    await produce(node, 1, 'x'.repeat(100))
    await node.clock.advance(0)
    expect(partitionsOf(answer!).map(({ records: bytes }) => recordsIn(bytes).length)).toEqual([1, 1])
    expect(node.purgatory.size).toBe(0)
  })

  it('is answered with what there is when its time is up', async () => {
    const node = await withTopic(1)
    await produce(node, 0, 'a')
    let answer: Response | undefined
    void ask(node, { maxWaitMs: 500, minBytes: 1e6 }).then((response) => (answer = response))
    await node.clock.advance(499)
    expect(answer).toBeUndefined()
    await node.clock.advance(1)
    expect(recordsIn(only(answer!).records)).toEqual(['0:a'])
  })

  it('is answered at once with an error, with no wait, or with nothing asked for', async () => {
    const node = await withTopic(1)
    expect(errorsOf(await ask(node, { maxWaitMs: 500, partitions: [{ fetchOffset: 7 }] }))).toEqual([
      'OFFSET_OUT_OF_RANGE',
    ])
    expect(recordsIn(only(await ask(node, { maxWaitMs: 500, minBytes: 0 })).records)).toEqual([])
    expect(partitionsOf(await ask(node, { maxWaitMs: 500, partitions: [] }))).toEqual([])
  })

  it('learns that its topic is deleted, or has a new leader epoch', async () => {
    const node = await withTopic(1)
    const asked = ask(node, { maxWaitMs: 500 })
    await node.clock.advance(10)
    await node.deleteTopic('orders')
    expect(errorsOf(await asked)).toEqual(['UNKNOWN_TOPIC_OR_PARTITION'])
    await node.createTopic('orders')
    const fenced = ask(node, { maxWaitMs: 500, partitions: [{ currentLeaderEpoch: 0 }] })
    await node.clock.advance(10)
    await node.bumpEpochs('orders')
    expect(errorsOf(await fenced)).toEqual(['FENCED_LEADER_EPOCH'])
  })

  it('gives way to others when it reads from many partitions', async () => {
    const clock = virtualClock()
    // time passes with every look at it
    let looks = 0
    const busy = Object.create(clock, { monotonic: { value: () => looks++ } }) as typeof clock
    const node = await localNode({ clock: busy })
    await node.createTopic('orders', { partitions: 90 })
    let turns = 0
    let answered = false
    const others = (async () => {
      while (!answered) {
        await nextTurn()
        turns++
      }
    })()
    const partitions = Array.from({ length: 90 }, (_, partition) => ({ partition }))
    expect(partitionsOf(await ask(node, { partitions })).length).toBe(90)
    answered = true
    await others
    expect(turns).toBeGreaterThan(20)
  })

  it('ends when its client is gone', async () => {
    const node = await withTopic(1)
    const timers = node.clock.pending
    const gone = new AbortController()
    const asked = ask(node, { maxWaitMs: 500, signal: gone.signal })
    await node.clock.advance(10)
    gone.abort()
    await asked
    expect(node.purgatory.size).toBe(0)
    expect(node.clock.pending).toBe(timers)
  })
})

describe('Fetch sessions', () => {
  const three = [{ partition: 0 }, { partition: 1 }, { partition: 2 }]
  const begin = async (node: LocalNode): Promise<number> =>
    (await ask(node, { sessionEpoch: 0, partitions: three, minBytes: 0 })).sessionId

  it('answer only what is new', async () => {
    const node = await withTopic()
    await produce(node, 1, 'a')
    const sessionId = await begin(node)
    expect(sessionId).toBeGreaterThan(0)
    const quiet = await ask(node, { sessionId, sessionEpoch: 1, partitions: [{ partition: 1, fetchOffset: 1 }] })
    expect(quiet).toMatchObject({ errorCode: 0, sessionId, responses: [] })
    await produce(node, 2, 'b')
    const news = await ask(node, { sessionId, sessionEpoch: 2, partitions: [] })
    expect(partitionsOf(news).map(({ partitionIndex }) => partitionIndex)).toEqual([2])
    // the offset is still the old one: the records are news again
    const again = await ask(node, { sessionId, sessionEpoch: 3, partitions: [] })
    expect(partitionsOf(again).map(({ partitionIndex }) => partitionIndex)).toEqual([2])
  })

  it('forget partitions, and end with the last of them', async () => {
    const node = await withTopic()
    for (const partition of [0, 1, 2]) await produce(node, partition, 'a')
    const sessionId = await begin(node)
    const left = await ask(node, { sessionId, sessionEpoch: 1, partitions: [], forget: [0, 2] })
    expect(partitionsOf(left).map(({ partitionIndex }) => partitionIndex)).toEqual([1])
    const none = await ask(node, { sessionId, sessionEpoch: 2, partitions: [], forget: [1] })
    expect(none).toMatchObject({ errorCode: 0, sessionId: 0, responses: [] })
    const gone = await ask(node, { sessionId, sessionEpoch: 3, partitions: [] })
    expect(gone.errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  })

  it('want their epochs in order, and one way to name topics', async () => {
    const node = await withTopic()
    const sessionId = await begin(node)
    const code = async (options: Ask): Promise<string> =>
      errorName((await ask(node, { partitions: [], ...options })).errorCode)
    expect(await code({ sessionId, sessionEpoch: 2 })).toBe('INVALID_FETCH_SESSION_EPOCH')
    expect(await code({ sessionId, sessionEpoch: 1, version: 13 })).toBe('FETCH_SESSION_TOPIC_ID_ERROR')
    expect(await code({ sessionId: sessionId + 1, sessionEpoch: 1 })).toBe('FETCH_SESSION_ID_NOT_FOUND')
    expect(await code({ sessionId, sessionEpoch: -1 })).toBe('NONE')
    expect(await code({ sessionId, sessionEpoch: 1 })).toBe('FETCH_SESSION_ID_NOT_FOUND')
  })

  it('let no partition starve the others', async () => {
    const node = await withTopic()
    for (const partition of [0, 1, 2]) for (let i = 0; i < 3; i++) await produce(node, partition, 'x'.repeat(100))
    const size = records(['x'.repeat(100)]).length
    const { sessionId, responses } = await ask(node, { sessionEpoch: 0, partitions: three, maxBytes: size })
    const first = responses.flatMap(({ partitions }) => partitions).find(({ records: bytes }) => bytes!.length > 0)!
    expect(first.partitionIndex).toBe(0)
    const order: number[] = []
    for (let epoch = 1; epoch <= 3; epoch++) {
      const answer = await ask(node, { sessionId, sessionEpoch: epoch, partitions: [], maxBytes: size })
      order.push(partitionsOf(answer).find(({ records: bytes }) => bytes!.length > 0)!.partitionIndex)
    }
    expect(order).toEqual([0, 1, 2])
  })

  it('are limited in number; one that was idle for two minutes gives way', async () => {
    const node = await withTopic(3, { configs: { 'max.incremental.fetch.session.cache.slots': '2' } })
    const first = await begin(node)
    await node.clock.advance(60_000)
    const second = await begin(node)
    expect(await begin(node)).toBe(0)
    await node.clock.advance(70_000)
    const third = await begin(node)
    expect(third).toBeGreaterThan(0)
    const code = async (sessionId: number) =>
      (await ask(node, { sessionId, sessionEpoch: 1, partitions: [] })).errorCode
    expect(await code(first)).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    expect(await code(second)).toBe(0)
    expect(await code(third)).toBe(0)
  })
})
