import { describe, expect, it } from 'vitest'
import { fromBase64, recordBytes } from '../../../test/facts/golden.js'
import {
  batch,
  BatchBuilder,
  codecs,
  controlBatch,
  ControlType,
  controlTypeOf,
  coordinatorEpochOf,
  decodeControlValue,
  endMarkerBatch,
  kraftVersionRecord,
  leaderChangeMessage,
  RecordCursor,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  votersRecord,
  type CodecName,
} from './index.js'

const java = (name: string): Buffer => fromBase64(recordBytes.batches[name])

const records = [
  {
    key: Buffer.from('key'),
    value: Buffer.from('value'),
    headers: [
      { key: 'hä', value: Buffer.from('x') },
      { key: 'null', value: null },
    ],
    timestampMs: 1_700_000_000_000,
  },
  { key: null, value: Buffer.alloc(0), headers: [], timestampMs: 1_699_999_999_990 },
  { key: Buffer.alloc(0), value: null, headers: [], timestampMs: 1_700_000_100_000 },
]

const producer = { producerId: 4242, producerEpoch: 3, baseSequence: 77, transactional: true }

function ours(codec: CodecName, logAppendTimeMs?: number): Buffer {
  const builder = new BatchBuilder({ codec, baseOffset: 1000, partitionLeaderEpoch: 6, logAppendTimeMs })
  for (const record of records) builder.append(record)
  return builder.finish(producer)
}

describe("batches are those of Java's client", () => {
  it.each(codecs.map((codec) => codec.name))('%s: read', (codec) => {
    const buffer = java(codec)
    expect(batch.hasValidCrc(buffer, 0)).toBe(true)
    const read = []
    for (const cursor = new RecordCursor(buffer); cursor.next();) {
      const { key, value, timestampMs } = cursor
      read.push({ key, value, headers: cursor.headers(), timestampMs })
    }
    expect(read).toEqual(records)
    expect(batch.lastOffset(buffer, 0)).toBe(1002)
    expect(batch.producerId(buffer, 0)).toBe(4242)
    expect(batch.baseSequence(buffer, 0)).toBe(77)
    expect(batch.isTransactional(buffer, 0)).toBe(true)
  })

  it('written, the same bytes where the codec leaves no choice', () => {
    expect(ours('none').equals(java('none'))).toBe(true)
  })

  it('log append time', () => {
    expect(ours('none', 1_800_000_000_000).equals(java('log append time'))).toBe(true)
    const patched = ours('none')
    batch.setLogAppendTime(patched, 0, 1_800_000_000_000)
    expect(patched.equals(java('log append time'))).toBe(true)
    const cursor = new RecordCursor(patched)
    cursor.next()
    expect(cursor.timestampMs).toBe(1_800_000_000_000)
  })
})

describe("control batches are Java's", () => {
  const timestampMs = 1_700_000_000_000

  it('end markers', () => {
    const marker = { producerId: 4242, producerEpoch: 3, timestampMs }
    const commit = endMarkerBatch({ ...marker, committed: true, coordinatorEpoch: 12 }, 500, 6)
    const abort = endMarkerBatch({ ...marker, committed: false, coordinatorEpoch: 13 }, 500, 6)
    expect(commit.toString('hex')).toBe(java('commit').toString('hex'))
    expect(abort.toString('hex')).toBe(java('abort').toString('hex'))
    const cursor = new RecordCursor(abort)
    cursor.next()
    expect(controlTypeOf(cursor.key)).toBe(ControlType.ABORT)
    expect(coordinatorEpochOf(cursor.value)).toBe(13)
    expect(batch.isControl(abort, 0)).toBe(true)
  })

  const place = { baseOffset: 500, leaderEpoch: 6, timestampMs }
  const directory = Buffer.from('00000000000000010000000000000002', 'hex').toString('base64url')
  const cases = {
    'leader change': [
      ControlType.LEADER_CHANGE,
      leaderChangeMessage,
      { version: 0, leaderId: 1, voters: [{ voterId: 1 }], grantingVoters: [{ voterId: 1 }] },
    ],
    'snapshot header': [
      ControlType.SNAPSHOT_HEADER,
      snapshotHeaderRecord,
      { version: 0, lastContainedLogTimestamp: 99 },
    ],
    'snapshot footer': [ControlType.SNAPSHOT_FOOTER, snapshotFooterRecord, { version: 0 }],
    'kraft version': [ControlType.KRAFT_VERSION, kraftVersionRecord, { version: 0, kraftVersion: 1 }],
    voters: [
      ControlType.KRAFT_VOTERS,
      votersRecord,
      {
        version: 0,
        voters: [
          {
            voterId: 1,
            voterDirectoryId: directory,
            endpoints: [],
            kraftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 0 },
          },
        ],
      },
    ],
  } as const

  it.each(Object.keys(cases) as (keyof typeof cases)[])('%s', (name) => {
    const [type, message, value] = cases[name]
    const built = controlBatch(type, message as never, value as never, place)
    expect(built.toString('hex')).toBe(java(name).toString('hex'))
    const cursor = new RecordCursor(built)
    cursor.next()
    expect(controlTypeOf(cursor.key)).toBe(type)
    expect(decodeControlValue(message as typeof snapshotFooterRecord, cursor.value!)).toMatchObject(value)
  })
})
