import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  batch,
  BatchBuilder,
  batchPositions,
  CorruptBatchError,
  codecs,
  RecordCursor,
  sizeOfBatch,
  UnsupportedMagicError,
  wholeBatchesBytes,
  type BatchBuilderOptions,
  type RecordDraft,
} from './index.js'

const bytes = fc.uint8Array({ maxLength: 200 }).map((data) => Buffer.from(data))
const drafts = fc.array(
  fc.record({
    key: fc.option(bytes),
    value: fc.option(bytes),
    headers: fc.array(fc.record({ key: fc.string({ unit: 'grapheme' }), value: fc.option(bytes) }), { maxLength: 3 }),
    timestampMs: fc.integer({ min: -1, max: 4_102_444_800_000 }),
  }),
  { minLength: 1, maxLength: 20 },
)

function build(records: readonly RecordDraft[], options: BatchBuilderOptions = {}): Buffer {
  const builder = new BatchBuilder(options)
  for (const record of records) builder.append(record)
  return builder.finish()
}

function read(buffer: Buffer, at = 0): (RecordDraft & { offset: number })[] {
  const out = []
  for (const cursor = new RecordCursor(buffer, at); cursor.next();) {
    const { key, value, timestampMs, offset } = cursor
    out.push({ key, value, headers: cursor.headers(), timestampMs, offset })
  }
  return out
}

const plain = (value: string, timestampMs = 1000): RecordDraft => ({
  key: null,
  value: Buffer.from(value),
  timestampMs,
})

describe('a record batch', () => {
  it('gives back its records, with every codec', () => {
    fc.assert(
      fc.property(drafts, fc.constantFrom(...codecs), fc.nat(2 ** 40), (records, codec, baseOffset) => {
        const buffer = build(records, { codec: codec.name, baseOffset })
        expect(read(buffer)).toEqual(records.map((record, i) => ({ ...record, offset: baseOffset + i })))
        expect(batch.hasValidCrc(buffer, 0)).toBe(true)
        expect(batch.codecId(buffer, 0)).toBe(codec.id)
        expect(batch.maxTimestamp(buffer, 0)).toBe(Math.max(...records.map((record) => record.timestampMs)))
        expect(batch.recordsCount(buffer, 0)).toBe(records.length)
        expect(batch.nextOffset(buffer, 0)).toBe(baseOffset + records.length)
        expect(sizeOfBatch(buffer, 0)).toBe(buffer.length)
      }),
      { numRuns: 60 },
    )
  })

  it('knows its size before a record is appended', () => {
    fc.assert(
      fc.property(drafts, (records) => {
        const builder = new BatchBuilder()
        for (const record of records) {
          const expected = builder.sizeWith(record)
          builder.append(record)
          expect(builder.sizeInBytes).toBe(expected)
        }
        expect(builder.finish().length).toBe(builder.sizeInBytes)
      }),
    )
  })

  it('has its fields where they are read, wherever it stands in a buffer', () => {
    const builder = new BatchBuilder({ baseOffset: 1000, partitionLeaderEpoch: 7, codec: 'gzip' })
    builder.append(plain('a', 50))
    builder.append(plain('b', 40), 3)
    const producer = { producerId: 2 ** 40, producerEpoch: 9, baseSequence: 0x7fff_fffe, transactional: true }
    const buffer = Buffer.concat([Buffer.alloc(5), builder.finish(producer)])
    expect({
      baseOffset: batch.baseOffset(buffer, 5),
      lastOffset: batch.lastOffset(buffer, 5),
      epoch: batch.partitionLeaderEpoch(buffer, 5),
      baseTimestamp: batch.baseTimestamp(buffer, 5),
      maxTimestamp: batch.maxTimestamp(buffer, 5),
      producerId: batch.producerId(buffer, 5),
      producerEpoch: batch.producerEpoch(buffer, 5),
      baseSequence: batch.baseSequence(buffer, 5),
      lastSequence: batch.lastSequence(buffer, 5),
      transactional: batch.isTransactional(buffer, 5),
      control: batch.isControl(buffer, 5),
      timestampType: batch.timestampType(buffer, 5),
      deleteHorizonMs: batch.deleteHorizonMs(buffer, 5),
    }).toEqual({
      baseOffset: 1000,
      lastOffset: 1003,
      epoch: 7,
      baseTimestamp: 50,
      maxTimestamp: 50,
      producerId: 2 ** 40,
      producerEpoch: 9,
      baseSequence: 0x7fff_fffe,
      lastSequence: 1,
      transactional: true,
      control: false,
      timestampType: 'CreateTime',
      deleteHorizonMs: undefined,
    })
  })

  it('takes another offset and leader epoch in place, its CRC staying valid', () => {
    const buffer = build([plain('a'), plain('b')])
    batch.setBaseOffset(buffer, 0, 2 ** 45)
    batch.setPartitionLeaderEpoch(buffer, 0, 3)
    expect(batch.hasValidCrc(buffer, 0)).toBe(true)
    expect(read(buffer).map((record) => record.offset)).toEqual([2 ** 45, 2 ** 45 + 1])
    batch.setLastOffset(buffer, 0, 11)
    expect(batch.baseOffset(buffer, 0)).toBe(10)
  })

  it('takes the time of the log, which all its records then have', () => {
    const buffer = build([plain('a', 10), plain('b', 20)])
    batch.setLogAppendTime(buffer, 0, 5000)
    expect(batch.hasValidCrc(buffer, 0)).toBe(true)
    expect(batch.timestampType(buffer, 0)).toBe('LogAppendTime')
    expect(read(buffer).map((record) => record.timestampMs)).toEqual([5000, 5000])
  })

  it('takes another producer before a retry', () => {
    const buffer = build([plain('a')])
    batch.setProducer(buffer, 0, 5, 6, 7)
    expect(batch.hasValidCrc(buffer, 0)).toBe(true)
    expect([batch.producerId(buffer, 0), batch.producerEpoch(buffer, 0), batch.lastSequence(buffer, 0)]).toEqual([
      5, 6, 7,
    ])
  })

  it('keeps the timestamps of its records when compaction sets a delete horizon', () => {
    const buffer = build([plain('a', 10), plain('b', 20)], { deleteHorizonMs: 99_000 })
    expect(batch.deleteHorizonMs(buffer, 0)).toBe(99_000)
    expect(read(buffer).map((record) => record.timestampMs)).toEqual([10, 20])
  })

  it('shows any changed byte after the CRC', () => {
    const buffer = build([plain('abc')])
    for (let at = 21; at < buffer.length; at++) {
      buffer[at]! ^= 1
      expect(batch.hasValidCrc(buffer, 0)).toBe(false)
      buffer[at]! ^= 1
    }
  })
})

