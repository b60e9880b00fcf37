import { describe, expect, it } from 'vitest'
import { crc32c, crc32cSoftware } from './crc32c.js'
import { murmur2 } from './murmur2.js'

describe('crc32c', () => {
  it('gives the check value of the CRC catalogue, and the same in pieces and natively', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
    const long = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 31) & 0xff))
    expect(crc32c(long)).toBe(crc32cSoftware(long))
    expect(crc32cSoftware(long.subarray(700), crc32cSoftware(long.subarray(0, 700)))).toBe(crc32cSoftware(long))
  })
})

describe('murmur2', () => {
  it("gives the values of Kafka's Java client", () => {
    const vectors: [string, number][] = [
      ['21', -973932308],
      ['foobar', -790332482],
      ['a-little-bit-long-string', -985981536],
      ['a-little-bit-longer-string', -1486304829],
      ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
      ['abc', 479470107],
    ]
    for (const [text, hash] of vectors) expect(murmur2(Buffer.from(text))).toBe(hash)
  })
})
