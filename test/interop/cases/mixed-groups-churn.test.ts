// Java, librdkafka and our own driver in one group, members coming and going as a seed has it: every record is read once,
// and each member reads a partition in order. KTS_CHURN sets how many come or go (default 5), KTS_SEED the seed.
import { describe, expect, test } from 'vitest'
import { wallClock } from '../../../src/base/clock.js'
import { seededRandom } from '../../../src/base/random.js'
import { wireDriver } from '../../../src/client/wire/index.js'
import { batch, producerOptions, unique } from '../../../src/testing/driver-contract/harness.js'
import { javaMember, librdkafkaMember, wireMember, type GroupMember, type Membership } from '../group-members.js'
import { needs, useTarget } from '../target.js'

const PARTITIONS = 6
const MEMBERS_MAX = 4
const changes = Number(process.env['KTS_CHURN'] ?? 5)
const seed = Number(process.env['KTS_SEED'] ?? 1)
const clock = wallClock()
const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve))
const strategy = (name: string): string => `partition.assignment.strategy=org.apache.kafka.clients.consumer.${name}`
const oftenAlive = 'heartbeat.interval.ms=200'

const protocols: readonly [string, Pick<Membership, 'wire' | 'java' | 'librdkafka'>][] = [
  [
    'range',
    {
      wire: { assignors: ['range'] },
      java: [strategy('RangeAssignor'), oftenAlive],
      librdkafka: ['partition.assignment.strategy=range', oftenAlive],
    },
  ],
  [
    'cooperative-sticky',
    {
      wire: { assignors: ['cooperative-sticky'] },
      java: [strategy('CooperativeStickyAssignor'), oftenAlive],
      librdkafka: ['partition.assignment.strategy=cooperative-sticky', oftenAlive],
    },
  ],
  [
    'KIP-848',
    {
      wire: { groupProtocol: 'consumer' },
      java: ['group.protocol=consumer'],
      librdkafka: ['group.protocol=consumer'],
    },
  ],
]

/** What is wrong with what all have read, in words. */
function offences(members: readonly GroupMember[], ends: readonly number[]): string[] {
  const found: string[] = []
  const readers = new Map<string, string[]>()
  for (const { make, read } of members) {
    const last = new Map<number, number>()
    for (const { partition, offset } of read()) {
      if (offset <= (last.get(partition) ?? -1)) found.push(`${make} read ${partition}@${offset} after a later one`)
      last.set(partition, offset)
      const at = `${partition}@${offset}`
      readers.set(at, [...(readers.get(at) ?? []), make])
    }
  }
  for (const [at, makes] of readers) if (makes.length > 1) found.push(`${at} was read by ${makes.join(' and ')}`)
  for (const [partition, end] of ends.entries()) {
    for (let offset = 0; offset < end; offset++) {
      if (!readers.has(`${partition}@${offset}`)) found.push(`${partition}@${offset} was read by nobody`)
    }
  }
  return found
}

describe('groups of three makes, members coming and going', () => {
  const target = useTarget({
    'group.consumer.min.heartbeat.interval.ms': '100',
    'group.consumer.heartbeat.interval.ms': '100',
  })

  test.for(protocols)('%s', { timeout: 60_000 + changes * 20_000 }, async ([name, own], context) => {
    if (own.wire.groupProtocol === 'consumer') await needs(context, target(), 'ConsumerGroupHeartbeat')
    const { bootstrap } = target()
    const random = seededRandom(seed)
    const driver = wireDriver({ bootstrapServers: [bootstrap], clientId: 'churn' })
    const admin = driver.admin()
    const producer = driver.producer(producerOptions())
    await Promise.all([admin.connect(), producer.connect()])
    const topic = unique(`churn-${name}`)
    await admin.createTopics(
      [{ name: topic, partitions: PARTITIONS, replicationFactor: 1, configs: { 'retention.ms': '-1' } }],
      10_000,
    )
    const as: Membership = { bootstrap, topic, groupId: unique('group'), ...own }
    const ends = Array.from({ length: PARTITIONS }, () => 0)
    let sending = true
    const sent = (async () => {
      while (sending) {
        const partition = random.below(PARTITIONS)
        const [result] = await producer.send([batch(topic, partition, `${partition}@${ends[partition]}`)])
        if (result!.error) throw result!.error
        ends[partition]!++
        await pause(10)
      }
    })()

    const all: GroupMember[] = []
    const live: GroupMember[] = []
    const join = async (make: GroupMember['make']): Promise<void> => {
      const makers = { wire: () => wireMember(driver, admin, as), java: javaMember, librdkafka: librdkafkaMember }
      const member = await makers[make](as)
      all.push(member)
      live.push(member)
    }
    const leave = async (): Promise<void> => {
      const [member] = live.splice(random.below(live.length), 1)
      await member!.stop()
    }
    /** Each partition has one reader, and each member a partition. */
    const settled = async (what: string): Promise<void> => {
      const shares = (): string => live.map(({ make, has }) => `${make} ${[...has()].join(',')}`).join(' · ')
      const isShared = (): boolean => {
        const had = live.flatMap(({ has }) => [...has()])
        return had.length === PARTITIONS && new Set(had).size === PARTITIONS && live.every(({ has }) => has().size > 0)
      }
      for (const untilMs = clock.monotonic() + 30_000; !isShared();) {
        if (clock.monotonic() > untilMs) throw new Error(`${what}: after 30 s the partitions are with ${shares()}`)
        await pause(50)
      }
    }

    // one of each, and then as the seed has it
    for (const make of ['wire', 'java', 'librdkafka'] as const) {
      await join(make)
      await settled(`${make} joined`)
    }
    for (let i = 0; i < changes; i++) {
      const comes = live.length <= 1 || (live.length < MEMBERS_MAX && random.below(2) === 0)
      if (comes) await join((['wire', 'java', 'librdkafka'] as const)[random.below(3)]!)
      else await leave()
      await settled(comes ? `${live.at(-1)!.make} joined` : 'one left')
    }
    sending = false
    await sent
    const total = ends.reduce((sum, end) => sum + end, 0)
    for (const untilMs = clock.monotonic() + 20_000; clock.monotonic() < untilMs; await pause(50)) {
      if (all.reduce((sum, { read }) => sum + read().length, 0) >= total) break
    }
    while (live.length > 0) await leave()
    expect(offences(all, ends)).toEqual([])
    await Promise.all([admin.close(), producer.close(500)])
  })
})
