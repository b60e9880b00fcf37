/** Expressions of members, compiled once: decisions are synchronous, and compiling loads the engine first. */
import { assert } from '../../../base/assert.js'
import { clientPattern, type ClientPattern } from '../../client-pattern.js'

/** So many are kept; those that were used longest ago go first. */
const KEPT_MAX = 1000

export class Patterns {
  private readonly compiled = new Map<string, ClientPattern>()

  /** Compiles what is new. @throws InvalidPattern */
  async prepare(regexes: readonly (string | null)[]): Promise<void> {
    for (const regex of new Set(regexes)) {
      if (regex === null || regex === '') continue
      const pattern = this.compiled.get(regex) ?? (await clientPattern(regex))
      this.compiled.delete(regex)
      this.compiled.set(regex, pattern)
    }
    for (const regex of this.compiled.keys()) {
      if (this.compiled.size <= KEPT_MAX) break
      this.compiled.delete(regex)
    }
  }

  /** One that was prepared in this turn. */
  get = (regex: string): ClientPattern => {
    const pattern = this.compiled.get(regex)
    assert(pattern, `the expression ${regex} was not prepared`)
    return pattern
  }
}
