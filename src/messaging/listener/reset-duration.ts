/** `by_duration:<ISO-8601>`, as Java's `Duration.parse` reads it: days of 24 hours, and no months, which differ. */
const DURATION = /^by_duration:p(?!$)(?:(\d+)d)?(?:t(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d{1,9})?)s)?)?$/i
const UNITS_MS = [86_400_000, 3_600_000, 60_000, 1_000] as const

/** The duration in ms; undefined when it is not one. */
export function resetDurationMs(reset: string): number | undefined {
  const [, ...parts] = DURATION.exec(reset) ?? []
  if (parts.length === 0) return undefined
  return UNITS_MS.reduce((sum, unitMs, i) => sum + Number(parts[i] ?? 0) * unitMs, 0)
}
