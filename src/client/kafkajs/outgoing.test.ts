import { describe, expect, it } from 'vitest'
import type { OutgoingRecord } from '../port.js'
import { refusal, toMessages } from './outgoing.js'

const record = (own: Partial<OutgoingRecord>): OutgoingRecord => ({
  key: null,
  value: Buffer.from('v'),
  headers: [],
  timestampMs: 1_700_000_000_000,
  ...own,
})
const header = (key: string, value: string | null): { key: string; value: Buffer | null } => ({
  key,
  value: value === null ? null : Buffer.from(value),
})

describe('records for kafkajs', () => {
  it('keeps the order of equal header keys, also one that is a word of JavaScript', () => {
    const headers = [header('a', '1'), header('__proto__', 'x'), header('a', '2')]
    const [message] = toMessages([record({ headers })])
    expect(Object.entries(message!.headers!)).toEqual([
      ['a', [Buffer.from('1'), Buffer.from('2')]],
      ['__proto__', [Buffer.from('x')]],
    ])
  })

  it('timestamps of different length sort as text as they do as numbers, and 0 is not taken for none', () => {
    const stamps = toMessages([99, 0, 1_700_000_000_000].map((timestampMs) => record({ timestampMs }))).map(
      (m) => m.timestamp,
    )
    expect([...stamps].sort((a, b) => (a! < b! ? -1 : 1)).map(Number)).toEqual([0, 99, 1_700_000_000_000])
    expect(stamps.every(Boolean)).toBe(true)
  })

  it('refuses a null header by name, before anything is sent', () => {
    const batch = { topic: 't', partition: 1, records: [record({ headers: [header('trace', null)] })] }
    expect(refusal(batch)).toMatchObject({
      kind: 'fatal',
      message: expect.stringContaining("t-1: header 'trace' is null"),
    })
    expect(refusal({ ...batch, records: [record({})] })).toBeUndefined()
  })
})
