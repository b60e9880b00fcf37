/**
 * How much of each long run is done: a slice in `npm test`, all of it by `npm run test:long`, which sets these variables
 * (vitest.long.config.ts). Any of them may be set by hand.
 */
export function sized(name: string, slice: number): number {
  const value = process.env[name]
  if (value === undefined || value === '') return slice
  const size = Number(value)
  if (!(size > 0)) throw new Error(`${name} must be a number above 0, not '${value}'`)
  return size
}

/** The same seed does the same again, as far as the machine's timing lets it. */
export const seed = sized('KTS_SEED', 1)
