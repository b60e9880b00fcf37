/**
 * Time, handed in: no part reads the machine's clock or sets a timer but through this, so that a whole cluster runs in a
 * test from one seed.
 *
 * `wallClock()` is the machine's; `virtualClock()` stands still until told to advance, and fires due timers in order.
 */

export interface Timer {
  /** Idempotent; a cancelled timer never fires. */
  cancel(): void
}

export interface Clock {
  /** Milliseconds since the epoch, as Kafka's timestamps are. */
  now(): number
  /** Milliseconds that never go backwards, for measuring spans. */
  monotonic(): number
  /** Runs `task` once after `delayMs` (0 = as soon as possible); any length is allowed, also beyond 2^31 ms. */
  after(delayMs: number, task: () => void): Timer
}

/** setTimeout fires at once beyond this; longer delays are taken in steps. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

export function wallClock(options: { unref?: boolean } = {}): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after(delayMs, task) {
      let handle: NodeJS.Timeout
      const arm = (leftMs: number): void => {
        const stepMs = Math.min(Math.max(leftMs, 0), TIMEOUT_MS_MAX)
        handle = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : task()), stepMs)
        if (options.unref) handle.unref()
      }
      arm(delayMs)
      return { cancel: () => clearTimeout(handle) }
    },
  }
}

/** Resolves after `delayMs` on the given clock; with a signal, rejects with its reason when that aborts first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const onAbort = (): void => {
      timer.cancel()
      reject(signal!.reason as Error)
    }
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

export interface VirtualClock extends Clock {
  /** Moves time on, firing every timer that falls due, in order of due time; lets promise callbacks run between them. */
  advance(ms: number): Promise<void>
  /** Timers that have not fired yet. */
  readonly pending: number
}

export function virtualClock(startMs = 1_700_000_000_000): VirtualClock {
  let nowMs = startMs
  let sequence = 0
  const timers = new Map<number, { dueMs: number; task: () => void }>()

  const nextDue = (limitMs: number): number | undefined => {
    let found: number | undefined
    for (const [id, timer] of timers) {
      if (timer.dueMs > limitMs) continue
      if (found === undefined || timer.dueMs < timers.get(found)!.dueMs) found = id
    }
    return found
  }
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  return {
    now: () => nowMs,
    monotonic: () => nowMs - startMs,
    after(delayMs, task) {
      const id = sequence++
      timers.set(id, { dueMs: nowMs + Math.max(delayMs, 0), task })
      return { cancel: () => void timers.delete(id) }
    },
    async advance(ms) {
      const untilMs = nowMs + ms
      await settle()
      for (let id = nextDue(untilMs); id !== undefined; id = nextDue(untilMs)) {
        const timer = timers.get(id)!
        timers.delete(id)
        nowMs = Math.max(nowMs, timer.dueMs)
        timer.task()
        await settle()
      }
      nowMs = untilMs
    },
    get pending() {
      return timers.size
    },
  }
}
