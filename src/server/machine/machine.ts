/**
 * The replicated machine: decide → append → apply ──committed──▶ answer.
 *
 * One owner, one log, one state. `decide` is pure and synchronous: it reads the state and gives events and an answer. The
 * events are appended and applied in the same turn, so that the next decision sees them; the answer waits until the log
 * has committed them. Reads wait likewise for the offset that the state they saw depends on. When a write fails nothing
 * is undone: the machine refuses everything from then on, and its owner loads a new one from the log.
 *
 *   loading ──load──▶ active ──a write failed──▶ failed
 *      └────────────────┴──────────close────────▶ closed
 */
import { assert } from '../../base/assert.js'
import type { ErrorCode } from '../../protocol/errors.js'

export interface Decision<Event, Answer> {
  readonly events: readonly Event[]
  readonly answer: Answer
}

/** A decision that was applied; `answer` may be given once it is committed. */
export interface Transaction<Answer> {
  readonly answer: Answer
  readonly committed: Promise<void>
}

/** What a machine needs of a log. */
export interface EventLog<Event> {
  /**
   * Queues the events as one append, at consecutive offsets, and gives the offset of the last. Synchronous. Throws
   * `EventsRefused` when the log takes none of them and goes on, anything else when it can't go on.
   */
  append(events: readonly Event[]): number
  /** Resolves when that offset is committed; rejects when the log failed. */
  committed(offset: number): Promise<void>
  /** Nothing is in the log: the machine need not wait to be loaded. */
  readonly isEmpty: boolean
  /** Every event in the log, in order, with its offset. */
  replay(onEvent: (event: Event, offset: number) => void): Promise<void>
}

/** The log took none of the events, e.g. because together they are too large; the state is as it was. */
export class EventsRefused extends Error {
  override readonly name = 'EventsRefused'
  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message)
  }
}

export type MachinePhase = 'loading' | 'active' | 'failed' | 'closed'

/** A machine that is not active can't answer; the coordinator turns this into its API's error. */
export class MachineUnavailable extends Error {
  override readonly name = 'MachineUnavailable'
  constructor(
    readonly phase: MachinePhase,
    cause?: unknown,
  ) {
    super(`the machine is ${phase}`, { cause })
  }
}

export class Machine<State, Event> {
  private current: MachinePhase = 'loading'
  /** Offset of the last event applied; -1 before any. */
  private appliedOffset = -1
  private committedOffset = -1

  constructor(
    private readonly state: State,
    private readonly log: EventLog<Event>,
    private readonly apply: (state: State, event: Event, offset: number) => void,
    /** Told once when the log failed, or an event could not be applied. */
    private readonly onFailed: (error: unknown) => void = () => {},
  ) {}

  get phase(): MachinePhase {
    return this.current
  }

  /** Applies all that the log holds; only then the machine answers, with an empty log at once. Rejects, and is failed, when the log can't be read. */
  async load(): Promise<void> {
    assert(this.current === 'loading', 'a machine is loaded once')
    if (this.log.isEmpty) {
      this.current = 'active'
      return
    }
    try {
      await this.log.replay((event, offset) => {
        this.apply(this.state, event, offset)
        this.appliedOffset = offset
      })
    } catch (error) {
      throw this.fail(error)
    }
    this.committedOffset = this.appliedOffset
    if (this.current === 'loading') this.current = 'active'
  }

  close(): void {
    this.current = 'closed'
  }

  /** Decides, appends and applies now; the promise is for the commit. A decision that throws changes nothing. */
  submit<Answer>(decide: (state: State) => Decision<Event, Answer>): Promise<Answer> {
    try {
      const { answer, committed } = this.transact(decide)
      return committed.then(() => answer)
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  /** As `submit`, but throws at once what is known at once: refused events, a machine that is not active. */
  transact<Answer>(decide: (state: State) => Decision<Event, Answer>): Transaction<Answer> {
    this.assertActive()
    const { events, answer } = decide(this.state)
    if (events.length > 0) this.appendAndApply(events)
    return { answer, committed: this.committed(this.appliedOffset) }
  }

  /** Reads the state now; answers once all that it saw is committed. */
  query<Answer>(read: (state: State) => Answer): Promise<Answer> {
    return this.submit((state) => ({ events: [], answer: read(state) }))
  }

  /** The state as applied, for soft state beside the machine; not to be shown outside before it is committed. */
  peek<T>(read: (state: State) => T): T {
    this.assertActive()
    return read(this.state)
  }

  private assertActive(): void {
    if (this.current !== 'active') throw new MachineUnavailable(this.current)
  }

  private appendAndApply(events: readonly Event[]): void {
    try {
      const last = this.log.append(events)
      const first = last - events.length + 1
      events.forEach((event, i) => this.apply(this.state, event, first + i))
      this.appliedOffset = last
    } catch (error) {
      throw error instanceof EventsRefused ? error : this.fail(error)
    }
  }

  private async committed(offset: number): Promise<void> {
    if (offset <= this.committedOffset) return
    try {
      await this.log.committed(offset)
    } catch (error) {
      throw this.fail(error)
    }
    this.committedOffset = Math.max(this.committedOffset, offset)
  }

  private fail(error: unknown): MachineUnavailable {
    if (this.current === 'active' || this.current === 'loading') {
      this.current = 'failed'
      this.onFailed(error)
    }
    return new MachineUnavailable('failed', error)
  }
}
