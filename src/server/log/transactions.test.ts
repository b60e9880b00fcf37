/** Transactions in a log: what readers of committed records see, through rolls, restarts and crashes. */
import { describe, expect, it } from 'vitest'
import { virtualClock } from '../../base/clock.js'
import { silentLog } from '../../base/log.js'
import { seededRandom } from '../../base/random.js'
import { ErrorCode } from '../../protocol/errors.js'
import {
  batch,
  BatchBuilder,
  batchPositions,
  ControlType,
  controlTypeOf,
  endMarkerBatch,
  RecordCursor,
} from '../../protocol/records/index.js'
import type { Disk } from '../disk/disk.js'
import { memoryDisk } from '../disk/memory-disk.js'
import { loadLog } from './load-log.js'
import { DEFAULT_LOG_CONFIG, type LogConfig } from './log-config.js'
import { PartitionLog } from './partition-log.js'
import { WriteTurn } from './write-queue.js'

const FOLDER = '/data/orders-0'
const NOW_MS = 1_700_000_000_000

async function open(
  disk: Disk,
  config: Partial<LogConfig> = {},
  clean = true,
  recoveryPoint = 0,
): Promise<PartitionLog> {
  disk.makeDirectory(FOLDER)
  const clock = virtualClock()
  const whole = { ...DEFAULT_LOG_CONFIG, ...config }
  const nowMs = clock.now()
  const content = await loadLog({
    disk,
    folder: FOLDER,
    config: whole,
    log: silentLog,
    nowMs,
    clean,
    recoveryPoint,
    logStartOffset: 0,
  })
  const environment = { disk, clock, random: seededRandom(1), turn: new WriteTurn(), cache: undefined }
  return new PartitionLog(environment, FOLDER, whole, content, { committed: () => {}, failed: () => {} })
}

interface Writer {
  readonly producerId: number
  producerEpoch: number
  baseSequence: number
}

function data({ producerId, producerEpoch, baseSequence }: Writer, values: readonly string[], transactional = true) {
  const builder = new BatchBuilder()
  for (const value of values) builder.append({ key: null, value: Buffer.from(value), timestampMs: NOW_MS })
  return builder.finish({ producerId, producerEpoch, baseSequence, transactional })
}

const marker = ({ producerId, producerEpoch }: Writer, committed: boolean, coordinatorEpoch = 0): Buffer =>
  endMarkerBatch({ producerId, producerEpoch, committed, coordinatorEpoch, timestampMs: NOW_MS })

const refusal = (code: ErrorCode): unknown => expect.objectContaining({ code })

/** Reads as consumers do that are isolated: piece by piece, without the records of transactions known as aborted. */
async function readCommitted(log: PartitionLog, fromOffset: number, maxBytes: number): Promise<string[]> {
  const seen: string[] = []
  let position = fromOffset
  for (;;) {
    const bytes = await log.read(position, { maxBytes, minOneBatch: true, endOffset: log.lastStableOffset })
    if (bytes.length === 0) return seen
    let next = position
    for (const at of batchPositions(bytes)) next = batch.nextOffset(bytes, at)
    const aborted = log.abortedTransactions(position, next).toSorted((a, b) => a.firstOffset - b.firstOffset)
    const skipped = new Set<number>()
    for (const at of batchPositions(bytes)) {
      while (aborted.length > 0 && aborted[0]!.firstOffset <= batch.lastOffset(bytes, at)) {
        skipped.add(aborted.shift()!.producerId)
      }
      const producerId = batch.producerId(bytes, at)
      const cursor = new RecordCursor(bytes, at)
      if (batch.isControl(bytes, at)) {
        if (cursor.next() && controlTypeOf(cursor.key) === ControlType.ABORT) skipped.delete(producerId)
      } else if (!batch.isTransactional(bytes, at) || !skipped.has(producerId)) {
        while (cursor.next()) if (cursor.offset >= position) seen.push(cursor.value!.toString())
      }
    }
    position = next
  }
}

