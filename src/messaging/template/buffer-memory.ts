/** The bytes that waiting records may hold (`buffer.memory`). Who finds none free waits in line, first come first served. */
import type { Clock } from '../../base/clock.js'

interface Waiter {
  readonly bytes: number
  readonly resolve: (granted: boolean) => void
}

export class BufferMemory {
  private used = 0
  private readonly waiters: Waiter[] = []

  constructor(
    readonly limitBytes: number,
    private readonly clock: Clock,
  ) {}

  get usedBytes(): number {
    return this.used
  }

  get isShort(): boolean {
    return this.waiters.length > 0
  }

  /** true: the bytes are the caller's. A record larger than all of it is taken when nothing else is held. */
  tryReserve(bytes: number): boolean {
    if (this.waiters.length > 0 || !this.fits(bytes)) return false
    this.used += bytes
    return true
  }

  /** false: there was no room within `timeoutMs`. */
  reserve(bytes: number, timeoutMs: number): Promise<boolean> {
    if (this.tryReserve(bytes)) return Promise.resolve(true)
    return new Promise((resolve) => {
      const timer = this.clock.after(timeoutMs, () => {
        this.waiters.splice(this.waiters.indexOf(waiter), 1)
        resolve(false)
        this.admit()
      })
      const waiter: Waiter = {
        bytes,
        resolve: (granted) => {
          timer.cancel()
          resolve(granted)
        },
      }
      this.waiters.push(waiter)
    })
  }

  release(bytes: number): void {
    this.used -= bytes
    this.admit()
  }

  private fits(bytes: number): boolean {
    return this.used === 0 || this.used + bytes <= this.limitBytes
  }

  private admit(): void {
    for (let next = this.waiters[0]; next !== undefined && this.fits(next.bytes); next = this.waiters[0]) {
      this.waiters.shift()
      this.used += next.bytes
      next.resolve(true)
    }
  }
}
