import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/random.js'
import { DirectoryLockedError, replaceFile, type Disk } from './disk.js'
import { faultyDisk } from './faulty-disk.js'
import { fileDisk } from './file-disk.js'
import { memoryDisk } from './memory-disk.js'
import { OpenFiles } from './open-files.js'

const folders: string[] = []
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'kts-disk-'))
  folders.push(made)
  return made
}
afterAll(() => folders.forEach((made) => rmSync(made, { recursive: true, force: true })))

const makers: Record<string, () => { disk: Disk; root: string }> = {
  'file disk': () => ({ disk: fileDisk(), root: folder() }),
  'memory disk': () => ({ disk: memoryDisk(), root: '/data' }),
  'faulty disk without faults': () => ({ disk: faultyDisk(memoryDisk(), seededRandom(7)), root: '/data' }),
}

describe.each(Object.entries(makers))('%s', (_name, make) => {
  const start = (): { disk: Disk; root: string } => {
    const made = make()
    made.disk.makeDirectory(made.root)
    return made
  }

  it('reads back what was appended, in one piece or in many', async () => {
    const { disk, root } = start()
    const file = disk.open(`${root}/a`)
    await file.append([Buffer.from('one '), Buffer.from('two ')])
    await file.append([Buffer.from('three')])
    expect(file.size).toBe(13)
    expect((await file.read(0, 100)).toString()).toBe('one two three')
    expect((await file.read(4, 3)).toString()).toBe('two')
    expect((await file.read(13, 3)).length).toBe(0)
    expect((await file.read(50, 3)).length).toBe(0)
    file.close()
  })

  it('writes more buffers and more bytes at once than one system call takes', async () => {
    const { disk, root } = start()
    const file = disk.open(`${root}/big`)
    const small = Array.from({ length: 3000 }, (_, i) => Buffer.from(`${i},`))
    await file.append(small)
    const large = Buffer.alloc(3_000_000, 'x')
    await file.append([Buffer.from('<'), large, Buffer.from('>')])
    const text = Buffer.concat(small).toString()
    expect(file.size).toBe(text.length + 3_000_002)
    expect((await file.read(0, text.length)).toString()).toBe(text)
    expect((await file.read(text.length, 2)).toString()).toBe('<x')
    expect((await file.read(file.size - 2, 2)).toString()).toBe('x>')
    file.close()
  })

  it('cuts a file and goes on from there', async () => {
    const { disk, root } = start()
    const file = disk.open(`${root}/a`)
    await file.append([Buffer.alloc(200_000, 'a')])
    file.truncate(3)
    expect(file.size).toBe(3)
    await file.append([Buffer.from('b')])
    expect((await file.read(0, 10)).toString()).toBe('aaab')
    file.truncate(0)
    expect(file.size).toBe(0)
    file.close()
  })

  it('makes a missing file by its first append, when asked to', async () => {
    const { disk, root } = start()
    const file = disk.open(`${root}/later/a`, 'make-on-append')
    expect([file.size, (await file.read(0, 1)).length]).toEqual([0, 0])
    expect(disk.stat(`${root}/later/a`)).toBeUndefined()
    disk.makeDirectory(`${root}/later`)
    await file.append([Buffer.from('x')])
    expect(disk.stat(`${root}/later/a`)?.size).toBe(1)
    file.close()
    const again = disk.open(`${root}/later/a`, 'make-on-append')
    expect((await again.read(0, 9)).toString()).toBe('x')
    again.close()
  })

  it('opens what was written before, at its end', async () => {
    const { disk, root } = start()
    disk.writeFile(`${root}/a`, Buffer.from('old '))
    const file = disk.open(`${root}/a`)
    expect(file.size).toBe(4)
    await file.append([Buffer.from('new')])
    file.close()
    expect(disk.readFile(`${root}/a`)!.toString()).toBe('old new')
  })

  it('lets reads finish after close, and refuses later ones', async () => {
    const { disk, root } = start()
    const file = disk.open(`${root}/a`)
    await file.append([Buffer.alloc(1_000_000, 'z')])
    const reading = file.read(0, 1_000_000)
    file.close()
    await disk.remove(`${root}/a`)
    expect((await reading).length).toBe(1_000_000)
    await expect(async () => await file.read(0, 1)).rejects.toThrow(/closed/)
    file.close()
  })

  it('knows names: list, stat, rename over another, remove', async () => {
    const { disk, root } = start()
    disk.makeDirectory(`${root}/d/e`)
    disk.makeDirectory(`${root}/d/e`)
    disk.writeFile(`${root}/d/b`, Buffer.from('b'))
    disk.writeFile(`${root}/d/a`, Buffer.from('aa'))
    expect(disk.list(`${root}/d`)).toEqual([
      { name: 'a', directory: false },
      { name: 'b', directory: false },
      { name: 'e', directory: true },
    ])
    expect(disk.stat(`${root}/d/a`)).toMatchObject({ size: 2, directory: false })
    expect(disk.stat(`${root}/d/e`)).toMatchObject({ directory: true })
    expect(disk.stat(`${root}/nothing/here`)).toBeUndefined()
    expect(disk.readFile(`${root}/nothing`)).toBeUndefined()
    disk.rename(`${root}/d/a`, `${root}/d/b`)
    expect(disk.readFile(`${root}/d/b`)!.toString()).toBe('aa')
    disk.rename(`${root}/d`, `${root}/moved`)
    expect(disk.stat(`${root}/d`)).toBeUndefined()
    expect(disk.readFile(`${root}/moved/b`)!.toString()).toBe('aa')
    await disk.remove(`${root}/moved`)
    await disk.remove(`${root}/moved`)
    expect(disk.list(root)).toEqual([])
  })

  it('names the missing file in errors, with the code of the system', () => {
    const { disk, root } = start()
    expect(() => disk.list(`${root}/none`)).toThrow(/none/)
    expect(() => disk.rename(`${root}/none`, `${root}/x`)).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  })

  it('replaces a file as a whole', async () => {
    const { disk, root } = start()
    await replaceFile(disk, `${root}/c`, Buffer.from('first, long'))
    await replaceFile(disk, `${root}/c`, Buffer.from('second'))
    expect(disk.readFile(`${root}/c`)!.toString()).toBe('second')
    expect(disk.list(root).map((entry) => entry.name)).toEqual(['c'])
  })

  it('locks a directory once', () => {
    const { disk, root } = start()
    const lock = disk.lock(`${root}/.lock`)
    expect(() => disk.lock(`${root}/.lock`)).toThrow(DirectoryLockedError)
    lock.release()
    lock.release()
    disk.lock(`${root}/.lock`).release()
  })

  it('tells the space there is', async () => {
    const { disk, root } = start()
    const { totalBytes, usableBytes } = await disk.space(root)
    expect(totalBytes).toBeGreaterThan(0)
    expect(usableBytes).toBeLessThanOrEqual(totalBytes)
  })
})

