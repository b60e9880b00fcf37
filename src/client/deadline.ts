/** Work that is not waited for longer than so long. Whoever started the work deals with it when it ends later. */
import { sleep, type Clock } from '../base/clock.js'

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

async function settle<T>(clock: Clock, ms: number, work: Promise<T>, late: () => T, signal?: AbortSignal): Promise<T> {
  const done = new AbortController()
  const timer = sleep(clock, Math.max(ms, 0), signal ? AbortSignal.any([done.signal, signal]) : done.signal).then(late)
  timer.catch(() => {})
  try {
    return await Promise.race([work, timer])
  } finally {
    done.abort(new Error('done'))
    work.catch(() => {})
  }
}