/** Producers that begin, commit and abort as the dice fall; keeps what readers must see. */
class Producers {
  private readonly random
  private readonly writers: (Writer & { open: { offset: number; value: string }[] | undefined })[]
  readonly committed: { readonly offset: number; readonly value: string }[] = []
  private written = 0

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.writers = [1, 2, 3].map((producerId) => ({ producerId, producerEpoch: 0, baseSequence: 0, open: undefined }))
  }

  step(log: PartitionLog): void {
    const writer = this.writers[this.random.below(this.writers.length)]!
    const dice = this.random.next()
    if (writer.open && dice < 0.3) {
      const committed = dice < 0.15
      const { open } = writer
      log.append(marker(writer, committed), 'coordinator', 0)
      if (committed) this.committed.push(...open)
      writer.open = undefined
      return
    }
    const transactional = writer.open !== undefined || dice < 0.8
    const values = Array.from({ length: 1 + this.random.below(3) }, () => `${writer.producerId}-${this.written++}`)
    const { baseOffset } = log.append(data(writer, values, transactional), 'client', 0)
    writer.baseSequence += values.length
    const records = values.map((value, i) => ({ offset: baseOffset + i, value }))
    if (!transactional) this.committed.push(...records)
    else if (writer.open) writer.open.push(...records)
    else writer.open = records
  }

  /** First offset of the oldest open transaction. */
  get firstOpen(): number | undefined {
    const open = this.writers.flatMap((writer) => writer.open?.[0]?.offset ?? [])
    return open.length === 0 ? undefined : Math.min(...open)
  }

  seen(fromOffset: number, endOffset: number): string[] {
    const visible = this.committed.filter(({ offset }) => offset >= fromOffset && offset < endOffset)
    return visible.toSorted((a, b) => a.offset - b.offset).map(({ value }) => value)
  }

  endAll(log: PartitionLog): void {
    for (const writer of this.writers.filter(({ open }) => open)) {
      log.append(marker(writer, true), 'coordinator', 0)
      this.committed.push(...writer.open!)
      writer.open = undefined
    }
  }
}

describe('transactions in a log', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'show what was committed, through rolls, restarts and crashes (seed %i)',
    async (seed) => {
      const random = seededRandom(seed + 100)
      const disk = memoryDisk()
      const config = { segmentBytes: 1500, indexIntervalBytes: 200 }
      const producers = new Producers(seed)
      let log = await open(disk, config)
      const check = async (): Promise<void> => {
        const end = log.logEndOffset
        await log.committed(end - 1)
        expect(log.lastStableOffset).toBe(producers.firstOpen ?? end)
        for (const maxBytes of [1, 400, 100_000]) {
          const from = random.below(end)
          expect(await readCommitted(log, from, maxBytes)).toEqual(producers.seen(from, log.lastStableOffset))
        }
      }
      for (let round = 0; round < 25; round++) {
        for (let i = random.below(12); i >= 0; i--) producers.step(log)
        await check()
        const dice = random.next()
        if (dice < 0.3) await log.flush()
        if (dice > 0.5) {
          const clean = dice > 0.75
          const { recoveryPoint, logEndOffset } = log
          const aborted = log.abortedTransactions(0, logEndOffset)
          if (clean) await log.close()
          else log.release()
          log = await open(disk, config, clean, recoveryPoint)
          expect(log.abortedTransactions(0, logEndOffset)).toEqual(aborted)
          await check()
        }
      }
      producers.endAll(log)
      await check()
      expect(log.segments.count).toBeGreaterThan(5)
    },
  )

  it('stable are offsets whose transaction has ended, once the marker is written', async () => {
    const log = await open(memoryDisk())
    const writer = { producerId: 1, producerEpoch: 0, baseSequence: 0 }
    log.append(data(writer, ['a', 'b']), 'client', 0)
    expect(log.lastStableOffset).toBe(0)
    await log.committed(1)
    expect(log).toMatchObject({ lastStableOffset: 0, highWatermark: 2 })
    log.append(marker(writer, true), 'coordinator', 0)
    expect(log.lastStableOffset).toBe(0)
    await log.committed(2)
    expect(log.lastStableOffset).toBe(3)
  })

  it('the last stable offset is never below the log start', async () => {
    const log = await open(memoryDisk())
    log.append(data({ producerId: 1, producerEpoch: 0, baseSequence: 0 }, ['a', 'b', 'c']), 'client', 0)
    await log.committed(2)
    log.moveStart(2)
    expect(log.lastStableOffset).toBe(2)
  })

  it('a file that can be no index of aborted transactions is made anew', async () => {
    const disk = memoryDisk()
    const log = await open(disk)
    const writer = { producerId: 1, producerEpoch: 0, baseSequence: 0 }
    log.append(data(writer, ['a']), 'client', 0)
    log.append(marker(writer, false), 'coordinator', 0)
    await log.close()
    const path = `${FOLDER}/00000000000000000000.txnindex`
    expect(disk.readFile(path)).toHaveLength(34)
    disk.writeFile(path, Buffer.alloc(33))
    await disk.remove(`${FOLDER}/00000000000000000002.snapshot`)
    const again = await open(disk)
    expect(again.abortedTransactions(0, 2)).toEqual([
      { producerId: 1, firstOffset: 0, lastOffset: 1, lastStableOffset: 2 },
    ])
  })

  it('without aborted transactions there is no index of them', async () => {
    const disk = memoryDisk()
    const log = await open(disk)
    const writer = { producerId: 1, producerEpoch: 0, baseSequence: 0 }
    log.append(data(writer, ['a']), 'client', 0)
    log.append(marker(writer, true), 'coordinator', 0)
    await log.close()
    expect(disk.list(FOLDER).filter(({ name }) => name.endsWith('.txnindex'))).toEqual([])
  })
})

