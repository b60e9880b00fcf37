/**
 * Whole runs from one seed each, on virtual time: applications come and go, members are lost, the broker stops, commits
 * fail, handlers are slow, fail and hang. Whatever happens: no record is passed over, none begins before all those before
 * it in its partition are done, and in the end everything is handled and committed.
 */
import { describe, expect, it } from 'vitest'
import { memoryApp, settle } from '../../../test/messaging/memory-app.js'
import type { MemoryApp } from '../../../test/messaging/memory-app.js'
import { sleep, virtualClock } from '../../base/clock.js'
import { seededRandom } from '../../base/random.js'
import type { Random } from '../../base/random.js'
import { DriverError } from '../../client/port.js'
import { MemoryCluster } from '../../testing/memory-driver/index.js'
import { DefaultErrorHandler, fixed, string, topic } from '../../index.js'
import type { AckMode, ListenerOptions } from '../../index.js'

const PARTITIONS = 4
const RECORDS = 60
const Words = topic('words', { value: string(), partitions: PARTITIONS })
const GROUP = 'g'

class Journal {
  /** By partition: offsets whose handler ended, or that were given up. */
  readonly done: Set<number>[] = Array.from({ length: PARTITIONS }, () => new Set())
  readonly offences: string[] = []

  begins(partition: number, offset: number): void {
    for (let before = 0; before < offset; before++) {
      if (this.done[partition]!.has(before)) continue
      this.offences.push(`words-${partition}@${offset} began before @${before} was done`)
      return
    }
  }

  ended(partition: number, offset: number): void {
    this.done[partition]!.add(offset)
  }
}

function application(cluster: MemoryCluster, journal: Journal, random: Random, ackMode: AckMode): MemoryApp {
  const app = memoryApp({
    cluster,
    consumer: { maxPollRecords: 1 + random.below(10), rebalanceTimeoutMs: 2_000, queuedBytesMax: 1_000 },
  })
  const options: ListenerOptions<string, string> & { batch?: false } = {
    groupId: GROUP,
    ackMode,
    concurrency: 1 + random.below(2),
    handlerTimeoutMs: 5_000,
    shutdownTimeoutMs: 1_000,
    stopImmediate: random.below(2) === 0,
    errorHandler: new DefaultErrorHandler({
      attempts: 3,
      backOff: fixed(50),
      recoverer: ({ record }) => {
        if (random.below(3) === 0) throw new Error('recoverer down')
        journal.ended(record.partition, record.offset)
      },
    }),
  }
  app.k.listen(Words, options, (_word, ctx) => {
    const { partition, offset } = ctx
    journal.begins(partition, offset)
    const end = (): void => {
      journal.ended(partition, offset)
      if (ackMode.startsWith('MANUAL')) ctx.ack()
    }
    const fate = random.below(20)
    if (fate === 0) throw new Error('sync failure')
    if (fate < 8) return end()
    return (async () => {
      if (fate === 8) throw new Error('async failure')
      if (fate === 9 && random.below(5) === 0) await new Promise(() => {})
      await sleep(app.clock, random.below(200))
      if (!ctx.signal.aborted) end()
    })()
  })
  return app
}

async function run(seed: number, ackMode: AckMode): Promise<void> {
  const random = seededRandom(seed)
  const clock = virtualClock()
  const cluster = new MemoryCluster({ clock, topics: [{ name: 'words', partitions: PARTITIONS }] })
  const journal = new Journal()
  let faulty = true
  cluster.faults.commit = () =>
    faulty && random.below(10) === 0 ? new DriverError('retriable', 'coordinator loading') : undefined
  const running: MemoryApp[] = []
  const stopping: Promise<void>[] = []
  const start = (): void => {
    const app = application(cluster, journal, random, ackMode)
    running.push(app)
    void app.k.start()
  }
  const stop = (): void => {
    const [app] = running.splice(random.below(running.length), 1)
    stopping.push(app!.k.stop())
  }
  const produce = (): void => {
    const partition = random.below(PARTITIONS)
    const log = cluster.partition({ topic: 'words', partition })
    const count = Math.min(1 + random.below(8), RECORDS - log.endOffset)
    for (let i = 0; i < count; i++) cluster.append('words', { partition, value: Buffer.from(`${log.endOffset}`) })
  }
  start()
  for (let step = 0; step < 120; step++) {
    produce()
    const event = random.below(12)
    if (event === 0 && running.length < 3) start()
    else if (event === 1 && running.length > 1) stop()
    else if (event === 2) cluster.group(GROUP).rebalance()
    else if (event === 3) {
      const members = [...cluster.group(GROUP).members.keys()]
      if (members.length > 0) cluster.group(GROUP).expire(members[random.below(members.length)]!)
    } else if (event === 4) {
      cluster.stop()
      await clock.advance(random.below(500))
      cluster.start()
    } else if (event === 5) {
      const container = running[random.below(running.length)]?.k.registry.all[0]
      container?.pause()
      await clock.advance(random.below(300))
      container?.resume()
    }
    await clock.advance(random.below(300))
  }
  faulty = false
  if (running.length === 0) start()
  const finished = (): boolean =>
    Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: 'words', partition })).every(
      (tp) => (cluster.committed(GROUP, tp) ?? 0) === cluster.partition(tp).endOffset,
    )
  for (let waited = 0; waited < 400 && !finished(); waited++) await clock.advance(500)
  const left = [...running.map((app) => app.k.stop()), ...stopping]
  await clock.advance(10_000)
  await Promise.all(left)
  await settle(5)

  expect(journal.offences, `seed ${seed}`).toEqual([])
  expect(finished(), `seed ${seed}: everything is committed`).toBe(true)
  for (const [partition, done] of journal.done.entries()) {
    expect(done.size, `seed ${seed}: everything is handled`).toBe(
      cluster.partition({ topic: 'words', partition }).endOffset,
    )
  }
  expect(clock.pending, `seed ${seed}: no timer is left`).toBe(0)
}

describe('a run with everything going wrong', () => {
  for (const ackMode of ['BATCH', 'RECORD', 'COUNT_TIME', 'MANUAL', 'MANUAL_IMMEDIATE'] as const) {
    it(`loses nothing and keeps the order in ack mode ${ackMode}`, async () => {
      for (let seed = 1; seed <= 6; seed++) await run(seed, ackMode)
    })
  }
})
