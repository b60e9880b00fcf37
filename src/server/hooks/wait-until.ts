/** The one way in which hooks wait for what no event tells. */
import { sleep, type Clock } from '../../base/clock.js'

/** What was waited for did not come in time; the message says what, and how far it was. */
export class WaitTimeout extends Error {
  override readonly name = 'WaitTimeout'
}

export interface WaitOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number | undefined
}

const TIMEOUT_MS = 10_000
const LOOK_AGAIN_MS = 5

/**
 * Looks again and again, by a clock that hooks don't move.
 *
 * @param what for the message: what was waited for, and what there is instead
 * @throws WaitTimeout
 */
export async function waitUntil(
  clock: Clock,
  isSo: () => boolean | Promise<boolean>,
  what: () => string,
  { timeoutMs = TIMEOUT_MS }: WaitOptions = {},
): Promise<void> {
  const sinceMs = clock.monotonic()
  while (!(await isSo())) {
    if (clock.monotonic() - sinceMs >= timeoutMs) throw new WaitTimeout(`waited ${timeoutMs} ms for ${what()}`)
    await sleep(clock, LOOK_AGAIN_MS)
  }
}
