/** The machine's disk. Together with its neighbours in this folder the only place of the broker that knows `node:fs`. */
import * as fs from 'node:fs'
import { rm, statfs } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { lockDirectory } from './directory-lock.js'
import type { Disk, DiskFile } from './disk.js'
import { OpenFiles, type FileHandle } from './open-files.js'

/** Up to here a write is done at once: the copy to the page cache costs less than the way through the thread pool. */
const SYNC_WRITE_BYTES_MAX = 128 * 1024
const SYNC_READ_BYTES_MAX = 16 * 1024
/** IOV_MAX of Linux and macOS. */
const BUFFERS_PER_WRITE_MAX = 1024
const OPEN_FILES_MAX = 1000
/** More at once would take the thread pool away from reads and writes, and is no faster. */
const SYNCS_MAX = 2

export function fileDisk(): Disk {
  const files = new OpenFiles(OPEN_FILES_MAX)
  const syncs = new Permits(SYNCS_MAX)
  return {
    makeDirectory: (path) => void fs.mkdirSync(path, { recursive: true }),
    list: (path) =>
      fs
        .readdirSync(path, { withFileTypes: true })
        .map((entry) => ({ name: entry.name, directory: entry.isDirectory() }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    stat(path) {
      const stat = fs.statSync(path, { throwIfNoEntry: false })
      return stat && { size: stat.size, directory: stat.isDirectory(), modifiedMs: Math.floor(stat.mtimeMs) }
    },
    rename: (from, to) => fs.renameSync(from, to),
    readFile(path) {
      try {
        return fs.readFileSync(path)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    writeFile: (path, content) => fs.writeFileSync(path, content),
    remove: (path) => rm(path, { recursive: true, force: true }),
    syncDirectory: (path) => syncs.run(() => syncDirectory(path)),
    open(path, whenMissing = 'make') {
      const size = fs.statSync(path, { throwIfNoEntry: false })?.size
      const handle = files.handle(path)
      if (size === undefined && whenMissing === 'make') {
        handle.acquire()
        handle.release()
      }
      return new FileOnDisk(handle, size ?? 0, syncs)
    },
    lock: (file) => lockDirectory(file),
    async space(path) {
      const { blocks, bavail, bsize } = await statfs(isAbsolute(path) ? path : resolve(path))
      return { totalBytes: blocks * bsize, usableBytes: bavail * bsize }
    },
  }
}

class FileOnDisk implements DiskFile {
  constructor(
    private readonly handle: FileHandle,
    private bytes: number,
    private readonly syncs: Permits,
  ) {}

  get path(): string {
    return this.handle.path
  }

  get size(): number {
    return this.bytes
  }

  append(buffers: readonly Uint8Array[]): void | Promise<void> {
    let length = 0
    for (const buffer of buffers) length += buffer.length
    if (length > SYNC_WRITE_BYTES_MAX) return this.appendLarge(buffers)
    const descriptor = this.handle.acquire()
    try {
      let rest = buffers
      while (rest.length > 0) {
        const some = rest.length > BUFFERS_PER_WRITE_MAX ? rest.slice(0, BUFFERS_PER_WRITE_MAX) : rest
        const position = this.bytes + length - bytesOf(rest)
        rest = after(
          rest,
          some.length === 1
            ? fs.writeSync(descriptor, some[0]!, 0, some[0]!.length, position)
            : fs.writevSync(descriptor, some, position),
        )
      }
      this.bytes += length
    } finally {
      this.handle.release()
    }
  }

  private async appendLarge(buffers: readonly Uint8Array[]): Promise<void> {
    const descriptor = this.handle.acquire()
    try {
      let position = this.bytes
      let rest = buffers
      while (rest.length > 0) {
        const written = await writev(descriptor, rest.slice(0, BUFFERS_PER_WRITE_MAX), position)
        position += written
        rest = after(rest, written)
      }
      this.bytes = position
    } finally {
      this.handle.release()
    }
  }

  read(position: number, length: number): Buffer | Promise<Buffer> {
    const wanted = Math.max(Math.min(length, this.bytes - position), 0)
    const into = Buffer.allocUnsafeSlow(wanted)
    if (wanted === 0) return into
    if (wanted > SYNC_READ_BYTES_MAX) return this.readLarge(into, position)
    const descriptor = this.handle.acquire()
    try {
      let got = 0
      while (got < wanted) {
        const count = fs.readSync(descriptor, into, got, wanted - got, position + got)
        if (count === 0) break
        got += count
      }
      return into.subarray(0, got)
    } finally {
      this.handle.release()
    }
  }

  private async readLarge(into: Buffer, position: number): Promise<Buffer> {
    const descriptor = this.handle.acquire()
    try {
      let got = 0
      while (got < into.length) {
        const count = await read(descriptor, into, got, position + got)
        if (count === 0) break
        got += count
      }
      return into.subarray(0, got)
    } finally {
      this.handle.release()
    }
  }

  truncate(size: number): void {
    const descriptor = this.handle.acquire()
    try {
      fs.ftruncateSync(descriptor, size)
      this.bytes = size
    } finally {
      this.handle.release()
    }
  }

  sync(): Promise<void> {
    return this.syncs.run(async () => {
      const descriptor = this.handle.acquire()
      try {
        await settled((done) => fs.fdatasync(descriptor, done))
      } finally {
        this.handle.release()
      }
    })
  }

  close(): void {
    this.handle.close()
  }
}

/** At most so many tasks at once; the others wait in line. */
class Permits {
  private readonly waiting: (() => void)[] = []

  constructor(private free: number) {}

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--
    else await new Promise<void>((resolve) => this.waiting.push(resolve))
    try {
      return await task()
    } finally {
      const next = this.waiting.shift()
      if (next) next()
      else this.free++
    }
  }
}

function bytesOf(buffers: readonly Uint8Array[]): number {
  let sum = 0
  for (const buffer of buffers) sum += buffer.length
  return sum
}

/** What is still to be written: the system may take fewer bytes than it was given. */
function after(buffers: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let skip = written
  let i = 0
  while (i < buffers.length && skip >= buffers[i]!.length) skip -= buffers[i++]!.length
  if (i === buffers.length) return []
  return skip === 0 ? buffers.slice(i) : [buffers[i]!.subarray(skip), ...buffers.slice(i + 1)]
}

function settled(start: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())))
}

function writev(descriptor: number, buffers: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.writev(descriptor, buffers, position, (error, written) => (error ? reject(error) : resolve(written)))
  })
}

function read(descriptor: number, into: Buffer, at: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(descriptor, into, at, into.length - at, position, (error, count) =>
      error ? reject(error) : resolve(count),
    )
  })
}

async function syncDirectory(path: string): Promise<void> {
  // Windows has no handle for a directory; there names are durable with the file
  if (process.platform === 'win32') return
  const descriptor = fs.openSync(path, 'r')
  try {
    await settled((done) => fs.fsync(descriptor, done))
  } finally {
    fs.closeSync(descriptor)
  }
}
