import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RawClient } from '../../../test/server/raw-client.js'
import { virtualClock } from '../../base/clock.js'
import { memoryTransport } from '../../net/index.js'
import { ErrorCode, errorName } from '../../protocol/errors.js'
import * as messages from '../../protocol/messages/index.js'
import { BatchBuilder } from '../../protocol/records/index.js'
import { startBroker } from '../compose.js'
import type { RunningBroker } from '../running-broker.js'
import { adjustableClock } from './adjustable-clock.js'
import { FaultRuleError, type FaultRule } from './fault.js'
import type { Hooks } from './hooks.js'
import { WaitTimeout } from './wait-until.js'

let broker: RunningBroker
let hooks: Hooks
let client: RawClient
const transport = memoryTransport()

beforeEach(async () => {
  broker = await startBroker({ transport, port: 0, hooks: true, topics: [{ name: 't', partitions: 3 }, { name: 'u' }] })
  hooks = broker.hooks!
  client = await RawClient.connect(transport, broker.listeners[0]!.port)
})
afterEach(() => broker.stop())

function records(): Buffer {
  const batch = new BatchBuilder()
  batch.append({ key: null, value: Buffer.from('v'), timestampMs: Date.now() })
  return batch.finish()
}

/** Produces a record to each partition named, and gives their errors by name. */
async function produce(partitions: Record<string, number[]> = { t: [0] }, as: RawClient = client): Promise<string[]> {
  const topicData = Object.entries(partitions).map(([name, indexes]) => ({
    name,
    partitionData: indexes.map((index) => ({ index, records: records() })),
  }))
  const { responses } = await as.call(messages.produce, 9, { acks: -1, timeoutMs: 1000, topicData }, 'producer')
  return responses.flatMap(({ name, partitionResponses }) =>
    partitionResponses.map(({ index, errorCode }) => `${name}-${index} ${errorName(errorCode)}`),
  )
}

const ends = (): number[] => [0, 1, 2].map((partition) => broker.parts.partitions.get('t', partition)!.logEndOffset)

