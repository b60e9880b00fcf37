/** How long to wait before the next attempt. Pure: the number of failures so far gives the delay. */
import { configError, factor, milliseconds, problemsOf } from '../config/rules.js'
import type { Rules } from '../config/rules.js'

/** Gives delays. */
export interface BackOff {
  /** `failures` is 1 after the first failed attempt. Milliseconds. */
  delayMs(failures: number): number
}

/** The same delay each time, Spring's `FixedBackOff`. Anything but 0 or more is a KafkaError of kind `config`. */
export function fixed(intervalMs: number): BackOff {
  const problem = milliseconds(intervalMs)
  if (problem !== undefined) throw configError('fixed(…)', [`its interval ${problem}`])
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

const exponentialRules: Rules<ExponentialOptions> = { initialMs: milliseconds, multiplier: factor, maxMs: milliseconds }

/**
 * Each delay `multiplier` times the one before, up to `maxMs`, Spring's `ExponentialBackOff`. Options that make no sense are
 * a KafkaError of kind `config`.
 */
export function exponential(options: ExponentialOptions): BackOff {
  const { initialMs, multiplier = 2, maxMs = 30_000 } = options
  const problems = problemsOf('', options, exponentialRules)
  if (initialMs === undefined) problems.push('initialMs is missing')
  if (maxMs < initialMs) problems.push(`maxMs (${maxMs}) is below initialMs (${initialMs})`)
  if (problems.length > 0) throw configError('exponential(…)', problems)
  return { delayMs: (failures) => Math.min(initialMs * multiplier ** (failures - 1), maxMs) }
}
