/** How long to wait before the next attempt. Pure: the number of failures so far gives the delay. */
export interface BackOff {
  /** `failures` is 1 after the first failed attempt. Milliseconds. */
  delayMs(failures: number): number
}

/** The same delay each time, Spring's `FixedBackOff`. */
export function fixed(intervalMs: number): BackOff {
  if (!(intervalMs >= 0)) throw new RangeError(`fixed: intervalMs must be 0 or more, not ${intervalMs}`)
  return { delayMs: () => intervalMs }
}

/** Of `exponential`; in milliseconds. */
export interface ExponentialOptions {
  /** Delay after the first failure. */
  initialMs: number
  /** Default 2. */
  multiplier?: number | undefined
  /** No delay is longer. Default 30 s. */
  maxMs?: number | undefined
}

/** Each delay `multiplier` times the one before, up to `maxMs`, Spring's `ExponentialBackOff`. */
export function exponential({ initialMs, multiplier = 2, maxMs = 30_000 }: ExponentialOptions): BackOff {
  if (!(initialMs >= 0)) throw new RangeError(`exponential: initialMs must be 0 or more, not ${initialMs}`)
  if (!(multiplier >= 1)) throw new RangeError(`exponential: multiplier must be 1 or more, not ${multiplier}`)
  if (!(maxMs >= initialMs)) throw new RangeError(`exponential: maxMs (${maxMs}) is below initialMs (${initialMs})`)
  return { delayMs: (failures) => Math.min(initialMs * multiplier ** (failures - 1), maxMs) }
}
