/** What a process holds over a long run, in MiB. Flat means: the last third holds about what the second third held. */
export class MemoryCurve {
  private readonly samples: number[] = []

  constructor(private readonly name: string) {}

  add(mib: number): void {
    this.samples.push(mib)
  }

  /** The last third over the second, by their medians; the first is for warming up. */
  get growth(): number {
    const third = Math.floor(this.samples.length / 3)
    return median(this.samples.slice(-third)) / median(this.samples.slice(third, -third))
  }

  /** For the report: the name, the growth, ten points of the curve. */
  get text(): string {
    const step = Math.max(Math.floor(this.samples.length / 10), 1)
    const points = this.samples.filter((_, i) => i % step === step - 1).map((mib) => Math.round(mib))
    return `${this.name}: ${points.join(' ')} MiB, growth ${this.growth.toFixed(2)}`
  }
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[figures.length >> 1]!
}
