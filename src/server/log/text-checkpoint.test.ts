import { describe, expect, it } from 'vitest'
import { CheckpointError, formatEpochs, formatOffsets, parseEpochs, parseOffsets } from './text-checkpoint.js'

describe('checkpoint files', () => {
  it('are written as Kafka writes them', () => {
    const offsets = new Map([
      ['orders-0', 12],
      ['with-dash-3', 9_007_199_254],
    ])
    expect(formatOffsets(offsets).toString()).toBe('0\n2\norders 0 12\nwith-dash 3 9007199254\n')
    expect(formatOffsets(new Map()).toString()).toBe('0\n0\n')
    expect(formatEpochs([{ epoch: 3, startOffset: 70 }]).toString()).toBe('0\n1\n3 70\n')
  })

  it('give back what was written', () => {
    const offsets = new Map([['a.b_c-0', 1]])
    expect(parseOffsets(formatOffsets(offsets), 'file')).toEqual(offsets)
    const epochs = [
      { epoch: 0, startOffset: 0 },
      { epoch: 4, startOffset: 10 },
    ]
    expect(parseEpochs(formatEpochs(epochs), 'file')).toEqual(epochs)
  })

  it.each([
    ['1\n0\n', /line 1 is '1'/],
    ['0\n2\na 0 1\n', /promises 2 entries, but there are 1/],
    ['0\n1\na 0\n', /line 3 is not '<topic> <partition> <offset>'/],
    ['0\n1\na 0 x\n', /line 3/],
    ['', /line 1/],
  ])('that do not hold together are refused with the line: %j', (text, message) => {
    expect(() => parseOffsets(Buffer.from(text), 'the-file')).toThrow(CheckpointError)
    expect(() => parseOffsets(Buffer.from(text), 'the-file')).toThrow(message)
    expect(() => parseOffsets(Buffer.from(text), 'the-file')).toThrow(/the-file/)
  })
})
