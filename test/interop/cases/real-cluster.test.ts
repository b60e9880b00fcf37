// Our clients on three brokers of Apache Kafka, in three racks: what one broker cannot show. Leaders that move, replicas and
// members in racks, controllers that are talked to, and listeners of each group protocol that go and come back.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kafka, string, type KafkaRuntime, type RebalanceListener } from '../../../src/index.js'
import { allOf, wireAdmin, wireDriver, type WireAdmin } from '../../../src/client/wire/index.js'
import { batch, producerOptions, unique } from '../../../src/testing/driver-contract/harness.js'
import { RecordingConsumer } from '../../../src/testing/driver-contract/recording-consumer.js'
import { root, run } from '../commands.js'
import { freePort } from '../target.js'

const SCRIPT = `${root}test/interop/kafka.sh`
const NODES = [1, 2, 3]
const settings = {
  'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
  'group.consumer.min.heartbeat.interval.ms': '100',
  'group.consumer.heartbeat.interval.ms': '200',
  'group.min.session.timeout.ms': '1000',
}

let port: number
let admin: WireAdmin
const bootstrapServers = (): string[] => NODES.map((_, i) => `127.0.0.1:${port + i}`)
const driver = () => wireDriver({ bootstrapServers: bootstrapServers(), clientId: 'real-cluster' })

beforeAll(async () => {
  port = await freePort()
  const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  await run('bash', [SCRIPT, 'start', '--port', String(port), '--brokers', '3', ...options], { timeoutMs: 120_000 })
  admin = wireAdmin({ bootstrapServers: bootstrapServers() })
}, 130_000)
afterAll(async () => {
  admin?.close()
  await run('bash', [SCRIPT, 'stop', '--port', String(port)])
})

/** With the replicas of each partition, its leader first. */
async function newTopic(...replicas: readonly number[][]): Promise<string> {
  const name = unique('real')
  allOf(await admin.createTopics([{ name, replicasAssignments: Object.fromEntries(replicas.entries()) }]))
  return name
}

test('a leader that moves takes the producer and the consumer with it, in order and without a loss', async () => {
  const topic = await newTopic([1, 2, 3])
  const producer = driver().producer(producerOptions())
  await producer.connect()
  const consumer = await new RecordingConsumer(driver()).start({ partitions: [{ topic, partition: 0 }] })
  const expected: string[] = []
  for (const leader of [1, 2, 3, 1]) {
    const targetReplicas = [leader, ...NODES.filter((node) => node !== leader)]
    allOf(await admin.alterPartitionReassignments([{ topic, partition: 0, targetReplicas }]))
    await admin.electLeaders('PREFERRED', [{ topic, partition: 0 }])
    for (let i = 0; i < 20; i++) {
      const value = `${leader}.${expected.length}`
      const [result] = await producer.send([batch(topic, 0, value)])
      expect(result!.error).toBe(undefined)
      expected.push(value)
    }
    const leaderNow = async () => allOf(await admin.describeTopics({ topicNames: [topic] }))[0]!.partitions[0]!.leader
    await expect.poll(leaderNow, { timeout: 10_000 }).toBe(leader)
  }
  await consumer.until('all records', () => consumer.received.length >= expected.length)
  expect(consumer.values()).toEqual(expected)
  await Promise.all([producer.close(1_000), consumer.port.close(1_000)])
})

test("members take what has a replica in their rack, and Java's range would share it so", async () => {
  const topic = await newTopic([3], [1], [2], [2], [3], [1])
  const groupId = unique('racks')
  const members = NODES.map(
    (node) => new RecordingConsumer(driver(), { consumer: { groupId, assignors: ['range'], rackId: `rack-${node}` } }),
  )
  for (const member of members) await member.start({ topics: [topic] })
  const shares = (): number[][] =>
    members.map(({ assigned }) => assigned.map(({ partition }) => partition).sort((a, b) => a - b))
  await expect.poll(shares, { timeout: 15_000 }).toEqual([
    [1, 5],
    [2, 3],
    [0, 4],
  ])
  await Promise.all(members.map(({ port: each }) => each.close(1_000)))
})

