/**
 * A disk in memory: for `--ephemeral`, for embedded brokers and for tests.
 *
 * It remembers what was synced, content and names apart, so that a test can cut the power: `powerLoss` gives the disk as a
 * machine may find it afterwards. Appended bytes are copied.
 */
import { assert } from '../../base/assert.js'
import type { Random } from '../../base/random.js'
import {
  DirectoryLockedError,
  DiskError,
  type DirectoryEntry,
  type DirectoryLock,
  type Disk,
  type DiskFile,
  type DiskSpace,
  type FileStat,
} from './disk.js'

export interface MemoryDisk extends Disk {
  /**
   * What is left after the power was cut now: unsynced names and bytes survive or not, by chance, and the last unsynced
   * bytes of a file may be garbage. This disk is not changed. Without `random`: all that was not synced is gone.
   */
  powerLoss(random?: Random): MemoryDisk
}

const CHUNK_BYTES = 64 * 1024

/** A file's content, independent of its name: chunks of doubling size, so that an empty log costs nothing. */
class Content {
  size = 0
  syncedSize = 0
  modifiedMs = 0
  private chunks: Buffer[] = []
  /** Where each chunk starts. */
  private starts: number[] = []
  private capacity = 0

  write(bytes: Uint8Array): void {
    let from = 0
    while (from < bytes.length) {
      if (this.size === this.capacity) this.grow(bytes.length - from)
      const at = this.chunkOf(this.size)
      const chunk = this.chunks[at]!
      const offset = this.size - this.starts[at]!
      const count = Math.min(bytes.length - from, chunk.length - offset)
      chunk.set(bytes.subarray(from, from + count), offset)
      from += count
      this.size += count
    }
  }

  read(position: number, length: number): Buffer {
    const end = Math.min(position + length, this.size)
    if (position >= end) return Buffer.alloc(0)
    const out = Buffer.allocUnsafe(end - position)
    let at = this.chunkOf(position)
    for (let from = position; from < end; at++) {
      const start = this.starts[at]!
      const count = this.chunks[at]!.copy(out, from - position, from - start, end - start)
      from += count
    }
    return out
  }

  truncate(size: number): void {
    assert(size <= this.size, 'a file is cut, never grown, by truncate')
    this.size = size
    this.syncedSize = Math.min(this.syncedSize, size)
    while (this.chunks.length > 0 && this.starts[this.chunks.length - 1]! >= size) {
      this.capacity -= this.chunks.pop()!.length
      this.starts.pop()
    }
  }

  /** Unsynced bytes are kept up to a place drawn by chance; what follows the last whole write may be garbage. */
  afterPowerLoss(random: Random | undefined): Content {
    const copy = new Content()
    copy.modifiedMs = this.modifiedMs
    copy.write(this.read(0, this.syncedSize))
    if (random !== undefined && this.size > this.syncedSize) {
      const kept = this.read(this.syncedSize, random.below(this.size - this.syncedSize + 1))
      if (kept.length > 0 && random.below(2) === 0) kept.fill(random.below(256), random.below(kept.length))
      copy.write(kept)
    }
    copy.syncedSize = copy.size
    return copy
  }

  private grow(need: number): void {
    const size = Math.max(Math.min(Math.max(256, this.capacity), CHUNK_BYTES), Math.min(need, CHUNK_BYTES * 16))
    this.starts.push(this.capacity)
    this.chunks.push(Buffer.allocUnsafeSlow(size))
    this.capacity += size
  }

