/** A broker that does not lead any more names who does, and where that is (KIP-951): no metadata has to be read for it. */
import { describe, expect, it } from 'vitest'
import { ScriptedCluster } from '../../../test/client/scripted-cluster.js'
import { SimulatedLog } from '../../../test/client/simulated-log.js'
import { BatchBuilder, ErrorCode, messages } from '../../protocol/index.js'
import { batch, producerOptions } from '../../testing/driver-contract/harness.js'
import { RecordingConsumer } from '../../testing/driver-contract/recording-consumer.js'

const TOPIC = 'orders'

/** Two brokers; of the second, nothing is known but what the first tells when it has lost the partition. */
async function brokers(): Promise<ScriptedCluster> {
  const cluster = await ScriptedCluster.start([1, 2])
  cluster.hidden.add(2)
  cluster.topic(TOPIC, [1])
  return cluster
}

/** What goes beside a refusal. */
const told = (cluster: ScriptedCluster) => ({
  errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
  currentLeader: { ...cluster.topics.get(TOPIC)![0]! },
})

describe('a leader that a refusal names', () => {
  it('is sent the batch at once', async () => {
    const cluster = await brokers()
    const log = new SimulatedLog()
    const asked: { nodeId: number; atMs: number }[] = []
    cluster.script(messages.initProducerId, () => ({ errorCode: 0, producerId: 7, producerEpoch: 0 }))
    cluster.script(messages.produce, ({ topicData }, { nodeId }) => {
      asked.push({ nodeId, atMs: cluster.clock.monotonic() })
      const { topicId, partitionData } = topicData[0]!
      const leads = cluster.topics.get(TOPIC)![0]!.leaderId === nodeId
      const own = leads ? log.append(partitionData[0]!.records!) : Object.assign({ baseOffset: -1 }, told(cluster))
      return {
        responses: [{ topicId, partitionResponses: [Object.assign({ index: 0, recordErrors: [] }, own)] }],
        nodeEndpoints: leads ? [] : [cluster.endpoint(2)],
      }
    })
    const producer = cluster.driver().producer(producerOptions())
    const send = async (value: string): Promise<number> => {
      let offset = -1
      void producer.send([batch(TOPIC, 0, value)]).then(([result]) => {
        if (result!.error === undefined) offset = result!.baseOffset
      })
      await cluster.until('the result', () => offset >= 0)
      return offset
    }
    await send('a')
    cluster.lead(TOPIC, 0, 2)
    const read = cluster.metadataAsked
    expect(await send('b')).toBe(1)
    expect(asked.map(({ nodeId }) => nodeId)).toEqual([1, 1, 2])
    expect(asked[2]!.atMs - asked[1]!.atMs).toBeLessThan(50)
    expect(cluster.metadataAsked).toBe(read)
  })

  it('is fetched from at once', async () => {
    const cluster = await brokers()
    const values = ['a']
    const asked: { nodeId: number; atMs: number }[] = []
    const wanted = new Map<number, { topicId: string; offset: number }>()
    cluster.script(messages.offsetForLeaderEpoch, ({ topics }) => ({
      topics: topics.map(({ topic }) => ({
        topic,
        partitions: [{ errorCode: 0, partition: 0, leaderEpoch: 5, endOffset: values.length }],
      })),
    }))
    cluster.script(messages.fetch, (body, { nodeId }) => {
      for (const { topicId, partitions } of body.topics) {
        wanted.set(nodeId, { topicId, offset: partitions[0]!.fetchOffset })
      }
      for (const { partitions } of body.forgottenTopicsData) if (partitions.length > 0) wanted.delete(nodeId)
      const own = wanted.get(nodeId)
      if (own === undefined) return { errorCode: 0, sessionId: nodeId, responses: [] }
      asked.push({ nodeId, atMs: cluster.clock.monotonic() })
      const leads = cluster.topics.get(TOPIC)![0]!.leaderId === nodeId
      const answer = { partitionIndex: 0, errorCode: 0, highWatermark: 9, abortedTransactions: null, records: null }
      return {
        errorCode: 0,
        sessionId: nodeId,
        responses: [
          {
            topicId: own.topicId,
            partitions: [Object.assign(answer, leads ? { records: recordAt(own.offset) } : told(cluster))],
          },
        ],
        nodeEndpoints: leads ? [] : [cluster.endpoint(2)],
      }
    })
    const recordAt = (offset: number): Buffer | null => {
      const value = values[offset]
      if (value === undefined) return null
      const builder = new BatchBuilder({ baseOffset: offset, partitionLeaderEpoch: 5 })
      builder.append({ key: null, value: Buffer.from(value), timestampMs: 1 })
      return builder.finish()
    }
    const consumer = new RecordingConsumer(cluster.driver(), { start: () => 0 })
    void consumer.start({ partitions: [{ topic: TOPIC, partition: 0 }] })
    await cluster.until('the first record', () => consumer.received.length === 1)
    cluster.lead(TOPIC, 0, 2)
    const read = cluster.metadataAsked
    values.push('b')
    await cluster.until('the second record', () => consumer.received.length === 2)
    const first = asked.findIndex(({ nodeId }) => nodeId === 2)
    expect(asked[first]!.atMs - asked[first - 1]!.atMs).toBeLessThan(50)
    expect(cluster.metadataAsked).toBe(read)
    expect(consumer.values()).toEqual(['a', 'b'])
  })
})
