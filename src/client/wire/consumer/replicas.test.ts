/** Leaders that move, logs that are cut off (KIP-320) and replicas that are nearer (KIP-392): on scripted brokers. */
import { describe, expect, it } from 'vitest'
import { ScriptedCluster } from '../../../../test/client/scripted-cluster.js'
import { BatchBuilder, ErrorCode, messages } from '../../../protocol/index.js'
import { RecordingConsumer } from '../../../testing/driver-contract/recording-consumer.js'
import { seededRandom } from '../../../base/random.js'

const TOPIC = 'orders'

interface FetchSeen {
  readonly nodeId: number
  readonly rackId: string
  readonly offset: number
  readonly leaderEpoch: number
}

/** One partition: what each node has, a value an offset, and what it says beside. */
class Replicas {
  readonly seen: FetchSeen[] = []
  readonly epochsAsked: { nodeId: number; leaderEpoch: number; currentLeaderEpoch: number }[] = []
  /** By node: values, with the epoch that they were written in. */
  readonly logs = new Map<number, [value: string, epoch: number][]>()
  /** Goes before what the log would give. */
  answer: (
    nodeId: number,
    offset: number,
  ) => { errorCode?: number; preferredReadReplica?: number } | 'cut' | undefined = () => undefined
  epochEnd: () => { leaderEpoch: number; endOffset: number } = () => ({ leaderEpoch: -1, endOffset: -1 })
  /** What each node's session is at. */
  private readonly wanted = new Map<number, { topicId: string; offset: number; leaderEpoch: number } | undefined>()

  constructor(readonly cluster: ScriptedCluster) {
    cluster.topic(TOPIC, [1])
    cluster.script(messages.fetch, async (body, { nodeId }) => {
      if (body.forgottenTopicsData.length > 0) this.wanted.set(nodeId, undefined)
      for (const { topicId, partitions } of body.topics) {
        const { fetchOffset, currentLeaderEpoch } = partitions[0]!
        this.wanted.set(nodeId, { topicId, offset: fetchOffset, leaderEpoch: currentLeaderEpoch })
      }
      const wanted = this.wanted.get(nodeId)
      if (wanted === undefined) return { errorCode: 0, sessionId: nodeId, responses: [] }
      const { topicId, offset, leaderEpoch } = wanted
      this.seen.push({ nodeId, rackId: body.rackId, offset, leaderEpoch })
      const told = this.answer(nodeId, offset) ?? this.read(nodeId, offset, leaderEpoch)
      if (told === 'cut') return told
      const own = { partitionIndex: 0, errorCode: 0, highWatermark: 100, abortedTransactions: null, records: null }
      return { errorCode: 0, sessionId: nodeId, responses: [{ topicId, partitions: [Object.assign(own, told)] }] }
    })
    cluster.script(messages.offsetForLeaderEpoch, ({ topics }, { nodeId }) => {
      const { partition, leaderEpoch, currentLeaderEpoch } = topics[0]!.partitions[0]!
      this.epochsAsked.push({ nodeId, leaderEpoch, currentLeaderEpoch })
      return { topics: [{ topic: TOPIC, partitions: [{ partition, errorCode: 0, ...this.epochEnd() }] }] }
    })
  }

  /** A record a batch. */
  private read(nodeId: number, offset: number, leaderEpoch: number): { errorCode?: number; records?: Buffer | null } {
    const leader = this.cluster.topics.get(TOPIC)![0]!
    const isFollower = leader.leaderId !== nodeId
    if (leaderEpoch !== leader.leaderEpoch) return { errorCode: ErrorCode.FENCED_LEADER_EPOCH }
    const log = this.logs.get(nodeId)
    if (log === undefined) return { errorCode: isFollower ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.NONE }
    const batches = log.slice(offset).map(([value, partitionLeaderEpoch], i) => {
      const builder = new BatchBuilder({ baseOffset: offset + i, partitionLeaderEpoch })
      builder.append({ key: null, value: Buffer.from(value), timestampMs: 1 })
      return builder.finish()
    })
    return { records: batches.length === 0 ? null : Buffer.concat(batches) }
  }

  consumer(rackId?: string): RecordingConsumer {
    return new RecordingConsumer(this.cluster.driver(seededRandom(3)), { consumer: { rackId }, start: () => 0 })
  }

