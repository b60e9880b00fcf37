/**
 * Where requests wait that can't be answered yet (Kafka's delayed operations): fetches for bytes, answers for replicas.
 *
 * An operation watches some keys (partitions, mostly). Whoever changes what a key stands for notifies it and says by how
 * much; each watcher adds that up for itself, so that a notice costs no more than its watchers, however many keys they
 * have. An operation ends once: when it is ready, when its time is up, or when its client is gone. The code that waits
 * goes on in a later microtask, after whoever notified has finished.
 */
import type { Clock, Timer } from '../../base/clock.js'

export type WaitEnd = 'ready' | 'expired' | 'abandoned'

export interface Wait {
  readonly keys: Iterable<object>
  readonly timeoutMs: number
  /** Told of each notice for one of the keys; true ends the wait. */
  readonly onNotice: (key: object, amount: number) => boolean
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined
}

class Operation {
  private ended = false

  constructor(
    readonly onNotice: Wait['onNotice'],
    private readonly keys: readonly object[],
    private readonly watchers: Map<object, Set<Operation>>,
    private readonly settle: (end: WaitEnd) => void,
  ) {
    for (const key of keys) {
      const set = watchers.get(key)
      if (set) set.add(this)
      else watchers.set(key, new Set([this]))
    }
  }

  end(how: WaitEnd): void {
    if (this.ended) return
    this.ended = true
    for (const key of this.keys) {
      const set = this.watchers.get(key)!
      set.delete(this)
      if (set.size === 0) this.watchers.delete(key)
    }
    this.settle(how)
  }
}

export class Purgatory {
  private readonly watchers = new Map<object, Set<Operation>>()
  private waiting = 0

  constructor(private readonly clock: Clock) {}

  /** Operations that wait now. */
  get size(): number {
    return this.waiting
  }

  wait({ keys, timeoutMs, onNotice, signal }: Wait): Promise<WaitEnd> {
    if (signal?.aborted) return Promise.resolve('abandoned')
    return new Promise((resolve) => {
      const timers: Timer[] = []
      const abandon = (): void => operation.end('abandoned')
      const operation = new Operation(onNotice, [...keys], this.watchers, (end) => {
        this.waiting--
        for (const timer of timers) timer.cancel()
        signal?.removeEventListener('abort', abandon)
        resolve(end)
      })
      this.waiting++
      timers.push(this.clock.after(timeoutMs, () => operation.end('expired')))
      signal?.addEventListener('abort', abandon, { once: true })
    })
  }

  /** What a key stands for has changed; `amount` is up to those who watch it: bytes, for partitions. */
  notify(key: object, amount: number): void {
    const watchers = this.watchers.get(key)
    if (watchers === undefined) return
    for (const operation of watchers) if (operation.onNotice(key, amount)) operation.end('ready')
  }
}
