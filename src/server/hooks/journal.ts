/** The requests of late, newest last: who asked what, when, and how it went. Bounded; the oldest make room. */
const ENTRIES_MAX = 10_000

export interface JournalEntry {
  /** Milliseconds since the epoch, by the broker's clock. */
  readonly timeMs: number
  readonly api: string
  readonly version: number
  readonly clientId: string | null
  readonly connectionId: string
  readonly correlationId: number
  /** Id of the fault that hit it, if one did. */
  faultId: number | undefined
  /** undefined: still under way. */
  outcome: 'answered' | 'no answer' | 'closed' | 'failed' | undefined
  durationMs: number | undefined
}

export interface JournalFilter {
  readonly api?: string | undefined
  readonly clientId?: string | undefined
}

export class Journal {
  private entries: JournalEntry[] = []

  add(entry: JournalEntry): void {
    if (this.entries.length >= ENTRIES_MAX * 2) this.entries = this.entries.slice(-ENTRIES_MAX)
    this.entries.push(entry)
  }

  list(filter: JournalFilter = {}): readonly JournalEntry[] {
    return this.entries
      .slice(-ENTRIES_MAX)
      .filter(
        ({ api, clientId }) =>
          (filter.api === undefined || filter.api === api) &&
          (filter.clientId === undefined || filter.clientId === clientId),
      )
  }

  clear(): void {
    this.entries = []
  }
}