  private chunkOf(position: number): number {
    let low = 0
    let high = this.starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.starts[middle]! <= position) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** What a name stands for: a directory's own names, or a file's content. */
type Node = Directory | Content

class Directory {
  readonly names = new Map<string, Node>()
  /** The names as of the last sync. */
  syncedNames = new Map<string, Node>()
}

export function memoryDisk(options: { totalBytes?: number; now?: () => number } = {}): MemoryDisk {
  return diskOver(new Directory(), options)
}

function diskOver(root: Directory, options: { totalBytes?: number; now?: () => number }): MemoryDisk {
  const { totalBytes = 2 ** 40, now = () => 0 } = options
  const locks = new Set<string>()

  const split = (path: string): { parts: string[]; name: string } => {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.')
    const name = parts.pop() ?? ''
    return { parts, name }
  }
  const directory = (parts: readonly string[], path: string): Directory => {
    let at: Node = root
    for (const part of parts) {
      const next: Node | undefined = at instanceof Directory ? at.names.get(part) : undefined
      if (next === undefined) throw new DiskError('ENOENT', `no such directory: ${path}`)
      at = next
    }
    if (!(at instanceof Directory)) throw new DiskError('ENOTDIR', `not a directory: ${path}`)
    return at
  }
  const find = (path: string): Node | undefined => {
    const { parts, name } = split(path)
    if (name === '') return root
    try {
      return directory(parts, path).names.get(name)
    } catch {
      return undefined
    }
  }
  const content = (path: string): Content => {
    const { parts, name } = split(path)
    const parent = directory(parts, path)
    let node = parent.names.get(name)
    if (node instanceof Directory) throw new DiskError('EISDIR', `is a directory: ${path}`)
    if (node === undefined) {
      node = new Content()
      node.modifiedMs = now()
      parent.names.set(name, node)
    }
    return node
  }

  return {
    makeDirectory(path) {
      let at = root
      for (const part of path.split('/').filter((name) => name !== '' && name !== '.')) {
        let next = at.names.get(part)
        if (next === undefined) at.names.set(part, (next = new Directory()))
        if (!(next instanceof Directory)) throw new DiskError('ENOTDIR', `not a directory: ${path}`)
        at = next
      }
    },
    list(path): DirectoryEntry[] {
      const node = find(path)
      if (!(node instanceof Directory)) throw new DiskError('ENOENT', `no such directory: ${path}`)
      return [...node.names]
        .map(([name, entry]) => ({ name, directory: entry instanceof Directory }))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    stat(path): FileStat | undefined {
      const node = find(path)
      if (node === undefined) return undefined
      if (node instanceof Directory) return { size: 0, directory: true, modifiedMs: 0 }
      return { size: node.size, directory: false, modifiedMs: node.modifiedMs }
    },
    rename(from, to) {
      const source = split(from)
      const parent = directory(source.parts, from)
      const node = parent.names.get(source.name)
      if (node === undefined) throw new DiskError('ENOENT', `no such file: ${from}`)
      const target = split(to)
      directory(target.parts, to).names.set(target.name, node)
      parent.names.delete(source.name)
    },
    readFile(path) {
      const node = find(path)
      return node instanceof Content ? node.read(0, node.size) : undefined
    },
    writeFile(path, bytes) {
      const { parts, name } = split(path)
      content(path)
      const fresh = new Content()
      fresh.write(bytes)
      fresh.modifiedMs = now()
      directory(parts, path).names.set(name, fresh)
    },
    remove(path) {
      const { parts, name } = split(path)
      try {
        directory(parts, path).names.delete(name)
      } catch {
        // nothing there is fine
      }
      return Promise.resolve()
    },
    syncDirectory(path) {
      const node = find(path)
      if (node instanceof Directory) node.syncedNames = new Map(node.names)
      return Promise.resolve()
    },
    open(path, whenMissing = 'make') {
      const later = whenMissing === 'make-on-append' && find(path) === undefined
      return openContent(path, later ? undefined : content(path), () => content(path), now)
    },
    lock(path): DirectoryLock {
      if (locks.has(path)) throw new DirectoryLockedError(`${path} is held by another broker of this process`)
      content(path)
      locks.add(path)
      return { release: () => void locks.delete(path) }
    },
    space(): Promise<DiskSpace> {
      const used = bytesIn(root)
      return Promise.resolve({ totalBytes, usableBytes: Math.max(totalBytes - used, 0) })
    },
    powerLoss: (random) => diskOver(directoryAfterPowerLoss(root, random, new Map()), options),
  }
}

/** @param content undefined: the first append makes it */
function openContent(path: string, content: Content | undefined, make: () => Content, now: () => number): DiskFile {
  let closed = false
  const assertOpen = (): void => {
    if (closed) throw new DiskError('EBADF', `${path} is closed`)
  }
  return {
    path,
    get size() {
      return content?.size ?? 0
    },
    append(buffers) {
      assertOpen()
      content ??= make()
      for (const buffer of buffers) content.write(buffer)
      content.modifiedMs = now()
    },
    read(position, length) {
      assertOpen()
      return content?.read(position, length) ?? Buffer.alloc(0)
    },
    truncate(size) {
      assertOpen()
      content?.truncate(size)
    },
    sync() {
      if (content) content.syncedSize = content.size
      return Promise.resolve()
    },
    close() {
      closed = true
    },
  }
}

function bytesIn(node: Node): number {
  if (node instanceof Content) return node.size
  let sum = 0
  for (const child of node.names.values()) sum += bytesIn(child)
  return sum
}

/** The names of a directory survive together or not at all, as a journal has it: a rename never loses both names. */
function directoryAfterPowerLoss(
  node: Directory,
  random: Random | undefined,
  copies: Map<Content, Content>,
): Directory {
  const out = new Directory()
  const survivors = random !== undefined && random.below(2) === 0 ? node.names : node.syncedNames
  for (const [name, survivor] of survivors) {
    if (survivor instanceof Directory) {
      out.names.set(name, directoryAfterPowerLoss(survivor, random, copies))
      continue
    }
    let copy = copies.get(survivor)
    if (copy === undefined) copies.set(survivor, (copy = survivor.afterPowerLoss(random)))
    out.names.set(name, copy)
  }
  out.syncedNames = new Map(out.names)
  return out
}
