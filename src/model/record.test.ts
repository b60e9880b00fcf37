import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { ConsumerRecord } from './record.js'

it('a record in a log line or on the console shows its headers, not its raw bytes', () => {
  const headers = [
    { key: 'trace', value: Buffer.from('a') },
    { key: 'trace', value: Buffer.from('b') },
    { key: 'none', value: null },
  ]
  const record = new ConsumerRecord('t', 1, 2, 'k', { id: 3 }, headers, 4, 'CreateTime', 5, Buffer.from('k'))
  expect(JSON.stringify(record)).toBe(
    '{"topic":"t","partition":1,"offset":2,"key":"k","value":{"id":3},"headers":{"trace":"b","none":null},"timestampMs":4,"timestampType":"CreateTime"}',
  )
  expect(inspect(record, { breakLength: Infinity, compact: true })).toContain("headers: { trace: 'b', none: null }")
  expect(inspect(record.headers)).toBe("{ trace: 'b', none: null }")
})