test('the admin talks to controllers, and is refused what only brokers know', async () => {
  const controllers = NODES.map((_, i) => `127.0.0.1:${port + 1_000 + i}`)
  const direct = wireAdmin({ bootstrapControllers: controllers })
  const { nodes } = await direct.describeCluster()
  expect(nodes.map((node) => `${node.host}:${node.port}`).sort()).toEqual(controllers)
  expect((await direct.describeMetadataQuorum()).voters.length).toBe(3)
  const name = unique('by-controller')
  allOf(await direct.createTopics([{ name, numPartitions: 1 }]))
  await expect.poll(async () => (await admin.listTopics()).map((topic) => topic.name)).toContain(name)
  await expect(direct.listGroups()).rejects.toMatchObject({ code: 'UNSUPPORTED_ENDPOINT_TYPE' })
  direct.close()
})

describe.each(['classic', 'consumer'] as const)('listeners in a group of the %s protocol', (groupProtocol) => {
  interface Member {
    readonly k: KafkaRuntime
    readonly seen: string[]
    readonly revoked: number[]
    readonly has: Set<number>
  }

  async function member(topic: string, groupId: string, groupInstanceId: string | undefined): Promise<Member> {
    const k = kafka({ bootstrapServers: bootstrapServers(), driver: 'wire', consumer: { autoOffsetReset: 'earliest' } })
    const own: Member = { k, seen: [], revoked: [], has: new Set() }
    const rebalanceListener: RebalanceListener = {
      onPartitionsAssigned: (all) => {
        for (const { partition } of all) own.has.add(partition)
      },
      onPartitionsRevokedAfterCommit: (all) => {
        for (const { partition } of all) {
          own.has.delete(partition)
          own.revoked.push(partition)
        }
      },
    }
    k.listen(topic, { groupId, groupInstanceId, groupProtocol, value: string(), rebalanceListener }, (word) => {
      own.seen.push(word)
    })
    await k.start()
    return own
  }

  const send = async (k: KafkaRuntime, topic: string, from: number): Promise<string[]> => {
    const words = Array.from({ length: 8 }, (_, i) => `w${from + i}`)
    for (const [i, word] of words.entries()) await k.template.send(topic, word, { partition: i % 4 })
    return words
  }

  test('share it, and hand over when one goes', async () => {
    const topic = await newTopic([1, 2], [2, 3], [3, 1], [1, 3])
    const groupId = unique(groupProtocol)
    const one = await member(topic, groupId, undefined)
    const two = await member(topic, groupId, undefined)
    await expect.poll(() => [one.has.size, two.has.size], { timeout: 15_000 }).toEqual([2, 2])
    const first = await send(one.k, topic, 0)
    await expect.poll(() => [...one.seen, ...two.seen].sort(), { timeout: 15_000 }).toEqual(first)
    await two.k.stop()
    await expect.poll(() => one.has.size, { timeout: 15_000 }).toBe(4)
    const second = await send(one.k, topic, 10)
    await expect
      .poll(() => [...one.seen, ...two.seen].sort(), { timeout: 15_000 })
      .toEqual([...first, ...second].sort())
    await one.k.stop()
  })

  test('of which one is static come back to what they had, unnoticed by the others', async () => {
    const topic = await newTopic([1, 2], [2, 3], [3, 1], [1, 3])
    const groupId = unique(groupProtocol)
    const one = await member(topic, groupId, 'one')
    const two = await member(topic, groupId, 'two')
    await expect.poll(() => [one.has.size, two.has.size], { timeout: 15_000 }).toEqual([2, 2])
    const had = new Set(two.has)
    one.revoked.length = 0
    await two.k.stop()
    const back = await member(topic, groupId, 'two')
    await expect.poll(() => back.has, { timeout: 15_000 }).toEqual(had)
    const words = await send(one.k, topic, 0)
    await expect.poll(() => [...one.seen, ...back.seen].sort(), { timeout: 15_000 }).toEqual(words)
    expect(one.revoked).toEqual([])
    await Promise.all([one.k.stop(), back.k.stop()])
  })
})
