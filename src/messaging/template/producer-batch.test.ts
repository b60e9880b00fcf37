import { expect, it } from 'vitest'
import { DriverError } from '../../client/port.js'
import { KafkaError } from '../../model/index.js'
import { ProducerBatch } from './producer-batch.js'

it('tells each record its own outcome where they fared differently', () => {
  const batch = new ProducerBatch('orders', 1, 0, 1_000)
  const told: (number | string)[] = []
  for (let i = 0; i < 3; i++) {
    batch.tryAppend({
      record: { topic: 'orders', value: i },
      outgoing: { key: null, value: Buffer.from(`${i}`), headers: [], timestampMs: 5 },
      bytes: 10,
      succeed: ({ offset, timestampMs }) => told.push(`${offset}@${timestampMs}`),
      fail: ({ message }) => told.push(message),
    })
  }
  const error = new DriverError('tooLarge', 'too large')
  batch.finish(
    { error, records: [{ offset: 7 }, { error }, { offset: 12, logAppendTimeMs: 9 }] },
    (_record, { message }) => new KafkaError('protocol', message),
  )
  expect(told).toEqual(['7@5', 'too large', '12@9'])
})