describe('file disk', () => {
  it('takes over the lock of a dead process, and respects that of a live one', () => {
    const disk = fileDisk()
    const file = join(folder(), '.lock')
    writeFileSync(file, '999999999 123\n')
    disk.lock(file).release()
    writeFileSync(file, '') // as Apache Kafka leaves it
    disk.lock(file).release()
    writeFileSync(file, `${process.ppid}\n`)
    expect(() => disk.lock(file)).toThrow(new RegExp(`held by process ${process.ppid}`))
  })

  it('keeps few handles open, and none in use is closed', () => {
    const root = folder()
    const files = new OpenFiles(2)
    const handles = ['a', 'b', 'c', 'd'].map((name) => files.handle(join(root, name)))
    const busy = handles[0]!.acquire()
    for (const handle of handles.slice(1)) {
      handle.acquire()
      handle.release()
    }
    writeFileSync(busy, 'still open')
    handles[0]!.release()
    const again = handles[1]!.acquire()
    writeFileSync(again, 'opened anew')
    handles[1]!.release()
    handles.forEach((handle) => handle.close())
  })
})

describe('memory disk', () => {
  it('loses what was not synced when the power is cut: bytes and names', async () => {
    const disk = memoryDisk()
    disk.makeDirectory('/d')
    await disk.syncDirectory('/')
    const kept = disk.open('/d/kept')
    await kept.append([Buffer.from('synced')])
    await kept.sync()
    await disk.syncDirectory('/d')
    await kept.append([Buffer.from(' unsynced')])
    disk.writeFile('/d/new', Buffer.from('x'))
    const after = disk.powerLoss()
    expect(after.list('/d').map((entry) => entry.name)).toEqual(['kept'])
    expect(after.readFile('/d/kept')!.toString()).toBe('synced')
    expect(disk.readFile('/d/kept')!.toString()).toBe('synced unsynced')
  })

  it('never loses a synced byte, whatever chance decides', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const disk = memoryDisk()
      disk.makeDirectory('/d')
      await disk.syncDirectory('/')
      const file = disk.open('/d/f')
      await file.append([Buffer.alloc(1000, 'a')])
      await file.sync()
      await disk.syncDirectory('/d')
      await file.append([Buffer.alloc(5000, 'b')])
      const content = disk.powerLoss(seededRandom(seed)).readFile('/d/f')!
      expect(content.subarray(0, 1000).equals(Buffer.alloc(1000, 'a'))).toBe(true)
      expect(content.length).toBeLessThanOrEqual(6000)
    }
  })
})

describe('faulty disk', () => {
  it('fails an append after some bytes, and the next one overwrites them', async () => {
    const inner = memoryDisk()
    const disk = faultyDisk(inner)
    const file = disk.open('/f')
    await file.append([Buffer.from('good')])
    disk.faults = (operation) => (operation === 'append' ? { code: 'ENOSPC', bytesWritten: 2 } : undefined)
    expect(() => file.append([Buffer.from('bad')])).toThrow(expect.objectContaining({ code: 'ENOSPC' }))
    expect(file.size).toBe(4)
    expect(inner.readFile('/f')!.toString()).toBe('goodba')
    disk.faults = () => undefined
    await file.append([Buffer.from('!')])
    expect(inner.readFile('/f')!.toString()).toBe('good!')
  })

  it('never ends what was begun before the kill, and writes nothing after it', async () => {
    const inner = memoryDisk()
    const disk = faultyDisk(inner, seededRandom(3))
    const file = disk.open('/f')
    let ended = 0
    for (let i = 0; i < 20; i++) void Promise.resolve(file.sync()).then(() => ended++)
    disk.kill()
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    expect(ended).toBe(0)
    void file.append([Buffer.from('late')])
    expect(inner.readFile('/f')!.length).toBe(0)
    expect(() => disk.makeDirectory('/x')).toThrow(/dead/)
  })
})
