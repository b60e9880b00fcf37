import { expect, it } from 'vitest'
import { resetDurationMs } from './reset-duration.js'

it.each([
  ['by_duration:PT1H', 3_600_000],
  ['by_duration:P2DT3H4M5.5S', 183_845_500],
  ['by_duration:P1D', 86_400_000],
  ['BY_DURATION:pt0s', 0],
])('%s is %i ms', (reset, ms) => expect(resetDurationMs(reset)).toBe(ms))

it.each(['by_duration:', 'by_duration:P', 'by_duration:PT', 'by_duration:P1M', 'by_duration:-PT1H', 'earliest', '1h'])(
  '%s is none',
  (reset) => expect(resetDurationMs(reset)).toBe(undefined),
)
