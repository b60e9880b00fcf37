// Offsets in logs: ListOffsets, OffsetForLeaderEpoch, DeleteRecords.
import { range, script } from '../script.js'
import { messages } from '../protocol.js'

const { listOffsets, offsetForLeaderEpoch, deleteRecords } = messages

const ask = (
  name: string,
  partitions: readonly { partitionIndex: number; timestamp: number; currentLeaderEpoch?: number }[],
) => ({
  replicaId: -1,
  isolationLevel: 0,
  topics: [{ name, partitions }],
  timeoutMs: 1000,
})

export const offsetScripts = [
  script(listOffsets, 'by every question and time', async (world) => {
    const topic = await world.topic('topic', { partitions: 2 })
    await world.filled(topic, 10)
    await world.filled(topic, 10)
    for (const timestamp of [-1, -2, -3, -4, -5, -6, -7, 0, 999, 1000, 1005, 1009, 1010, 9_000_000_000]) {
      await world.ask(`${timestamp}`, listOffsets, ask(topic.name, [{ partitionIndex: 0, timestamp }]))
      await world.ask(`${timestamp}, empty`, listOffsets, ask(topic.name, [{ partitionIndex: 1, timestamp }]))
    }
  }),
  script(listOffsets, 'read committed, epochs, what is not there', async (world) => {
    const topic = await world.topic()
    await world.filled(topic, 10)
    const latest = { partitionIndex: 0, timestamp: -1 }
    await world.ask('committed', listOffsets, { ...ask(topic.name, [latest]), isolationLevel: 1 })
    for (const currentLeaderEpoch of [-1, 0, 1]) {
      await world.ask(`epoch ${currentLeaderEpoch}`, listOffsets, ask(topic.name, [{ ...latest, currentLeaderEpoch }]))
    }
    await world.ask('no such partition', listOffsets, ask(topic.name, [latest, { ...latest, partitionIndex: 4 }]))
    await world.ask('no such topic', listOffsets, ask(world.named('missing'), [latest]))
    await world.ask('the same partition twice', listOffsets, ask(topic.name, [latest, { ...latest, timestamp: -2 }]))
    await world.ask('nothing', listOffsets, { ...ask(topic.name, []), topics: [] })
    await world.ask('by a replica that is none', listOffsets, { ...ask(topic.name, [latest]), replicaId: 5 })
    await world.ask('by a debugging replica', listOffsets, { ...ask(topic.name, [latest]), replicaId: -2 })
  }),
  script(offsetForLeaderEpoch, 'epochs that were, are and will be', async (world) => {
    const topic = await world.topic('topic', { partitions: 2 })
    await world.filled(topic, 10)
    const partition = (n: number, leaderEpoch: number, currentLeaderEpoch = -1) => ({
      replicaId: -1,
      topics: [{ topic: topic.name, partitions: [{ partition: n, leaderEpoch, currentLeaderEpoch }] }],
    })
    for (const epoch of [-1, 0, 1, 5]) await world.ask(`epoch ${epoch}`, offsetForLeaderEpoch, partition(0, epoch))
    await world.ask('an empty log', offsetForLeaderEpoch, partition(1, 0))
    for (const current of [0, 1]) await world.ask(`current ${current}`, offsetForLeaderEpoch, partition(0, 0, current))
    await world.ask('no such partition', offsetForLeaderEpoch, partition(7, 0))
    const partitions = [{ partition: 0, leaderEpoch: 0 }]
    const topics = [{ topic: world.named('missing'), partitions }]
    await world.ask('no such topic', offsetForLeaderEpoch, { replicaId: -1, topics })
  }),
  script(deleteRecords, 'moves the start of the log', async (world) => {
    const topic = await world.topic('topic', { partitions: 2 })
    await world.filled(topic, 10)
    const cut = (partitionIndex: number, offset: number) => ({
      topics: [{ name: topic.name, partitions: [{ partitionIndex, offset }] }],
      timeoutMs: 5000,
    })
    for (const offset of [0, 4, 2, 11, -2, -1]) await world.ask(`to ${offset}`, deleteRecords, cut(0, offset))
    await world.ask('an empty log', deleteRecords, cut(1, 0))
    await world.ask('no such partition', deleteRecords, cut(5, 0))
    const partitions = range(2).map((partitionIndex) => ({ partitionIndex, offset: 0 }))
    const topics = [{ name: world.named('missing'), partitions }]
    await world.ask('no such topic', deleteRecords, { topics, timeoutMs: 5000 })
    await world.ask('nothing', deleteRecords, { topics: [], timeoutMs: 5000 })
    const offsets = ask(topic.name, [{ partitionIndex: 0, timestamp: -2 }])
    world.keep('earliest now', await world.setUp(listOffsets, offsets))
  }),
  script(deleteRecords, 'not from a compacted topic', async (world) => {
    const topic = await world.topic('topic', { configs: { 'cleanup.policy': 'compact' } })
    await world.filled(topic, 3)
    const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0, offset: 1 }] }]
    await world.ask('compacted', deleteRecords, { topics, timeoutMs: 5000 })
  }),
]
