import { describe, expect, it } from 'vitest'
import { memoryDisk } from '../disk/memory-disk.js'
import { OffsetIndex } from './offset-index.js'
import { TimeIndex } from './time-index.js'

const diskWithFolder = () => {
  const disk = memoryDisk()
  disk.makeDirectory('/p')
  return disk
}

describe('offset index', () => {
  it('finds the last indexed batch that ends at or before an offset', () => {
    const index = OffsetIndex.fresh(diskWithFolder(), '/p/i', 100, 1000)
    expect(index.lookup(150)).toBe(0)
    index.append(120, 5000)
    index.append(140, 9100)
    expect([100, 119, 120, 139, 140, 999].map((offset) => index.lookup(offset))).toEqual([0, 0, 5000, 5000, 9100, 9100])
    expect(index.lastPosition).toBe(9100)
  })

  it('is as Kafka has it on disk: offset from the base, position', async () => {
    const disk = diskWithFolder()
    const index = OffsetIndex.fresh(disk, '/p/i', 1000, 1000)
    index.append(1007, 4321)
    await index.save()
    expect(disk.readFile('/p/i')!.toString('hex')).toBe('00000007000010e1')
    const again = OffsetIndex.existing(disk, '/p/i', 1000, 1000)!
    expect(again.entry(0)).toEqual({ offset: 1007, position: 4321 })
  })

  it('saves what was added, also after a cut', async () => {
    const disk = diskWithFolder()
    const index = OffsetIndex.fresh(disk, '/p/i', 0, 1000)
    for (let i = 1; i <= 40; i++) index.append(i * 10, i * 100)
    await index.save()
    index.truncate(205)
    index.append(300, 7)
    await index.save()
    const again = OffsetIndex.existing(disk, '/p/i', 0, 1000)!
    expect(again.entries).toBe(21)
    expect(again.entry(19)).toEqual({ offset: 200, position: 2000 })
    expect(again.entry(20)).toEqual({ offset: 300, position: 7 })
  })

  it('gives memory back once it is saved and unused, and reads the file when asked again', async () => {
    const disk = diskWithFolder()
    const index = OffsetIndex.fresh(disk, '/p/i', 0, 1000)
    index.append(5, 50)
    index.trim()
    index.trim()
    expect(index.lookup(5)).toBe(50)
    await index.save()
    index.trim()
    index.trim()
    disk.writeFile('/p/i', Buffer.from('0000000500000033', 'hex'))
    expect(index.lookup(5)).toBe(51)
  })

  it('is full when there is no room for another entry', () => {
    const index = OffsetIndex.fresh(diskWithFolder(), '/p/i', 0, 8 * 3 + 7)
    expect(index.isFull).toBe(false)
    for (let i = 1; i <= 3; i++) index.append(i, i)
    expect(index.isFull).toBe(true)
  })

  it('a file with half an entry is no index', () => {
    const disk = diskWithFolder()
    disk.writeFile('/p/i', Buffer.alloc(12))
    expect(OffsetIndex.existing(disk, '/p/i', 0, 1000)).toBeUndefined()
    expect(OffsetIndex.existing(disk, '/p/none', 0, 1000)).toBeUndefined()
  })
})

describe('time index', () => {
  it('keeps only rising timestamps, and finds where to look for a time', () => {
    const index = TimeIndex.fresh(diskWithFolder(), '/p/t', 100, 1200)
    index.append(-1, 100)
    index.append(1000, 110)
    index.append(1000, 120)
    index.append(999, 130)
    index.append(2000, 140)
    expect(index.entries).toBe(2)
    expect([999, 1000, 1999, 2000, 9999].map((time) => index.lookup(time))).toEqual([100, 110, 110, 140, 140])
    expect(index.last).toEqual({ timestamp: 2000, offset: 140 })
  })

  it('is as Kafka has it on disk, and keeps a slot for the entry that ends a segment', async () => {
    const disk = diskWithFolder()
    const index = TimeIndex.fresh(disk, '/p/t', 0, 24)
    index.append(1_700_000_000_123, 5)
    expect(index.isFull).toBe(true)
    index.append(1_700_000_000_124, 6)
    index.append(1_700_000_000_125, 7)
    expect(index.entries).toBe(2)
    await index.save()
    expect(disk.readFile('/p/t')!.toString('hex')).toBe('0000018bcfe5687b000000050000018bcfe5687c00000006')
  })

  it('drops entries at and above an offset', () => {
    const index = TimeIndex.fresh(diskWithFolder(), '/p/t', 0, 1200)
    for (let i = 1; i <= 5; i++) index.append(i * 1000, i * 10)
    index.truncate(30)
    expect(index.last).toEqual({ timestamp: 2000, offset: 20 })
  })
})
