/**
 * What a bench hands back: tables for people. `main()` of every `*.bench.ts` returns its tables; `bench/run.mjs` prints
 * them as Markdown, and with `--page` writes them into docs/benchmarks.md.
 */
export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}

export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** A whole number as people read it: `1,234,567`. */
export const whole = (figure: number): string => Math.round(figure).toLocaleString('en')