describe('a fault', () => {
  it('hits what it names, once, and leaves the rest of the request to be served', async () => {
    const fault = hooks.fault({ api: 'Produce', topic: 't', partition: 1, error: 'NOT_LEADER_OR_FOLLOWER' })
    expect((await produce({ t: [0, 1, 2], u: [0] })).sort()).toEqual([
      't-0 NONE',
      't-1 NOT_LEADER_OR_FOLLOWER',
      't-2 NONE',
      'u-0 NONE',
    ])
    expect(ends()).toEqual([1, 0, 1])
    expect(fault.hits).toBe(1)
    expect(await produce({ t: [1] })).toEqual(['t-1 NONE'])
  })

  it('comes after the work where a broker gives it only then, or when told to', async () => {
    hooks.fault({ api: 'Produce', error: 'REQUEST_TIMED_OUT' })
    hooks.fault({ api: 'Produce', nth: 2, error: 'NOT_LEADER_OR_FOLLOWER', when: 'after', topic: 't' })
    expect(await produce({ t: [0, 1] })).toEqual(['t-0 REQUEST_TIMED_OUT', 't-1 REQUEST_TIMED_OUT'])
    expect(ends()).toEqual([1, 1, 0])
    expect(await produce({ t: [0] })).toEqual(['t-0 NONE'])
    expect(await produce({ t: [0], u: [0] })).toEqual(['t-0 NOT_LEADER_OR_FOLLOWER', 'u-0 NONE'])
    expect(ends()).toEqual([3, 1, 0])
  })

  it('hits from the nth on, as often as it may', async () => {
    const fault = hooks.fault({ api: 'Produce', nth: 2, times: 2, error: 'KAFKA_STORAGE_ERROR' })
    const got: string[] = []
    for (let i = 0; i < 5; i++) got.push(...(await produce()))
    expect(got.map((one) => one.split(' ')[1])).toEqual([
      'NONE',
      'KAFKA_STORAGE_ERROR',
      'KAFKA_STORAGE_ERROR',
      'NONE',
      'NONE',
    ])
    await fault.waitForHits(2)
  })

  it('is for some clients only, until it is removed', async () => {
    const fault = hooks.fault({ clientId: 'producer', times: 'always', error: 'KAFKA_STORAGE_ERROR' })
    for (let i = 0; i < 2; i++) expect(await produce()).toEqual(['t-0 KAFKA_STORAGE_ERROR'])
    const other = await client.call(
      messages.describeCluster,
      1,
      { includeClusterAuthorizedOperations: false },
      'another',
    )
    expect(other.errorCode).toBe(ErrorCode.NONE)
    fault.remove()
    expect(await produce()).toEqual(['t-0 NONE'])
  })

  it('takes the place of a topic in answers about all of them', async () => {
    hooks.fault({ api: 'Metadata', topic: 't', error: 'LEADER_NOT_AVAILABLE' })
    const { topics } = await client.call(messages.metadata, 12, {
      topics: null,
      includeTopicAuthorizedOperations: false,
    })
    expect(topics.map(({ name, errorCode }) => [name, errorName(errorCode)])).toEqual([
      ['t', 'LEADER_NOT_AVAILABLE'],
      ['u', 'NONE'],
    ])
  })

  it('hits one partition of a fetch', async () => {
    await produce({ t: [0, 1] })
    hooks.fault({ api: 'Fetch', topic: 't', partition: 0, error: 'OFFSET_OUT_OF_RANGE' })
    const partitions = [0, 1].map((partition) => ({ partition, fetchOffset: 0, partitionMaxBytes: 1000 }))
    const { responses } = await client.call(messages.fetch, 11, {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic: 't', partitions }],
    })
    expect(
      responses[0]!.partitions.map(({ errorCode, records: bytes }) => [errorName(errorCode), bytes?.length ?? 0]),
    ).toEqual([
      ['OFFSET_OUT_OF_RANGE', 0],
      ['NONE', 69],
    ])
  })

  it('hits a group', async () => {
    hooks.fault({ group: 'g', times: 'always', error: 'COORDINATOR_NOT_AVAILABLE' })
    const find = async (...coordinatorKeys: string[]): Promise<string[]> => {
      const { coordinators } = await client.call(messages.findCoordinator, 4, { keyType: 0, coordinatorKeys })
      return coordinators.map(({ key, errorCode }) => `${key} ${errorName(errorCode)}`)
    }
    expect(await find('other')).toEqual(['other NONE'])
    expect(await find('g')).toEqual(['g COORDINATOR_NOT_AVAILABLE'])
  })

  it('closes the connection, before the work or after it', async () => {
    hooks.fault({ api: 'Produce', disconnect: true })
    await expect(produce()).rejects.toThrow(/closed/)
    expect(ends()[0]).toBe(0)
    const again = await RawClient.connect(transport, broker.listeners[0]!.port)
    hooks.fault({ api: 'Produce', disconnect: true, when: 'after' })
    await expect(produce({ t: [0] }, again)).rejects.toThrow(/closed/)
    expect(ends()[0]).toBe(1)
  })

  it('keeps a client waiting until all is reset', async () => {
    hooks.fault({ api: 'Produce', blackHole: true })
    const failed = produce().catch((error: Error) => error.message)
    await hooks.waitForHits(hooks.faultsSet()[0]!)
    hooks.reset()
    expect(await failed).toMatch(/closed/)
    expect(hooks.faultsSet()).toEqual([])
  })

  it('delays by the clock that can be moved on', async () => {
    const fault = hooks.fault({ api: 'Produce', delayMs: 60_000 })
    const sent = produce()
    await fault.waitForHits()
    await hooks.advanceClock(60_000)
    expect(await sent).toEqual(['t-0 NONE'])
  })

  it.each<[string, FaultRule, RegExp]>([
    ['no effect', { api: 'Produce' }, /needs an error/],
    ['two effects', { error: 'KAFKA_STORAGE_ERROR', disconnect: true }, /one of/],
    ['an API that is not served', { api: 'Nonsense', disconnect: true }, /no API 'Nonsense'/],
    ['an unknown error', { error: 'NO_SUCH' as 'NONE' }, /no error 'NO_SUCH'/],
    ['a partition of no topic', { partition: 1, disconnect: true }, /needs a topic/],
    ['an unknown field', { topics: 't', disconnect: true } as FaultRule, /no 'topics'/],
  ])('with %s is refused', (_, rule, message) => {
    expect(() => hooks.fault(rule)).toThrow(FaultRuleError)
    expect(() => hooks.fault(rule)).toThrow(message)
  })
})

