/** What a driver may tell, in which order: a stand-in driver whose moves the test makes. */
import { describe, expect, it } from 'vitest'
import { deferred, memoryApp, settle, until } from '../../../test/messaging/memory-app.js'
import type { MemoryApp } from '../../../test/messaging/memory-app.js'
import type { AdminPort, CommitOffset, ConsumerHandler, IncomingRecords } from '../../client/port.js'
import { memoryDriver, MemoryCluster } from '../../testing/memory-driver/index.js'
import { virtualClock } from '../../base/clock.js'
import { ConsumerRecord, string, topic } from '../../index.js'

const Words = topic('words', { value: string(), partitions: 3 })
const tp = (partition: number) => ({ topic: 'words', partition })

const records = (partition: number, epoch: number, offset: number, ...values: string[]): IncomingRecords => ({
  ...tp(partition),
  epoch,
  nextOffset: offset + values.length,
  highWatermark: 100,
  records: values.map(
    (value, index) =>
      new ConsumerRecord(
        'words',
        partition,
        offset + index,
        null,
        null,
        [],
        0,
        'CreateTime',
        0,
        null,
        Buffer.from(value),
      ),
  ),
})

interface Driven {
  readonly app: MemoryApp
  readonly handler: ConsumerHandler
  readonly seen: string[]
  readonly commits: { offsets: readonly CommitOffset[]; epoch: number }[]
  /** Committed offsets are answered one by one, when the test says so. */
  readonly answer: (() => void)[]
}

async function driven(): Promise<Driven> {
  const cluster = new MemoryCluster({ clock: virtualClock() })
  const driver = memoryDriver(cluster)
  const commits: Driven['commits'] = []
  const answer: (() => void)[] = []
  let handler: ConsumerHandler | undefined
  const app = memoryApp({
    cluster,
    topics: [Words],
    driver: {
      ...driver,
      admin(): AdminPort {
        const admin = driver.admin()
        return {
          ...admin,
          async committedOffsets(group, partitions) {
            const gate = deferred()
            answer.push(gate.resolve)
            await gate.promise
            return admin.committedOffsets(group, partitions)
          },
        }
      },
      consumer: () => ({
        async start(_subscription, own) {
          handler = own
        },
        pause() {},
        resume() {},
        seek() {},
        async commit(offsets, epoch) {
          commits.push({ offsets, epoch })
        },
        groupMetadata: () => undefined,
        async close() {},
      }),
    },
  })
  const seen: string[] = []
  app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
  await app.k.start()
  return { app, handler: handler!, seen, commits, answer }
}

describe('assignments', () => {
  it('that come while an earlier one is being asked about leave that one standing (cooperative rebalances)', async () => {
    const { app, handler, seen, commits, answer } = await driven()
    const first = handler.onAssigned([tp(0)], 1)
    await until(() => answer.length === 1)
    const second = handler.onAssigned([tp(1)], 2)
    await until(() => answer.length === 2)
    answer[1]!()
    expect(await second).toMatchObject([{ partition: 1 }])
    answer[0]!()
    expect(await first).toMatchObject([{ partition: 0 }])
    handler.onRecords(records(0, 2, 0, 'a'))
    handler.onRecords(records(1, 2, 0, 'b'))
    await until(() => commits.flatMap(({ offsets }) => offsets).length === 2)
    expect(seen).toEqual(['a', 'b'])
    expect(commits.every(({ epoch }) => epoch === 2)).toBe(true)
    await app.k.stop()
  })

  it('that are revoked while being asked about begin nothing', async () => {
    const { app, handler, seen, answer } = await driven()
    const assigned = handler.onAssigned([tp(0), tp(1)], 1)
    await until(() => answer.length === 1)
    await handler.onRevoked([tp(0)], app.clock.now() + 1_000)
    answer[0]!()
    await assigned
    handler.onRecords(records(0, 1, 0, 'revoked'))
    handler.onRecords(records(1, 1, 0, 'kept'))
    await until(() => seen.length > 0)
    await settle()
    expect(seen).toEqual(['kept'])
    expect(app.k.registry.all[0]!.assignedPartitions).toEqual([tp(1)])
    await app.k.stop()
  })

  it('do not take records that were fetched for an earlier one', async () => {
    const { app, handler, seen, answer } = await driven()
    for (const epoch of [1, 2]) {
      const assigned = handler.onAssigned([tp(0)], epoch)
      await until(() => answer.length === epoch)
      answer.at(-1)!()
      await assigned
      if (epoch === 1) await handler.onRevoked([tp(0)], app.clock.now() + 1_000)
    }
    handler.onRecords(records(0, 1, 0, 'stale'))
    handler.onRecords(records(0, 2, 5, 'fresh'))
    await until(() => seen.length > 0)
    await settle()
    expect(seen).toEqual(['fresh'])
    await app.k.stop()
  })

  it('have their position committed past what the broker does not show', async () => {
    const { app, handler, commits, answer } = await driven()
    const assigned = handler.onAssigned([tp(0)], 1)
    await until(() => answer.length === 1)
    answer[0]!()
    await assigned
    handler.onRecords({ ...records(0, 1, 0, 'a'), nextOffset: 3 })
    await until(() => commits.length === 1)
    expect(commits[0]!.offsets).toEqual([{ ...tp(0), offset: 3 }])
    handler.onRecords({ ...records(0, 1, 3), nextOffset: 9 })
    await app.clock.advance(20)
    await until(() => commits.length === 2)
    expect(commits[1]!.offsets).toEqual([{ ...tp(0), offset: 9 }])
    await app.k.stop()
  })
})
