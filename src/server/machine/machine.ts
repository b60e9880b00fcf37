/**
 * The replicated machine: decide → append → apply ──committed──▶ answer.
 *
 * One owner, one log, one state. `decide` is pure and synchronous: it reads the state and gives events and an answer. The
 * events are appended and applied in the same turn, so that the next decision sees them; the answer waits until the log
 * has committed them. Reads wait likewise for the offset that the state they saw depends on. When a write fails nothing
 * is undone: the machine refuses everything until it is loaded anew from its log.
 */
import { assert } from '../../base/assert.js'

export interface Decision<Event, Answer> {
  readonly events: readonly Event[]
  readonly answer: Answer
}

/** What a machine needs of a log. */
export interface EventLog<Event> {
  /** Queues the events as one atomic append and gives the offset of the last. Synchronous. */
  append(events: readonly Event[]): number
  /** Resolves when that offset is committed; rejects when the log failed. */
  committed(offset: number): Promise<void>
  /** Every committed event, in order, with its offset. */
  replay(onEvent: (event: Event, offset: number) => void): Promise<void>
}

export type MachinePhase = 'loading' | 'active' | 'failed' | 'closed'

/** A machine that is not active can't answer; the coordinator turns this into its API's error. */
export class MachineUnavailable extends Error {
  override readonly name = 'MachineUnavailable'
  constructor(readonly phase: MachinePhase) {
    super(`the machine is ${phase}`)
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
    /** Told once when a write failed. */
    private readonly onFailed: (error: unknown) => void = () => {},
  ) {}

  get phase(): MachinePhase {
    return this.current
  }

  async load(): Promise<void> {
    assert(this.current === 'loading', 'a machine is loaded once')
    await this.log.replay((event, offset) => {
      this.apply(this.state, event, offset)
      this.appliedOffset = offset
    })
    this.committedOffset = this.appliedOffset
    if (this.current === 'loading') this.current = 'active'
  }

  close(): void {
    this.current = 'closed'
  }

  /** Decides now; the promise is for the commit. A decision that throws changes nothing. */
  submit<Answer>(decide: (state: State) => Decision<Event, Answer>): Promise<Answer> {
    try {
      this.assertActive()
      const { events, answer } = decide(this.state)
      if (events.length > 0) this.appendAndApply(events)
      return this.whenCommitted(this.appliedOffset, answer)
    } catch (error) {
      return Promise.reject(error as Error)
    }
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
    const last = this.log.append(events)
    const first = last - events.length + 1
    events.forEach((event, i) => this.apply(this.state, event, first + i))
    this.appliedOffset = last
  }

  private async whenCommitted<Answer>(offset: number, answer: Answer): Promise<Answer> {
    if (offset <= this.committedOffset) return answer
    try {
      await this.log.committed(offset)
    } catch (error) {
      this.fail(error)
      throw new MachineUnavailable('failed')
    }
    this.committedOffset = Math.max(this.committedOffset, offset)
    return answer
  }

  private fail(error: unknown): void {
    if (this.current !== 'active') return
    this.current = 'failed'
    this.onFailed(error)
  }
}