describe('a producer', () => {
  const writer = { producerId: 1, producerEpoch: 3, baseSequence: 0 }
  const begun = async (): Promise<PartitionLog> => {
    const log = await open(memoryDisk())
    log.append(data(writer, ['a']), 'client', 0)
    return log
  }

  it('writes nothing outside the transaction that it has open', async () => {
    const log = await begun()
    expect(() => log.append(data({ ...writer, baseSequence: 1 }, ['b'], false), 'client', 0)).toThrow(
      refusal(ErrorCode.INVALID_TXN_STATE),
    )
    log.append(marker(writer, true), 'coordinator', 0)
    log.append(data({ ...writer, baseSequence: 1 }, ['b'], false), 'client', 0)
  })

  it('is fenced by an epoch, its coordinator by another: neither ends what a newer one has begun', async () => {
    const log = await begun()
    const older = { ...writer, producerEpoch: 2 }
    expect(() => log.append(marker(older, false), 'coordinator', 0)).toThrow(refusal(ErrorCode.INVALID_PRODUCER_EPOCH))
    expect(() => log.append(data({ ...older, baseSequence: -1 }, ['offsets']), 'coordinator', 0)).toThrow(
      refusal(ErrorCode.INVALID_PRODUCER_EPOCH),
    )
    log.append(marker(writer, true, 5), 'coordinator', 0)
    expect(() => log.append(marker(writer, true, 4), 'coordinator', 0)).toThrow(
      refusal(ErrorCode.TRANSACTION_COORDINATOR_FENCED),
    )
    expect(log.logEndOffset).toBe(2)
  })

  it('is ended by a higher epoch where each transaction has its own, and so again if need be', async () => {
    const log = await begun()
    const check = (epoch: number, version: number) => (): void => log.producers.checkEndMarker(1, epoch, version)
    const fenced = refusal(ErrorCode.INVALID_PRODUCER_EPOCH)
    expect(check(3, 0)).not.toThrow()
    expect(check(3, 2)).toThrow(fenced)
    expect(check(2, 2)).toThrow(fenced)
    expect(check(4, 2)).not.toThrow()
    log.append(marker({ ...writer, producerEpoch: 4 }, true), 'coordinator', 0)
    expect(check(4, 2)).not.toThrow()
    expect(check(3, 2)).toThrow(fenced)
  })

  it('goes on with its sequences where the epoch has stayed', async () => {
    const log = await begun()
    log.append(marker(writer, true), 'coordinator', 0)
    log.verification({ ...first, baseSequence: 1, bumpsEpoch: true })
    expect(() => log.append(data({ ...writer, baseSequence: 1 }, ['b']), 'client', 0)).not.toThrow()
  })

  const first = { producerId: 1, producerEpoch: 3, baseSequence: 0, bumpsEpoch: false }

  it('needs no verification while its transaction is open', async () => {
    const log = await begun()
    expect(log.verification(first)).toBeUndefined()
    expect(log.producers.isVerified(1, 3, undefined)).toBe(true)
    expect(() => log.verification({ ...first, producerEpoch: 2 })).toThrow(refusal(ErrorCode.INVALID_PRODUCER_EPOCH))
  })

  it('is not verified when a transaction was ended while its coordinator was asked', async () => {
    const log = await open(memoryDisk())
    const verification = log.verification(first)
    expect(log.verification(first)).toBe(verification)
    expect(log.producers.isVerified(1, 3, verification)).toBe(true)
    expect(log.producers.isVerified(1, 3, undefined)).toBe(false)
    log.append(marker(writer, false), 'coordinator', 0)
    expect(log.producers.isVerified(1, 3, verification)).toBe(false)
    expect(log.producers.isVerified(1, 3, undefined)).toBe(false)
  })

  it('writes first what was sent first, also where nothing is known of it', async () => {
    const log = await open(memoryDisk())
    log.verification({ ...first, baseSequence: 7 })
    log.verification({ ...first, baseSequence: 5 })
    const outOfOrder = refusal(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
    expect(() => log.append(data({ ...writer, baseSequence: 7 }, ['c']), 'client', 0)).toThrow(outOfOrder)
    log.append(data({ ...writer, baseSequence: 5 }, ['a', 'b']), 'client', 0)
    log.append(data({ ...writer, baseSequence: 7 }, ['c']), 'client', 0)
    expect(() => log.append(data({ ...writer, baseSequence: 9 }, ['e']), 'client', 0)).toThrow(outOfOrder)
  })

  it('whose epoch rises with each transaction begins each with sequence 0', async () => {
    const log = await open(memoryDisk())
    log.verification({ ...first, baseSequence: 4, bumpsEpoch: true })
    expect(() => log.append(data({ ...writer, baseSequence: 4 }, ['b']), 'client', 0)).toThrow(
      refusal(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER),
    )
    log.append(data(writer, ['a']), 'client', 0)
  })
})