  /** Begins at what its group has committed. */
  consumerAt(committed: { offset: number; leaderEpoch: number }): RecordingConsumer {
    const coordinator = { errorCode: 0, errorMessage: null, nodeId: 1, host: 'broker-1', port: 9092 }
    this.cluster.script(messages.findCoordinator, ({ coordinatorKeys }) => ({
      coordinators: coordinatorKeys.map((key) => Object.assign({ key }, coordinator)),
    }))
    this.cluster.script(messages.offsetFetch, ({ groups }) => ({
      groups: groups.map(({ groupId, topics }) => ({
        groupId,
        errorCode: 0,
        topics: topics!.map(({ topicId }) => ({
          topicId,
          partitions: [
            {
              partitionIndex: 0,
              errorCode: 0,
              metadata: '',
              committedOffset: committed.offset,
              committedLeaderEpoch: committed.leaderEpoch,
            },
          ],
        })),
      })),
    }))
    return new RecordingConsumer(this.cluster.driver(seededRandom(3)), { start: () => undefined })
  }

  async started(consumer: RecordingConsumer): Promise<void> {
    let done = false
    const starting = consumer.start({ partitions: [{ topic: TOPIC, partition: 0 }] }).finally(() => (done = true))
    await this.cluster.until('the start', () => done)
    await starting
  }
}

const written = (epoch: number, ...values: string[]): [string, number][] => values.map((value) => [value, epoch])

describe('a log that was cut off', () => {
  const cutOff = async (
    end: { leaderEpoch: number; endOffset: number },
    seek?: number,
  ): Promise<{ replicas: Replicas; consumer: RecordingConsumer }> => {
    const replicas = new Replicas(await ScriptedCluster.start([1, 2]))
    const { cluster } = replicas
    replicas.logs.set(1, written(5, 'a', 'b', 'c', 'd'))
    replicas.logs.set(2, [...written(5, 'a', 'b'), ...written(6, 'x', 'y', 'z')])
    const consumer = replicas.consumer()
    await replicas.started(consumer)
    await cluster.until('what the old leader has', () => consumer.received.length === 4)
    replicas.epochEnd = () => end
    cluster.lead(TOPIC, 0, 2)
    await cluster.until('the question', () => replicas.epochsAsked.length > 0)
    if (seek !== undefined) {
      await cluster.until('news', () => consumer.events.some((event) => event.startsWith('out of range')))
      consumer.port.seek({ topic: TOPIC, partition: 0 }, seek)
    }
    await cluster.until('what the new leader has', () => consumer.values().includes('z'))
    return { replicas, consumer }
  }

  it('is found by asking the new leader, and read on where the logs part', async () => {
    const { replicas, consumer } = await cutOff({ leaderEpoch: 5, endOffset: 2 })
    expect(replicas.epochsAsked).toEqual([{ nodeId: 2, leaderEpoch: 5, currentLeaderEpoch: 6 }])
    expect(consumer.values()).toEqual(['a', 'b', 'c', 'd', 'x', 'y', 'z'])
    expect(consumer.received.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 2, 3, 4])
    expect(consumer.events.filter((event) => event.startsWith('out of range'))).toEqual([])
  })

  it('is read on as before where nothing of it is missing', async () => {
    const { consumer } = await cutOff({ leaderEpoch: 5, endOffset: 4 })
    expect(consumer.received.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4])
  })

  it('is the framework’s to decide on where the new leader does not know the epoch', async () => {
    const { consumer } = await cutOff({ leaderEpoch: -1, endOffset: -1 }, 0)
    expect(consumer.events).toContain(`out of range ${TOPIC}-0@4`)
    expect(consumer.values().slice(4)).toEqual(['a', 'b', 'x', 'y', 'z'])
  })
})

