/** Work that is not waited for longer than so long. Whoever started the work deals with it when it ends later. */
import type { Clock } from '../base/clock.js'

/** Resolves when `work` ends, however it ends, or when the time is over; true when it ended in time. */
export async function endsWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  return settle(clock, ms, work.then(ended, ended), () => false)
}

/** What `work` gives; rejects with `late()` when that takes longer, or with the signal's reason when it aborts. */
export async function within<T>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
  late: () => Error,
  signal?: AbortSignal,
): Promise<T> {
  const fail = (): never => {
    throw late()
  }
  return settle(clock, ms, work, fail, signal)
}

const ended = (): true => true

function settle<T>(clock: Clock, ms: number, work: Promise<T>, late: () => T, signal?: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => end(() => reject(signal!.reason as Error))
    const timer = clock.after(Math.max(ms, 0), () =>
      end(() => {
        try {
          resolve(late())
        } catch (error) {
          reject(error as Error)
        }
      }),
    )
    const end = (how: () => void): void => {
      timer.cancel()
      signal?.removeEventListener('abort', onAbort)
      how()
    }
    work.then(
      (value) => end(() => resolve(value)),
      (error: unknown) => end(() => reject(error as Error)),
    )
    // not AbortSignal.any: on Node 20 each leaves something behind in a signal that lives on
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })
}