describe('batches in a row', () => {
  const first = build([plain('a')])
  const second = build([plain('bb'), plain('cc')])
  const both = Buffer.concat([first, second])

  it('are walked over, a cut-off tail left out', () => {
    expect([...batchPositions(both)]).toEqual([0, first.length])
    for (let length = 0; length < both.length; length++) {
      const whole = length < first.length ? 0 : first.length
      expect(wholeBatchesBytes(both.subarray(0, length))).toBe(whole)
    }
    expect(wholeBatchesBytes(both)).toBe(both.length)
  })

  it('of a format that is no longer read are refused by name', () => {
    const old = Buffer.from(first)
    old[16] = 1
    expect(() => [...batchPositions(old)]).toThrow(UnsupportedMagicError)
    expect(() => sizeOfBatch(old, 0)).toThrow('magic 1')
    old[16] = 3
    expect(() => sizeOfBatch(old, 0)).toThrow('magic 3')
  })

  it('can not be smaller than a header', () => {
    const small = Buffer.from(first)
    small.writeInt32BE(48, 8)
    expect(() => sizeOfBatch(small, 0)).toThrow(CorruptBatchError)
  })
})

describe('records that lie', () => {
  it('never read beyond the batch, and never pass', () => {
    const buffer = build([
      { key: Buffer.from('key'), value: Buffer.from('value'), headers: [{ key: 'h', value: null }], timestampMs: 1 },
      plain('second'),
    ])
    let refused = 0
    for (let at = 57; at < buffer.length; at++) {
      for (const byte of [0x00, 0x01, 0x7f, 0x80, 0xff, buffer[at]! ^ 2]) {
        const changed = Buffer.from(buffer)
        changed[at] = byte
        try {
          read(changed)
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
          expect((error as Error).name).toMatch(/CorruptBatchError|MalformedError/)
          refused++
        }
      }
    }
    expect(refused).toBeGreaterThan(50)
  })

  it('of a count that is too high or too low are refused', () => {
    for (const count of [-1, 0, 1, 3]) {
      const buffer = build([plain('a'), plain('b')])
      buffer.writeInt32BE(count, 57)
      expect(() => read(buffer), String(count)).toThrow(count === 3 ? /needs|claims/ : CorruptBatchError)
    }
  })

  it('under a codec that does not exist are refused', () => {
    const buffer = build([plain('a')])
    buffer[22] = 5
    expect(() => new RecordCursor(buffer)).toThrow('compression codec 5 is not known')
  })
})