describe('a committed offset', () => {
  const begun = async (committed: { offset: number; leaderEpoch: number }, replicas: Replicas) => {
    const consumer = replicas.consumerAt(committed)
    await replicas.started(consumer)
    return consumer
  }

  it('is checked with the leader before the first fetch, and read from where the log still has it', async () => {
    const replicas = new Replicas(await ScriptedCluster.start([1, 2]))
    replicas.logs.set(1, written(5, 'a', 'b', 'c'))
    replicas.epochEnd = () => ({ leaderEpoch: 4, endOffset: 2 })
    const consumer = await begun({ offset: 2, leaderEpoch: 4 }, replicas)
    await replicas.cluster.until('the rest', () => consumer.received.length > 0)
    expect(replicas.epochsAsked).toEqual([{ nodeId: 1, leaderEpoch: 4, currentLeaderEpoch: 5 }])
    expect(replicas.seen[0]).toMatchObject({ offset: 2 })
    expect(consumer.values()).toEqual(['c'])
  })

  it('of which the log has lost the end is read on where the logs part', async () => {
    const replicas = new Replicas(await ScriptedCluster.start([1, 2]))
    replicas.logs.set(1, written(5, 'a', 'x', 'y', 'z'))
    replicas.epochEnd = () => ({ leaderEpoch: 4, endOffset: 1 })
    const consumer = await begun({ offset: 3, leaderEpoch: 4 }, replicas)
    await replicas.cluster.until('the rest', () => consumer.received.length >= 3)
    expect(consumer.values()).toEqual(['x', 'y', 'z'])
    expect(replicas.seen.map(({ offset }) => offset)).not.toContain(3)
  })

  it('without an epoch is taken as it is', async () => {
    const replicas = new Replicas(await ScriptedCluster.start([1, 2]))
    replicas.logs.set(1, written(5, 'a', 'b', 'c'))
    const consumer = await begun({ offset: 2, leaderEpoch: -1 }, replicas)
    await replicas.cluster.until('the rest', () => consumer.received.length > 0)
    expect(replicas.epochsAsked).toEqual([])
  })

  it('of a later epoch than the metadata knows is not asked for at the leader of before', async () => {
    const replicas = new Replicas(await ScriptedCluster.start([1, 2]))
    replicas.logs.set(1, written(5, 'a'))
    replicas.logs.set(2, written(6, 'a', 'b', 'c'))
    replicas.answer = (nodeId) => (nodeId === 1 ? { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE } : undefined)
    replicas.epochEnd = () => ({ leaderEpoch: 6, endOffset: 3 })
    const consumer = await begun({ offset: 2, leaderEpoch: 6 }, replicas)
    await replicas.cluster.run(4_000)
    expect([replicas.seen, replicas.epochsAsked]).toEqual([[], []])
    expect(consumer.states.at(-1)).toMatchObject({ state: 'recovering', error: { code: 'LEADER_NOT_AVAILABLE' } })
    replicas.cluster.lead(TOPIC, 0, 2)
    await replicas.cluster.until('the rest', () => consumer.received.length > 0)
    expect(replicas.epochsAsked).toEqual([{ nodeId: 2, leaderEpoch: 6, currentLeaderEpoch: 6 }])
    expect(consumer.values()).toEqual(['c'])
    expect(consumer.events.filter((event) => event.startsWith('out of range'))).toEqual([])
  })
})

describe('a replica that is nearer', () => {
  const follow = async (): Promise<{ replicas: Replicas; consumer: RecordingConsumer }> => {
    const replicas = new Replicas(await ScriptedCluster.start([1, 2]))
    replicas.logs.set(1, written(5, 'a', 'b'))
    replicas.logs.set(2, written(5, 'a', 'b'))
    replicas.answer = (nodeId) => (nodeId === 1 ? { preferredReadReplica: 2 } : undefined)
    const consumer = replicas.consumer('rack-2')
    await replicas.started(consumer)
    await replicas.cluster.until('the records', () => consumer.received.length === 2)
    return { replicas, consumer }
  }
  const nodesSince = (replicas: Replicas, from: number): number[] => [
    ...new Set(replicas.seen.slice(from).map(({ nodeId }) => nodeId)),
  ]

  it('is read from when the leader recommends it', async () => {
    const { replicas } = await follow()
    expect(replicas.seen.slice(0, 2)).toEqual([
      { nodeId: 1, rackId: 'rack-2', offset: 0, leaderEpoch: 5 },
      { nodeId: 2, rackId: 'rack-2', offset: 0, leaderEpoch: 5 },
    ])
  })

  it('is given up when it fails, and the leader asked again', async () => {
    const { replicas, consumer } = await follow()
    replicas.answer = (nodeId) => (nodeId === 2 ? 'cut' : undefined)
    replicas.logs.set(1, written(5, 'a', 'b', 'c'))
    await replicas.cluster.until('the rest', () => consumer.received.length === 3)
    const before = replicas.seen.length
    await replicas.cluster.run(1_000)
    expect(nodesSince(replicas, before)).toEqual([1])
    expect(consumer.values()).toEqual(['a', 'b', 'c'])
  })

  it('that is behind is not believed about what is out of range', async () => {
    const { replicas, consumer } = await follow()
    replicas.answer = (nodeId) => (nodeId === 2 ? { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE } : undefined)
    replicas.logs.set(1, written(5, 'a', 'b', 'c'))
    await replicas.cluster.until('the rest', () => consumer.received.length === 3)
    expect(consumer.events.filter((event) => event.startsWith('out of range'))).toEqual([])
    // the leader is
    replicas.answer = () => ({ errorCode: ErrorCode.OFFSET_OUT_OF_RANGE })
    await replicas.cluster.until('news', () => consumer.events.includes(`out of range ${TOPIC}-0@3`))
  })

  it('is asked about anew after a while', async () => {
    const { replicas } = await follow()
    replicas.answer = () => undefined
    const before = replicas.seen.length
    // metadataMaxAgeMs of the suite
    await replicas.cluster.run(600)
    expect(nodesSince(replicas, before)).toEqual([2, 1])
  })
})
