// Fetch: offsets, sizes, waiting, epochs, sessions.
import { type World, range, records, script } from '../script.js'
import { messages } from '../protocol.js'

const { fetch, produce } = messages

interface Topic {
  readonly name: string
  readonly id: string
}

interface Wanted {
  readonly partition?: number
  readonly fetchOffset?: number
  readonly partitionMaxBytes?: number
  readonly currentLeaderEpoch?: number
  readonly lastFetchedEpoch?: number
}

interface Options {
  readonly maxWaitMs?: number
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly isolationLevel?: number
  readonly sessionId?: number
  readonly sessionEpoch?: number
  readonly forgotten?: readonly number[]
}

const wanted = (topic: Topic, partitions: readonly Wanted[]) => ({
  topic: topic.name,
  topicId: topic.id,
  partitions: partitions.map((one) => ({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20, ...one })),
})

const draft = (topic: Topic, partitions: readonly Wanted[], options: Options = {}) => {
  const { forgotten, ...rest } = options
  return {
    maxWaitMs: 0,
    minBytes: 0,
    ...rest,
    topics: partitions.length === 0 ? [] : [wanted(topic, partitions)],
    forgottenTopicsData: forgotten ? [{ topic: topic.name, topicId: topic.id, partitions: forgotten }] : [],
  }
}

const get = (world: World, what: string, topic: Topic, partitions: readonly Wanted[], options?: Options) =>
  world.ask(what, fetch, draft(topic, partitions, options))

async function filled(world: World, partitions = 1, batches = 3): Promise<Topic> {
  const topic = await world.topic('topic', { partitions })
  for (const partition of range(partitions)) {
    for (const _ of range(batches)) await world.filled(topic, 10, partition)
  }
  return topic
}

export const fetchScripts = [
  script(fetch, 'from every offset', async (world) => {
    const topic = await filled(world)
    for (const fetchOffset of [0, 5, 10, 19, 29, 30, 31, -1, 9_000_000_000]) {
      await get(world, `offset ${fetchOffset}`, topic, [{ fetchOffset }])
    }
  }),
  script(fetch, 'within sizes', async (world) => {
    const topic = await filled(world, 2)
    for (const partitionMaxBytes of [0, 1, 100, 400, -1]) {
      await get(world, `partition ${partitionMaxBytes} B`, topic, [{ partitionMaxBytes }])
    }
    for (const maxBytes of [0, 1, 400]) {
      await get(world, `request ${maxBytes} B`, topic, [{ partition: 0 }, { partition: 1 }], { maxBytes })
    }
  }),
  script(fetch, 'waits for bytes, not longer', async (world) => {
    const topic = await filled(world)
    await get(world, 'more than there is', topic, [{}], { minBytes: 1 << 20, maxWaitMs: 100 })
    await get(world, 'at the end', topic, [{ fetchOffset: 30 }], { minBytes: 1, maxWaitMs: 100 })
    const waiting = get(world, 'until something comes', topic, [{ fetchOffset: 30 }], {
      minBytes: 1,
      maxWaitMs: 10_000,
    })
    const other = await world.connection()
    await other.ask(produce, 9, {
      acks: 1,
      timeoutMs: 1000,
      topicData: [{ name: topic.name, partitionData: [{ index: 0, records: records(1) }] }],
    })
    await waiting
  }),
  script(fetch, 'topics and partitions that are not there', async (world) => {
    const topic = await filled(world)
    const missing = { name: world.named('missing'), id: 'AAECAwQFBgcICQoLDA0ODw' }
    await get(world, 'no such topic', missing, [{}])
    await get(world, 'no such partition', topic, [{ partition: 9 }])
    await get(world, 'one that is there and one that is not', topic, [{}, { partition: 1 }])
    await get(world, 'a negative partition', topic, [{ partition: -1 }])
    await get(world, 'nothing', topic, [])
    await get(world, 'a missing topic does not wait', missing, [{}], { minBytes: 1, maxWaitMs: 2_000 })
  }),
  script(fetch, 'leader epochs', async (world) => {
    const topic = await filled(world)
    for (const currentLeaderEpoch of [-1, 0, 1]) {
      await get(world, `current epoch ${currentLeaderEpoch}`, topic, [{ currentLeaderEpoch }])
    }
    for (const lastFetchedEpoch of [-1, 0, 1]) {
      await get(world, `last fetched epoch ${lastFetchedEpoch}`, topic, [{ fetchOffset: 10, lastFetchedEpoch }])
    }
  }),
  script(fetch, 'read committed', async (world) => {
    const topic = await filled(world)
    await get(world, 'committed', topic, [{}], { isolationLevel: 1 })
    await get(world, 'an isolation level that is none', topic, [{}], { isolationLevel: 2 })
  }),
  script(
    fetch,
    'a session',
    async (world) => {
      const topic = await filled(world, 3, 1)
      const all = [{ partition: 0 }, { partition: 1 }]
      const { sessionId } = await get(world, 'a new session', topic, all, { sessionId: 0, sessionEpoch: 0 })
      await get(world, 'nothing has changed', topic, [], { sessionId, sessionEpoch: 1 })
      await world.filled(topic, 2, 1)
      const moved = [
        { partition: 0, fetchOffset: 10 },
        { partition: 1, fetchOffset: 10 },
      ]
      await get(world, 'positions moved', topic, moved, { sessionId, sessionEpoch: 2 })
      await get(world, 'a partition more', topic, [{ partition: 2 }], { sessionId, sessionEpoch: 3 })
      await get(world, 'one forgotten', topic, [], { sessionId, sessionEpoch: 4, forgotten: [1] })
      await get(world, 'an epoch that was', topic, [], { sessionId, sessionEpoch: 2 })
      await get(world, 'an epoch ahead', topic, [], { sessionId, sessionEpoch: 9 })
      await get(world, 'closed', topic, [{}], { sessionId, sessionEpoch: -1 })
      await get(world, 'after the end', topic, [], { sessionId, sessionEpoch: 5 })
      await get(world, 'a session that never was', topic, [], { sessionId: 123_456, sessionEpoch: 1 })
      await get(world, 'no session', topic, [{}], { sessionId: 0, sessionEpoch: -1 })
      await get(world, 'no session, an epoch', topic, [{}], { sessionId: 0, sessionEpoch: 5 })
    },
    { since: 7 },
  ),
  script(fetch, 'every codec', async (world) => {
    for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const topic = await world.topic(codec)
      await world.setUp(produce, {
        acks: -1,
        timeoutMs: 5000,
        topicData: [{ topicId: topic.id, partitionData: [{ index: 0, records: records(5, { codec }) }] }],
      })
      await get(world, codec, topic, [{ fetchOffset: 2 }])
    }
  }),
]
