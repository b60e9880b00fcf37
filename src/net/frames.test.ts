import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/random.js'
import { FrameError, FrameReader } from './frames.js'

function framed(...payloads: readonly Buffer[]): Buffer {
  return Buffer.concat(
    payloads.flatMap((payload) => {
      const size = Buffer.alloc(4)
      size.writeInt32BE(payload.length)
      return [size, payload]
    }),
  )
}

function drain(reader: FrameReader): Buffer[] {
  const out: Buffer[] = []
  for (let frame = reader.next(); frame; frame = reader.next()) out.push(frame)
  return out
}

describe('FrameReader', () => {
  it('gives the same frames however the bytes are cut', () => {
    const random = seededRandom(7)
    const payloads = Array.from({ length: 40 }, (_, i) => random.bytes(i % 5 === 0 ? 0 : random.below(300)))
    const bytes = framed(...payloads)
    for (const cut of [1, 2, 3, 5, 7, 64, 1000, bytes.length]) {
      const reader = new FrameReader(1000)
      const got: Buffer[] = []
      for (let at = 0; at < bytes.length; at += cut) {
        reader.push(bytes.subarray(at, at + cut))
        got.push(...drain(reader))
      }
      expect(got).toEqual(payloads)
      expect(reader.bufferedBytes).toBe(0)
    }
  })

  it('gives frames that keep no view of the chunks', () => {
    const chunk = framed(Buffer.from('abc'))
    const reader = new FrameReader(10)
    reader.push(chunk)
    const frame = reader.next()!
    chunk.fill(0)
    expect(frame.toString()).toBe('abc')
  })

  it('refuses a size below zero or above the limit as soon as it is read', () => {
    for (const size of [-1, 101, 0x7fffffff]) {
      const reader = new FrameReader(100)
      const bytes = Buffer.alloc(4)
      bytes.writeInt32BE(size)
      reader.push(bytes)
      expect(() => reader.next()).toThrow(FrameError)
    }
  })
})
