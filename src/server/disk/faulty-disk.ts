/**
 * A disk that fails, for tests: wraps another and injects errors, writes that are cut short, and the death of the process.
 *
 * After `kill` nothing that was begun comes to an end and nothing new reaches the disk below: what is there is what a
 * broker finds that is started again. Appends under way at that moment leave a part of their bytes.
 */
import type { Random } from '../../base/random.js'
import { nextTurn } from '../../base/turn.js'
import { DiskError, type DirectoryLock, type Disk, type DiskFile } from './disk.js'

export type DiskOperation = 'append' | 'read' | 'sync' | 'truncate' | 'rename' | 'write' | 'remove' | 'directory'

export interface Fault {
  readonly code: 'EIO' | 'ENOSPC' | 'EROFS'
  /** For appends: so many bytes are written before the error. Default 0. */
  readonly bytesWritten?: number
}

export interface FaultyDisk extends Disk {
  /** Asked before each operation; what it returns is what goes wrong. */
  faults: (operation: DiskOperation, path: string) => Fault | undefined
  kill(): void
}

/** With `random`, about half of the appends and reads take a turn or more, as large ones do on a real disk. */
export function faultyDisk(inner: Disk, random?: Random): FaultyDisk {
  let dead = false
  const never = new Promise<never>(() => {})
  const locks: DirectoryLock[] = []

  const check = (operation: DiskOperation, path: string): void => {
    if (dead) throw new DiskError('EIO', `${path}: the process is dead`)
    const fault = disk.faults(operation, path)
    if (fault) throw new DiskError(fault.code, `${fault.code}: ${operation} ${path}`)
  }
  const turns = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await nextTurn()
  }
  const later = async <T>(task: () => T | Promise<T>): Promise<T> => {
    await turns(1 + (random?.below(3) ?? 0))
    if (dead) return never
    const result = await task()
    return dead ? never : result
  }
  const slow = (): boolean => random !== undefined && random.below(2) === 0

  const wrap = (file: DiskFile): DiskFile => {
    let size = file.size
    const write = (buffers: readonly Uint8Array[], limit: number): void => {
      if (file.size > size) file.truncate(size)
      let left = limit
      for (const buffer of buffers) {
        const part = buffer.subarray(0, left)
        if (part.length > 0) void file.append([part])
        left -= part.length
      }
    }
    const append = (buffers: readonly Uint8Array[]): void => {
      const fault = disk.faults('append', file.path)
      write(buffers, fault ? (fault.bytesWritten ?? 0) : Infinity)
      if (fault) throw new DiskError(fault.code, `${fault.code}: append ${file.path}`)
      size = file.size
    }
    return {
      path: file.path,
      get size() {
        return size
      },
      append(buffers) {
        if (dead) return never
        if (!slow()) return append(buffers)
        return turns(1 + random!.below(3)).then(() => {
          if (dead) {
            write(buffers, random!.below(1 + buffers.reduce((sum, buffer) => sum + buffer.length, 0)))
            return never
          }
          append(buffers)
        })
      },
      read(position, length) {
        if (dead) return never
        check('read', file.path)
        const wanted = Math.max(Math.min(length, size - position), 0)
        return slow() ? later(() => file.read(position, wanted)) : file.read(position, wanted)
      },
      truncate(to) {
        check('truncate', file.path)
        file.truncate(to)
        size = to
      },
      sync: () =>
        later(() => {
          check('sync', file.path)
          return file.sync()
        }),
      close: () => file.close(),
    }
  }

  const disk: FaultyDisk = {
    faults: () => undefined,
    kill() {
      dead = true
      for (const lock of locks) lock.release()
    },
    makeDirectory(path) {
      check('directory', path)
      inner.makeDirectory(path)
    },
    list(path) {
      check('read', path)
      return inner.list(path)
    },
    stat: (path) => inner.stat(path),
    rename(from, to) {
      check('rename', from)
      inner.rename(from, to)
    },
    readFile(path) {
      check('read', path)
      return inner.readFile(path)
    },
    writeFile(path, content) {
      check('write', path)
      inner.writeFile(path, content)
    },
    remove: (path) =>
      later(() => {
        check('remove', path)
        return inner.remove(path)
      }),
    syncDirectory: (path) =>
      later(() => {
        check('sync', path)
        return inner.syncDirectory(path)
      }),
    open(path, whenMissing) {
      check('directory', path)
      return wrap(inner.open(path, whenMissing))
    },
    lock(file) {
      const lock = inner.lock(file)
      locks.push(lock)
      return lock
    },
    space: (path) => inner.space(path),
  }
  return disk
}
