/**
 * Files and directories as the broker needs them, so that it runs alike on a real disk, in memory, and on a disk that fails.
 *
 * What touches names or small files is synchronous: it costs microseconds, and code without an `await` can't be
 * interleaved. What may take long is not: syncs and removals always give a promise, reads and appends do when they are
 * large. Errors carry the system's code (`ENOSPC`, `EIO`, …). Paths are joined with `/`.
 */

export interface Disk {
  /** Makes the directory and its parents; there already is fine. */
  makeDirectory(path: string): void
  /** Names in a directory, sorted. */
  list(path: string): readonly DirectoryEntry[]
  /** undefined: there is nothing of that name. */
  stat(path: string): FileStat | undefined
  /** Atomic; replaces a file that has the new name. Files must not be open through this disk. */
  rename(from: string, to: string): void
  /** A small file as a whole; undefined when it does not exist. */
  readFile(path: string): Buffer | undefined
  /** Writes a small file as a whole, creating or replacing it. Not atomic: see `replaceFile`. */
  writeFile(path: string, content: Uint8Array): void
  /** Removes a file, or a directory with all in it; nothing there is fine. */
  remove(path: string): Promise<void>
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): Promise<void>
  /**
   * Opens a file for reading and appending; a missing one is made at once, or by its first append, when its directory has
   * to be there. Holds few system handles, whatever is open.
   */
  open(path: string, whenMissing?: 'make' | 'make-on-append'): DiskFile
  /** Takes the directory for this process by a lock file in it. @throws DirectoryLockedError */
  lock(file: string): DirectoryLock
  space(path: string): Promise<DiskSpace>
}

export interface DirectoryEntry {
  readonly name: string
  readonly directory: boolean
}

export interface FileStat {
  readonly size: number
  readonly directory: boolean
  readonly modifiedMs: number
}

export interface DiskSpace {
  readonly totalBytes: number
  readonly usableBytes: number
}

export interface DirectoryLock {
  release(): void
}

export interface DiskFile {
  readonly path: string
  /** Grows when an append has returned. */
  readonly size: number
  /**
   * Writes all buffers at the end: at once when it is little, else with a promise. One at a time. When it fails, what is
   * behind `size` is undefined; the next append overwrites it.
   */
  append(buffers: readonly Uint8Array[]): void | Promise<void>
  /** Fewer bytes than asked for at the end of the file. Small reads come at once. */
  read(position: number, length: number): Buffer | Promise<Buffer>
  truncate(size: number): void
  /** Makes the content durable. */
  sync(): Promise<void>
  /** Reads under way still finish; later ones throw. Idempotent. */
  close(): void
}

export class DiskError extends Error {
  override readonly name = 'DiskError'
  constructor(
    /** As the system calls it, e.g. `EIO`. */
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

export class DirectoryLockedError extends Error {
  override readonly name = 'DirectoryLockedError'
}

/** Replaces a small file durably: whatever happens, a reader finds the old or the new content as a whole. */
export async function replaceFile(disk: Disk, path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`
  const file = disk.open(temporary)
  try {
    file.truncate(0)
    await file.append([content])
    await file.sync()
  } finally {
    file.close()
  }
  disk.rename(temporary, path)
  await disk.syncDirectory(parentOf(path))
}

/** The directory that a name stands in. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '.' : slash === 0 ? '/' : path.slice(0, slash)
}
