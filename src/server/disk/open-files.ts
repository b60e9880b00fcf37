/**
 * Few system handles for many open files: a handle is opened when it is first used, and the ones idle for longest are
 * closed once there are too many. A handle in use is never closed under its user.
 */
import { closeSync, constants, openSync } from 'node:fs'

export class OpenFiles {
  /** By recency of use: a Map keeps the order in which keys were set. */
  private readonly handles = new Map<FileHandle, true>()

  constructor(private readonly handlesMax: number) {}

  handle(path: string): FileHandle {
    return new FileHandle(path, this)
  }

  /** A handle was used: it is the youngest now. */
  used(handle: FileHandle): void {
    this.handles.delete(handle)
    this.handles.set(handle, true)
    if (this.handles.size > this.handlesMax) this.closeIdle()
  }

  forget(handle: FileHandle): void {
    this.handles.delete(handle)
  }

  private closeIdle(): void {
    for (const handle of this.handles.keys()) {
      if (this.handles.size <= this.handlesMax) return
      if (handle.idle) handle.suspend()
    }
  }
}

export class FileHandle {
  private descriptor = -1
  private users = 0
  private closed = false

  constructor(
    readonly path: string,
    private readonly files: OpenFiles,
  ) {}

  get idle(): boolean {
    return this.users === 0
  }

  /** Gives the descriptor, which stays open until `release`. */
  acquire(): number {
    if (this.closed) throw Object.assign(new Error(`${this.path} is closed`), { code: 'EBADF' })
    if (this.descriptor === -1) this.descriptor = openSync(this.path, constants.O_RDWR | constants.O_CREAT, 0o644)
    this.users++
    this.files.used(this)
    return this.descriptor
  }

  release(): void {
    this.users--
    if (this.closed) this.suspend()
  }

  close(): void {
    this.closed = true
    this.suspend()
  }

  /** Gives the descriptor back to the system, when nobody uses it; the next `acquire` opens it again. */
  suspend(): void {
    if (this.descriptor === -1 || this.users > 0) return
    closeSync(this.descriptor)
    this.descriptor = -1
    this.files.forget(this)
  }
}
