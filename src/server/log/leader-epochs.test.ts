import { describe, expect, it } from 'vitest'
import { LeaderEpochs } from './leader-epochs.js'

const epochs = (...pairs: readonly (readonly [number, number])[]): LeaderEpochs =>
  new LeaderEpochs(pairs.map(([epoch, startOffset]) => ({ epoch, startOffset })))
const pairs = (of: LeaderEpochs): number[][] => of.entries.map(({ epoch, startOffset }) => [epoch, startOffset])

describe('leader epochs', () => {
  it('an epoch that wrote nothing gives way to the next', () => {
    const known = epochs([0, 0])
    known.assign(1, 10)
    known.assign(2, 10)
    expect(pairs(known)).toEqual([
      [0, 0],
      [2, 10],
    ])
    expect(known.dirty).toBe(true)
  })

  it('an epoch is entered once', () => {
    const known = epochs([3, 5])
    known.assign(3, 9)
    expect(pairs(known)).toEqual([[3, 5]])
    expect(known.dirty).toBe(false)
  })

  it('tell where an epoch ended', () => {
    const known = epochs([2, 10], [4, 20], [7, 40])
    expect(known.endOf(7, 99)).toEqual({ epoch: 7, endOffset: 99 })
    expect(known.endOf(5, 99)).toEqual({ epoch: 4, endOffset: 40 })
    expect(known.endOf(4, 99)).toEqual({ epoch: 4, endOffset: 40 })
    expect(known.endOf(1, 99)).toEqual({ epoch: 1, endOffset: 10 })
    expect(known.endOf(8, 99)).toBeUndefined()
    expect(known.endOf(-1, 99)).toBeUndefined()
    expect(epochs().endOf(0, 0)).toBeUndefined()
  })

  it('tell the epoch of an offset', () => {
    const known = epochs([2, 10], [4, 20])
    expect([9, 10, 19, 20, 500].map((offset) => known.epochOf(offset))).toEqual([undefined, 2, 2, 4, 4])
  })

  it('are cut with the log, at both ends', () => {
    const known = epochs([2, 10], [4, 20], [7, 40])
    known.truncateEnd(40)
    expect(pairs(known)).toEqual([
      [2, 10],
      [4, 20],
    ])
    known.truncateStart(15)
    expect(pairs(known)).toEqual([
      [2, 15],
      [4, 20],
    ])
    known.truncateStart(20)
    expect(pairs(known)).toEqual([[4, 20]])
    known.truncateStart(5)
    expect(pairs(known)).toEqual([[4, 20]])
  })
})
