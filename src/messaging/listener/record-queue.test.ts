import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { IncomingRecords } from '../../client/port.js'
import { ConsumerRecord } from '../../model/index.js'
import { RecordQueue } from './record-queue.js'

/** A chunk of so many records, followed by so many offsets that the broker does not show. */
const chunk = (from: number, count: number, gap: number): IncomingRecords => ({
  topic: 't',
  partition: 0,
  epoch: 1,
  highWatermark: 0,
  nextOffset: from + count + gap,
  records: Array.from(
    { length: count },
    (_, i) => new ConsumerRecord('t', 0, from + i, null, null, [], 0, 'CreateTime', 0, null, Buffer.alloc(10)),
  ),
})

describe('the record queue', () => {
  it('gives every record once and in order, never more than asked for, and ends where the chunks end', () => {
    const chunks = fc.array(fc.record({ count: fc.nat(6), gap: fc.nat(2) }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(chunks, fc.integer({ min: 1, max: 9 }), fc.nat(3), (shapes, limit, takesBetween) => {
        const queue = new RecordQueue()
        const pushed: number[] = []
        const taken: number[] = []
        let next = 0
        let position = 0
        const take = (): void => {
          const delivery = queue.take(limit)
          expect(delivery.records.length).toBeLessThanOrEqual(limit)
          taken.push(...delivery.records.map(({ offset }) => offset))
          const last = delivery.records.at(-1)
          if (last !== undefined) expect(delivery.endPosition).toBeGreaterThan(last.offset)
          expect(delivery.endPosition).toBeGreaterThanOrEqual(position)
          position = delivery.endPosition
        }
        for (const { count, gap } of shapes) {
          const made = chunk(next, count, gap)
          pushed.push(...made.records.map(({ offset }) => offset))
          queue.push(made)
          next = made.nextOffset
          for (let i = 0; i < takesBetween && !queue.isEmpty; i++) take()
        }
        while (!queue.isEmpty) take()
        expect(taken).toEqual(pushed)
        expect(position).toBe(next)
        expect([queue.size, queue.bytes]).toEqual([0, 0])
      }),
    )
  })
})
