import { describe, expect, it } from 'vitest'
import { ErrorCode } from '../../protocol/errors.js'
import { formatProducerSnapshot, parseProducerSnapshot } from './producer-snapshot.js'
import { ProducerState, type ProducerBatch } from './producer-state.js'

const batch = (baseSequence: number, count: number, baseOffset: number, more: Partial<ProducerBatch> = {}) => ({
  producerId: 7,
  producerEpoch: 0,
  baseSequence,
  baseOffset,
  lastOffsetDelta: count - 1,
  maxTimestamp: 1000,
  isTransactional: false,
  ...more,
})
const having = (...batches: ProducerBatch[]): ProducerState => {
  const state = new ProducerState()
  for (const one of batches) state.update(one)
  return state
}
const outOfOrder = expect.objectContaining({ code: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER })

describe('producer state', () => {
  it('takes an unknown producer with any sequence, then only the next one', () => {
    const state = having()
    expect(state.check(batch(41, 3, -1))).toBeUndefined()
    state.update(batch(41, 3, 0))
    expect(state.check(batch(44, 1, -1))).toBeUndefined()
    expect(() => state.check(batch(45, 1, -1))).toThrow(outOfOrder)
    expect(() => state.check(batch(40, 1, -1))).toThrow(outOfOrder)
  })

  it('knows the last five batches again, and no older ones', () => {
    const state = having(...[0, 1, 2, 3, 4, 5].map((i) => batch(i * 10, 10, 100 + i * 10)))
    expect(state.check(batch(10, 10, -1))).toMatchObject({ lastOffset: 119, offsetDelta: 9 })
    expect(state.check(batch(50, 10, -1))).toMatchObject({ lastOffset: 159 })
    expect(() => state.check(batch(0, 10, -1))).toThrow(outOfOrder)
    expect(() => state.check(batch(50, 9, -1))).toThrow(outOfOrder)
  })

  it('fences older epochs, and lets a new one begin with 0 only', () => {
    const state = having(batch(5, 1, 0, { producerEpoch: 3 }))
    const fenced = expect.objectContaining({ code: ErrorCode.INVALID_PRODUCER_EPOCH })
    expect(() => state.check(batch(6, 1, -1, { producerEpoch: 2 }))).toThrow(fenced)
    expect(() => state.check(batch(6, 1, -1, { producerEpoch: 4 }))).toThrow(outOfOrder)
    expect(state.check(batch(0, 1, -1, { producerEpoch: 4 }))).toBeUndefined()
    state.update(batch(0, 1, 1, { producerEpoch: 4 }))
    expect(() => state.check(batch(5, 1, -1, { producerEpoch: 4 }))).toThrow(outOfOrder)
  })

  it('counts on from 0 after 2147483647', () => {
    const state = having(batch(2147483646, 2, 0))
    expect(state.check(batch(0, 1, -1))).toBeUndefined()
    state.update(batch(2147483647, 3, 2, { producerId: 8 }))
    expect(state.check(batch(2, 1, -1, { producerId: 8 }))).toBeUndefined()
    expect(state.check(batch(2147483647, 3, -1, { producerId: 8 }))).toMatchObject({ lastOffset: 4 })
  })

  it('forgets a producer that was silent for long, unless its transaction is open', () => {
    const state = having(
      batch(0, 1, 0, { producerId: 1, maxTimestamp: 100 }),
      batch(0, 1, 1, { producerId: 2, maxTimestamp: 200 }),
      batch(0, 1, 2, { producerId: 3, maxTimestamp: 100, isTransactional: true }),
    )
    state.expire(1150, 1000)
    expect(state.size).toBe(2)
    expect(state.check(batch(77, 1, -1, { producerId: 1 }))).toBeUndefined()
    expect(() => state.check(batch(77, 1, -1, { producerId: 2 }))).toThrow(outOfOrder)
  })

  it('is unstable from the first offset of an open transaction, until its end is below the high watermark', () => {
    const state = having(
      batch(0, 5, 10, { producerId: 1, isTransactional: true }),
      batch(0, 5, 15, { producerId: 2, isTransactional: true }),
    )
    expect(state.firstUnstableOffset).toBe(10)
    const marker = batch(-1, 1, 20, { producerId: 1, isTransactional: true })
    expect(state.endTransaction(marker, 0)).toBe(10)
    state.settle(20)
    expect(state.firstUnstableOffset).toBe(10)
    state.settle(21)
    expect(state.firstUnstableOffset).toBe(15)
    state.endTransaction(batch(-1, 1, 21, { producerId: 2 }), 0)
    state.settle(22)
    expect(state.firstUnstableOffset).toBeUndefined()
  })

  it('survives in a snapshot, of which Kafka knows the form', () => {
    const state = having(batch(3, 4, 10, { producerId: 1 }), batch(0, 2, 20, { producerId: 2, isTransactional: true }))
    const content = formatProducerSnapshot(state.snapshot())
    expect(content.length).toBe(2 + 4 + 4 + 2 * 46)
    expect(content.readInt16BE(0)).toBe(1)
    const again = new ProducerState()
    again.restore(parseProducerSnapshot(content))
    expect(again.check(batch(3, 4, -1, { producerId: 1 }))).toMatchObject({ lastOffset: 13 })
    expect(again.check(batch(7, 1, -1, { producerId: 1 }))).toBeUndefined()
    expect(again.firstUnstableOffset).toBe(20)
    expect(again.snapshot()).toEqual(state.snapshot())
  })

  it('a damaged snapshot is refused', () => {
    const content = formatProducerSnapshot(having(batch(0, 1, 0)).snapshot())
    for (const at of [1, 3, 20]) {
      const damaged = Buffer.from(content)
      damaged[at]! ^= 1
      expect(() => parseProducerSnapshot(damaged)).toThrow(/snapshot/)
    }
    expect(() => parseProducerSnapshot(content.subarray(0, 20))).toThrow()
  })
})
