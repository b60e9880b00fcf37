import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBase64, recordBytes } from '../../../test/facts/golden.js'
import { codecNamed, codecs, CompressionError, DecompressedTooLargeError } from './codecs.js'
import { xxhash32 } from './codecs/xxhash32.js'
import { wasmZstd } from './codecs/zstd-wasm.js'

/** As in scripts/facts/RecordBytes.java. */
function plain(name: string): Buffer {
  const [kind, size] = name.split(' ')
  const count = Number(size ?? 0)
  if (kind === 'zeros') return Buffer.alloc(count)
  if (kind === 'lines') {
    return Buffer.from(Array.from({ length: count }, (_, i) => `line ${i} of ${count}, squared ${i * i}\n`).join(''))
  }
  const noise = Buffer.alloc(count)
  let state = 1
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0
    noise[i] = (state >> 16) & 0xff
  }
  return noise
}

const LIMIT = 8 * 1024 * 1024
const lines = plain('lines 3000')

describe.each(codecs.filter((codec) => codec.name !== 'none').concat(wasmZstd(3)))('$name', (codec) => {
  it('reads what Java wrote', () => {
    for (const [name, block] of Object.entries(recordBytes.blocks[codec.name]!)) {
      expect(codec.decompress(fromBase64(block), LIMIT).equals(plain(name)), name).toBe(true)
    }
  })

  it('reads what it wrote, whatever the bytes', () => {
    const repetitive = fc
      .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(300)), { maxLength: 60 })
      .map((parts) => Buffer.concat(parts.map(([part, times]) => Buffer.alloc(part.length * (times % 60), part))))
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }).map((data) => Buffer.from(data)),
      repetitive,
      fc.nat(200_000).map((length) => lines.subarray(0, length)),
    )
    fc.assert(
      fc.property(any, (data) => {
        expect(codec.decompress(codec.compress(data), data.length).equals(data)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('makes text smaller, and takes a view on a larger buffer', () => {
    expect(codec.compress(lines).length).toBeLessThan(lines.length / 2)
    const view = new Uint8Array(lines.buffer, lines.byteOffset + 10, 1000)
    const packed = codec.compress(view)
    const framed = Buffer.concat([Buffer.alloc(3), packed])
    expect(codec.decompress(framed.subarray(3), LIMIT).equals(lines.subarray(10, 1010))).toBe(true)
  })

  it('refuses to become more than allowed, and allows exactly that', () => {
    const bomb = codec.compress(Buffer.alloc(4_000_000))
    expect(bomb.length).toBeLessThan(250_000)
    expect(codec.decompress(bomb, 4_000_000).length).toBe(4_000_000)
    expect(() => codec.decompress(bomb, 3_999_999)).toThrow(DecompressedTooLargeError)
    expect(() => codec.decompress(bomb, 1000)).toThrow('more than the 1000 bytes')
  })

  it('never accepts damaged bytes as something larger, and fails in its own way only', () => {
    const packed = codec.compress(plain('lines 40'))
    const size = plain('lines 40').length
    for (let at = 0; at < packed.length; at++) {
      for (const change of [1, 0x80, 0xff]) {
        const damaged = Buffer.from(packed)
        damaged[at]! ^= change
        try {
          expect(codec.decompress(damaged, size * 2).length).toBeLessThanOrEqual(size * 2)
        } catch (error) {
          expect(error).toBeInstanceOf(CompressionError)
        }
      }
    }
    for (let length = 0; length < packed.length; length++) {
      try {
        const part = codec.decompress(packed.subarray(0, length), size)
        expect(part.equals(plain('lines 40').subarray(0, part.length))).toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(CompressionError)
      }
    }
  })
})

describe('snappy', () => {
  const snappy = codecNamed('snappy')

  it('reads the raw format too, as librdkafka writes it', () => {
    // size 11, a literal of 4 bytes, a copy of 7 from 4 back
    const raw = Buffer.from('0b' + '0c' + '61626364' + '0d04', 'hex')
    expect(snappy.decompress(raw, 11).toString()).toBe('abcdabcdabc')
    expect(() => snappy.decompress(raw, 10)).toThrow(DecompressedTooLargeError)
  })

  it('refuses a size that its bytes can not become, before it takes memory for it', () => {
    expect(() => snappy.decompress(Buffer.from('ffffff7f' + '00', 'hex'), LIMIT * 100)).toThrow("can't become")
  })
})

describe('lz4', () => {
  const lz4 = codecNamed('lz4')

  /** `abc`, stored, with everything that a frame may have. */
  function frame(change: { size?: number; blockSum?: string; contentSum?: string } = {}): Buffer {
    const descriptor = Buffer.from('7c40' + '0000000000000000', 'hex')
    descriptor.writeUInt32LE(change.size ?? 3, 2)
    const sum = 'ff53d132'
    return Buffer.concat([
      Buffer.from('04224d18', 'hex'),
      descriptor,
      Buffer.from([(xxhash32(descriptor) >>> 8) & 0xff]),
      Buffer.from('03000080' + '616263' + (change.blockSum ?? sum) + '00000000' + (change.contentSum ?? sum), 'hex'),
    ])
  }

  it('holds content to its size and its sums, where a writer gave them', () => {
    expect(lz4.decompress(frame(), 3).toString()).toBe('abc')
    expect(() => lz4.decompress(frame({ size: 4 }), 4)).toThrow(CompressionError)
    expect(() => lz4.decompress(frame({ size: 4 }), 3)).toThrow(DecompressedTooLargeError)
    expect(() => lz4.decompress(frame({ blockSum: 'ff53d133' }), 3)).toThrow('the block of an LZ4 frame')
    expect(() => lz4.decompress(frame({ contentSum: 'ff53d133' }), 3)).toThrow('the content of an LZ4 frame')
    const header = frame()
    header[7]! ^= 1
    expect(() => lz4.decompress(header, 3)).toThrow('header of an LZ4 frame')
  })

  it('has the sums that xxHash publishes', () => {
    const sumOf = (text: string): string => xxhash32(Buffer.from(text)).toString(16)
    expect([sumOf(''), sumOf('abc'), sumOf('Nobody inspects the spammish repetition')]).toEqual([
      '2cc5d05',
      '32d153ff',
      'e2293b2f',
    ])
  })
})

describe('the list of codecs', () => {
  it('has the numbers of the batch attributes', () => {
    expect(codecs.map((codec) => [codec.id, codec.name])).toEqual([
      [0, 'none'],
      [1, 'gzip'],
      [2, 'snappy'],
      [3, 'lz4'],
      [4, 'zstd'],
    ])
  })
})
