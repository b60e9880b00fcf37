import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedError, Reader, uvarintSize, varintSize, varlongSize, Writer } from './bytes.js'

describe('bytes', () => {
  it('varints, varlongs and int64 come back as they went in', () => {
    fc.assert(
      fc.property(fc.integer(), fc.maxSafeInteger(), fc.nat(0xffff_ffff), (int, long, unsigned) => {
        const w = new Writer(1)
        w.varint(int)
        w.varlong(long)
        w.uvarint(unsigned)
        w.int64(long)
        const r = new Reader(w.finish())
        expect([r.varint(), r.varlong(), r.uvarint(), r.int64(), r.remaining]).toEqual([int, long, unsigned, long, 0])
      }),
    )
  })

  it('the size of a varint is known before it is written', () => {
    const sizeOf = (write: (w: Writer) => void): number => {
      const w = new Writer()
      write(w)
      return w.length
    }
    fc.assert(
      fc.property(fc.integer(), fc.maxSafeInteger(), fc.nat(0xffff_ffff), (int, long, unsigned) => {
        expect(varintSize(int)).toBe(sizeOf((w) => w.varint(int)))
        expect(varlongSize(long)).toBe(sizeOf((w) => w.varlong(long)))
        expect(uvarintSize(unsigned)).toBe(sizeOf((w) => w.uvarint(unsigned)))
      }),
    )
  })

  it('int64 beyond the safe range saturates', () => {
    const r = new Reader(Buffer.from('7fffffffffffffff8000000000000000', 'hex'))
    expect([r.int64(), r.int64()]).toEqual([Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER])
  })

  it('a read past the end names what was missing', () => {
    expect(() => new Reader(Buffer.alloc(3)).int32()).toThrow(MalformedError)
    expect(() => new Reader(Buffer.alloc(3)).bytes(-1)).toThrow(MalformedError)
    expect(() => new Reader(Buffer.from('ffffffffff7f', 'hex')).uvarint()).toThrow(/varint/)
    expect(() => new Reader(Buffer.alloc(11, 0xff)).varlong()).toThrow(/varlong/)
  })

  it('a uuid keeps its 22 characters', () => {
    const w = new Writer()
    w.uuid('AAAAAAAAAAAAAAAAAAAAAQ')
    expect(new Reader(w.finish()).uuid()).toBe('AAAAAAAAAAAAAAAAAAAAAQ')
  })
})
