/**
 * Requests whose answers come later: a join waits for its rebalance, a sync for the leader's assignment.
 *
 * `answer` decides what is answered; it goes out when the events of the same decision are committed. Once answered, or
 * failed, a parked request takes nothing more.
 */
import type { ErrorCode } from '../../protocol/errors.js'

export interface Parked<Response> {
  answer(response: Response): void
}

/** Answers that were decided on and wait for the commit. */
export class Outbox {
  private answered: ParkedRequest<unknown>[] = []

  add(request: ParkedRequest<unknown>): void {
    this.answered.push(request)
  }

  take(): readonly ParkedRequest<unknown>[] {
    const taken = this.answered
    if (taken.length > 0) this.answered = []
    return taken
  }
}

export class ParkedRequest<Response> implements Parked<Response> {
  readonly promise: Promise<Response>
  private resolve!: (response: Response) => void
  private response: Response | undefined
  private over = false

  constructor(
    private readonly outbox: Outbox,
    private readonly errorResponse: (code: ErrorCode) => Response,
  ) {
    this.promise = new Promise((resolve) => (this.resolve = resolve))
  }

  answer(response: Response): void {
    if (this.response !== undefined || this.over) return
    this.response = response
    this.outbox.add(this as ParkedRequest<unknown>)
  }

  /** The commit came. */
  send(): void {
    if (this.over || this.response === undefined) return
    this.over = true
    this.resolve(this.response)
  }

  /** The commit will not come, or the coordinator is gone. */
  fail(code: ErrorCode): void {
    if (this.over) return
    this.over = true
    this.resolve(this.errorResponse(code))
  }
}
