import { describe, expect, it } from 'vitest'
import { BatchBuilder, endMarkerBatch, type CodecName } from '../../../protocol/index.js'
import { FetchedRecords } from './fetched-records.js'

const TP = { topic: 't', partition: 0 }

interface Transactional {
  readonly producerId: number
}

function built(baseOffset: number, words: readonly string[], by?: Transactional, codec: CodecName = 'none'): Buffer {
  const builder = new BatchBuilder({ baseOffset, partitionLeaderEpoch: 3, codec })
  for (const word of words) builder.append({ key: null, value: Buffer.from(word), timestampMs: 5 })
  return builder.finish(by && { ...by, producerEpoch: 0, baseSequence: 0, transactional: true })
}
const ended = (offset: number, producerId: number, committed: boolean): Buffer =>
  endMarkerBatch({ producerId, producerEpoch: 0, committed, coordinatorEpoch: 0, timestampMs: 5 }, offset)

const open = (chunks: readonly Buffer[], from: number, aborted?: { producerId: number; firstOffset: number }[]) =>
  new FetchedRecords(TP, Buffer.concat(chunks), from, 100, aborted !== undefined, aborted ?? null)
const words = (fetched: FetchedRecords, limit = 100): (string | undefined)[] =>
  fetched.take(limit).map(({ rawValue }) => rawValue?.toString())

describe('what was fetched', () => {
  it('begins at the offset that was asked for, though the batch begins before', () => {
    const fetched = open([built(10, ['a', 'b', 'c'])], 11)
    expect(words(fetched)).toEqual(['b', 'c'])
    expect([fetched.nextOffset, fetched.leaderEpoch]).toEqual([13, 3])
  })

  it('is taken in pieces, each with the place where the next goes on', () => {
    const fetched = open([built(0, ['a', 'b', 'c']), built(3, ['d'], undefined, 'gzip')], 0)
    expect([words(fetched, 2), fetched.nextOffset]).toEqual([['a', 'b'], 2])
    expect([words(fetched, 2), fetched.nextOffset]).toEqual([['c', 'd'], 4])
    expect([words(fetched, 2), fetched.nextOffset]).toEqual([[], 4])
  })

  it('knows where it ends, and keeps only what is left when it has to wait', () => {
    const chunks = [built(0, ['a']), ended(1, 1, true), built(2, ['b', 'c'])]
    const beside = Buffer.alloc(100_000)
    const bytes = Buffer.concat([...chunks, beside])
    const fetched = new FetchedRecords(TP, bytes.subarray(0, bytes.length - beside.length), 0, 100, false, null)
    expect(fetched.endOffset).toBe(4)
    expect(words(fetched, 1)).toEqual(['a'])
    const left = chunks[1]!.length + chunks[2]!.length
    expect(fetched.bytesLeft).toBe(left)
    fetched.detach()
    expect((fetched as unknown as { bytes: Buffer }).bytes.buffer.byteLength).toBeLessThan(beside.length)
    expect(fetched.bytesLeft).toBe(left)
    expect([words(fetched), fetched.nextOffset]).toEqual([['b', 'c'], 4])
  })

  it('ends before a batch that is cut off', () => {
    const second = built(1, ['b'])
    const fetched = open([built(0, ['a']), second.subarray(0, second.length - 1)], 0)
    expect([words(fetched), fetched.nextOffset]).toEqual([['a'], 1])
  })

  it('goes on past control batches, which nobody sees', () => {
    const fetched = open([built(0, ['a'], { producerId: 1 }), ended(1, 1, true), ended(2, 2, false)], 0)
    expect([words(fetched), fetched.nextOffset]).toEqual([['a'], 3])
  })

  it('leaves out aborted transactions up to their markers, and only under read_committed', () => {
    const chunks = [
      built(0, ['x1'], { producerId: 1 }),
      built(1, ['y1'], { producerId: 2 }),
      built(2, ['plain']),
      ended(3, 1, false),
      built(4, ['x2'], { producerId: 1 }),
      ended(5, 2, true),
      built(6, ['y2'], { producerId: 2 }),
      ended(7, 1, true),
      ended(8, 2, false),
    ]
    const aborted = [
      { producerId: 2, firstOffset: 6 },
      { producerId: 1, firstOffset: 0 },
    ]
    expect(words(open(chunks, 0, aborted))).toEqual(['y1', 'plain', 'x2'])
    expect(words(open(chunks, 0))).toEqual(['x1', 'y1', 'plain', 'x2', 'y2'])
  })

  it('is not given out when its checksum is wrong', () => {
    const broken = built(7, ['a'])
    broken[broken.length - 2]! ^= 1
    const fetched = open([built(6, ['fine']), broken], 6)
    expect(() => fetched.take(10)).toThrow('the batch at offset 7 does not match its checksum')
  })

  it('keeps only its batch in memory', () => {
    const frame = Buffer.concat([built(0, ['a'.repeat(5_000)]), built(1, ['b'.repeat(90_000)])])
    const [record] = new FetchedRecords(TP, frame, 0, 2, false, null).take(1)
    expect(record!.rawValue!.buffer).not.toBe(frame.buffer)
    expect(record!.rawValue!.buffer.byteLength).toBeLessThan(10_000)
  })
})