describe('a wait', () => {
  it('ends when the high watermark is there, and names how far it is when it is not', async () => {
    const there = hooks.waitForHighWatermark('t', 0, 2)
    await produce({ t: [0] })
    await expect(hooks.waitForHighWatermark('t', 0, 2, { timeoutMs: 10 })).rejects.toThrow(WaitTimeout)
    await expect(hooks.waitForHighWatermark('t', 0, 2, { timeoutMs: 10 })).rejects.toThrow('of t-0 to be 2; it is 1')
    await produce({ t: [0] })
    await there
  })

  it('ends when a group is stable with its members, and when it has no lag', async () => {
    await produce({ t: [0] })
    await client.call(messages.findCoordinator, 4, { keyType: 0, coordinatorKeys: ['g'] })
    await expect(hooks.waitForGroup('g', { members: 1 }, { timeoutMs: 10 })).rejects.toThrow(/Stable with 1 member/)
    const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }]
    const join = {
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      protocolType: 'consumer',
      protocols,
    }
    const { memberId, generationId } = await client.call(messages.joinGroup, 3, join)
    await client.call(messages.syncGroup, 2, { groupId: 'g', generationId, memberId, assignments: [] })
    await hooks.waitForGroup('g', { members: 1 })

    const commit = (committedOffset: number) =>
      client.call(messages.offsetCommit, 8, {
        groupId: 'g',
        generationIdOrMemberEpoch: generationId,
        memberId,
        topics: [
          {
            name: 't',
            partitions: [
              {
                partitionIndex: 0,
                committedOffset,
                committedMetadata: null,
              },
            ],
          },
        ],
      })
    await commit(0)
    await expect(hooks.waitForNoLag('g', { timeoutMs: 10 })).rejects.toThrow(/its lag is 1/)
    await commit(1)
    await hooks.waitForNoLag('g')
  })

  it('a session ends when the clock is moved on', async () => {
    await client.call(messages.findCoordinator, 4, { keyType: 0, coordinatorKeys: ['g'] })
    const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }]
    const join = {
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      protocolType: 'consumer',
      protocols,
    }
    const { memberId, generationId } = await client.call(messages.joinGroup, 3, join)
    await client.call(messages.syncGroup, 2, { groupId: 'g', generationId, memberId, assignments: [] })
    await hooks.waitForGroup('g', { members: 1 })
    await hooks.advanceClock(10_001)
    await hooks.waitForGroup('g', { state: 'Empty' })
  })
})

describe('the journal', () => {
  it('has who asked what, how it went, and which fault hit', async () => {
    const fault = hooks.fault({ api: 'Produce', disconnect: true })
    await client.call(messages.describeCluster, 1, { includeClusterAuthorizedOperations: false }, 'someone')
    await produce().catch(() => {})
    expect(hooks.requests()).toMatchObject([
      { api: 'DescribeCluster', version: 1, clientId: 'someone', outcome: 'answered', faultId: undefined },
      { api: 'Produce', version: 9, clientId: 'producer', outcome: 'closed', faultId: fault.id },
    ])
    expect(hooks.requests({ clientId: 'someone' })).toHaveLength(1)
    hooks.reset()
    expect(hooks.requests()).toEqual([])
  })
})

describe('an adjustable clock', () => {
  it('runs what falls due in order, and goes on by the clock under it', async () => {
    const base = virtualClock(0)
    const clock = adjustableClock(base)
    const ran: string[] = []
    const note = (what: string) => () => void ran.push(`${what} at ${clock.now()}`)
    clock.after(100, () => {
      note('a')()
      clock.after(50, note('c'))
    })
    clock.after(120, note('b'))
    clock.after(10_000, note('d'))
    clock.after(110, note('never')).cancel()
    await clock.advance(200)
    expect(ran).toEqual(['a at 100', 'b at 120', 'c at 150'])
    expect([clock.now(), base.now()]).toEqual([200, 0])
    await base.advance(9_800)
    expect(ran.at(-1)).toBe('d at 10000')
  })
})
