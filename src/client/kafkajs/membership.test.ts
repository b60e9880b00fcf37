import { describe, expect, it } from 'vitest'
import { virtualClock } from '../../base/clock.js'
import { silentLog } from '../../base/log.js'
import { seededRandom } from '../../base/random.js'
import { consumerOptions } from '../../testing/driver-contract/harness.js'
import type { ConsumerHandler } from '../port.js'
import { Membership } from './membership.js'
import type { KafkajsBroker, KafkajsCluster } from './vendor.js'

const UNKNOWN_MEMBER_ID = 25
const partitions = [{ topic: 't', partition: 0 }]
const protocolError = (code: number): Error => Object.assign(new Error(`code ${code}`), { code })

/** A membership between a fake coordinator and a handler, both of which write down what they are asked. */
function membership(handler: Partial<ConsumerHandler> = {}) {
  const clock = virtualClock()
  const seen: string[] = []
  const fail: { heartbeat?: number; commit?: number } = {}
  let generation = 0
  const coordinator = {
    isConnected: () => true,
    lookupRequest: () => () => ({}),
    joinGroup: async ({ memberId }: { memberId?: string }) => {
      seen.push(`join as '${memberId}'`)
      return { memberId: memberId || 'm', generationId: ++generation }
    },
    heartbeat: async ({ groupGenerationId }: { groupGenerationId: number }) => {
      seen.push(`heartbeat ${groupGenerationId}`)
      if (fail.heartbeat !== undefined) throw protocolError(fail.heartbeat)
    },
    offsetCommit: async (request: { groupGenerationId: number; memberId: string }) => {
      seen.push(`commit of ${request.memberId} in ${request.groupGenerationId}`)
      if (fail.commit !== undefined) throw protocolError(fail.commit)
    },
    leaveGroup: async () => void seen.push('leave'),
  }
  const cluster = {
    findGroupCoordinator: async () => coordinator as unknown as KafkajsBroker,
  } as unknown as KafkajsCluster
  const all: ConsumerHandler = {
    onAssigned: async () => [],
    onRevoked: async () => void seen.push('revoked'),
    onLost: () => void seen.push('lost'),
    onRecords: () => {},
    onOffsetOutOfRange: () => {},
    onState: () => {},
    ...handler,
  }
  const context = {
    connection: { bootstrapServers: [], clientId: 'c' },
    log: silentLog,
    clock,
    random: seededRandom(1),
  }
  const options = consumerOptions({ groupId: 'g', rebalanceTimeoutMs: 10_000, heartbeatIntervalMs: 1_000 })
  const member = new Membership(
    context,
    options,
    all,
    async () => {},
    () => protocolError(27),
  )
  member.attach(cluster)
  /** As kafkajs joins. */
  const join = async (memberId = ''): Promise<number> => {
    const found = await cluster.findGroupCoordinator({ groupId: 'g' })
    await found.joinGroup({ memberId })
    return member.joined(partitions).epoch
  }
  return { clock, seen, fail, member, join, coordinator: coordinator as unknown as KafkajsBroker }
}

describe('membership', () => {
  it('no join before the framework has given up what it holds, with heartbeats meanwhile', async () => {
    let finish = (): void => {}
    const { clock, seen, join, member } = membership({ onRevoked: () => new Promise((resolve) => (finish = resolve)) })
    const first = await join()
    const second = join('m')
    await clock.advance(2_500)
    expect(seen).toEqual([`join as ''`, 'heartbeat 1', 'heartbeat 1'])
    expect(member.holds(first)).toBe(true)
    finish()
    expect(await second).not.toBe(first)
    expect(member.holds(first)).toBe(false)
    expect(seen.at(-1)).toBe(`join as 'm'`)
  })

  it('does not wait longer than its share of the rebalance', async () => {
    const deadlines: number[] = []
    const clockNow = (): number => clock.now()
    const { clock, join } = membership({
      onRevoked: (_, deadlineMs) => (deadlines.push(deadlineMs - clockNow()), new Promise(() => {})),
    })
    await join()
    const again = join('m')
    await clock.advance(8_000)
    await again
    expect(deadlines).toEqual([8_000])
    expect(clock.pending).toBe(0)
  })

  it('a commit goes out under the generation of its assignment, or not at all', async () => {
    const { seen, join, member, clock } = membership()
    const first = await join()
    await member.commit([{ ...partitions[0]!, offset: 1 }], first)
    const again = join('m')
    await clock.advance(0)
    const second = await again
    await expect(member.commit([{ ...partitions[0]!, offset: 2 }], first)).rejects.toMatchObject({ kind: 'fenced' })
    await member.commit([{ ...partitions[0]!, offset: 2 }], second)
    expect(seen.filter((line) => line.startsWith('commit'))).toEqual(['commit of m in 1', 'commit of m in 2'])
  })

  it('tries a commit again while the coordinator is loading, and gives up in the end', async () => {
    const { seen, fail, join, member, clock } = membership()
    const epoch = await join()
    fail.commit = 14
    const commit = member.commit([{ ...partitions[0]!, offset: 1 }], epoch)
    const refused = expect(commit).rejects.toMatchObject({ kind: 'retriable', code: 'COORDINATOR_LOAD_IN_PROGRESS' })
    await clock.advance(1_000)
    await refused
    expect(seen.filter((line) => line.startsWith('commit'))).toHaveLength(4)
  })

  it('what the group took away is lost, not given up, and the member joins as a new one', async () => {
    const { seen, fail, join, coordinator, clock } = membership()
    await join()
    fail.heartbeat = UNKNOWN_MEMBER_ID
    await coordinator.heartbeat({ groupGenerationId: 1 }).catch(() => {})
    const again = join('')
    await clock.advance(0)
    await again
    expect(seen).toEqual([`join as ''`, 'heartbeat 1', 'lost', `join as ''`])
  })

  it('learns during the drain that it was expelled, and waits no more', async () => {
    const { seen, fail, join, clock } = membership({ onRevoked: () => new Promise(() => {}) })
    await join()
    const again = join('m')
    await clock.advance(0)
    fail.heartbeat = UNKNOWN_MEMBER_ID
    await clock.advance(1_000)
    await again
    expect(seen.includes('lost')).toBe(true)
  })

  it('a rebuilt consumer goes on as the same member, and a crash does not leave the group', async () => {
    const { seen, join, coordinator, clock } = membership()
    await join()
    await coordinator.leaveGroup({})
    const again = join('')
    await clock.advance(0)
    await again
    expect(seen).toEqual([`join as ''`, 'revoked', `join as 'm'`])
  })

  it('after the last give-up it leaves, and joins no more', async () => {
    const { seen, member, join, coordinator } = membership()
    await join()
    await member.leave(1_000)
    await coordinator.leaveGroup({})
    await expect(join('m')).rejects.toMatchObject({ kind: 'closed' })
    expect(seen).toEqual([`join as ''`, 'revoked', 'leave'])
  })

  it('asks for a rejoin with the next heartbeat', async () => {
    const { member, join, coordinator } = membership()
    await join()
    member.rejoin()
    await expect(coordinator.heartbeat({ groupGenerationId: 1 })).rejects.toMatchObject({ code: 27 })
  })
})
