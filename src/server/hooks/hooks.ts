/**
 * Development hooks, which no broker for production has: faults, waits, a clock that can be moved on, and a journal of
 * requests. They stand between endpoint and handlers, and cost nothing when they are not asked for.
 */
import type { Clock } from '../../base/clock.js'
import type { Random } from '../../base/random.js'
import type { Api } from '../../protocol/schema/index.js'
import { closeConnection, noAnswer, type Answer } from '../api/handler.js'
import type { Broker } from '../broker.js'
import type { Call, Perform } from '../endpoint/dispatch.js'
import type { AdjustableClock } from './adjustable-clock.js'
import type { Fault, FaultRule } from './fault.js'
import { Faults } from './faults.js'
import { Journal, type JournalEntry, type JournalFilter } from './journal.js'
import { expireTransaction, fenceProducer } from './transaction-actions.js'
import { groupIs, groupLag, type GroupCondition } from './group-conditions.js'
import { waitUntil, type WaitOptions } from './wait-until.js'

type Parts = Pick<Broker, 'cluster' | 'partitions' | 'groups' | 'transactions'>

export class Hooks {
  private readonly faults: Faults
  private readonly journal = new Journal()

  constructor(
    private readonly parts: Parts,
    /** The broker's, which can be moved on. */
    private readonly clock: AdjustableClock,
    /** The one under it, by which waits are timed. */
    private readonly realClock: Clock,
    random: Random,
    apis: readonly Pick<Api, 'name'>[],
  ) {
    const nameOfTopic = (id: string): string | undefined => parts.cluster.topicById(id)?.name
    this.faults = new Faults({ clock, random, nameOfTopic, apis: new Set(apis.map(({ name }) => name)) })
  }

  /** Sets a fault; it hits from the next request on. @throws FaultRuleError */
  fault(rule: FaultRule): Fault {
    return this.faults.add(rule)
  }

  /** Faults that are set, those included that have hit as often as they may. */
  faultsSet(): readonly Fault[] {
    return this.faults.list()
  }

  findFault(id: number): Fault | undefined {
    return this.faults.get(id)
  }

  /** The last 10,000 requests. */
  requests(filter?: JournalFilter): readonly JournalEntry[] {
    return this.journal.list(filter)
  }

  /** Moves the broker's clock on: retention, session time-outs, delays that fall due meanwhile happen now. */
  advanceClock(ms: number): Promise<void> {
    return this.clock.advance(ms)
  }

  /**
   * Aborts the transaction that is open under the id, as if it had timed out; resolves when readers see the abort. Its
   * producer is fenced, as it is by a time-out.
   *
   * @throws NoSuchTransaction when none is open
   */
  expireTransaction(transactionalId: string): Promise<void> {
    return expireTransaction(this.parts, transactionalId, this.realClock)
  }

  /**
   * Fences the producer that has the id, as a second one that starts with it does; an open transaction is aborted first.
   *
   * @throws NoSuchTransaction when nobody has the id
   */
  fenceProducer(transactionalId: string): Promise<void> {
    return fenceProducer(this.parts, transactionalId, this.realClock)
  }

  /** Removes all faults, lets go of what they held, and empties the journal. The clock stays where it is. */
  reset(): void {
    this.faults.reset()
    this.journal.clear()
  }

  async waitForHits(fault: Fault, count = 1, options?: WaitOptions): Promise<void> {
    await this.waitUntil(
      () => fault.hits >= count,
      () => `fault ${fault.id} to hit ${count} time(s); it has hit ${fault.hits}`,
      options,
    )
  }

  /** Until the group is in the state (default Stable), with so many members where that is given. */
  async waitForGroup(groupId: string, condition: GroupCondition = {}, options?: WaitOptions): Promise<void> {
    let seen = ''
    const look = async (): Promise<boolean> => {
      const { isSo, found } = await groupIs(this.parts, groupId, condition)
      seen = found
      return isSo
    }
    const { state = 'Stable', members } = condition
    const wanted = `group ${groupId} to be ${state}${members === undefined ? '' : ` with ${members} member(s)`}`
    await this.waitUntil(look, () => `${wanted}; it is ${seen}`, options)
  }

  /** Until the group has committed the end of every partition that it has committed anything of. */
  async waitForNoLag(groupId: string, options?: WaitOptions): Promise<void> {
    let lag: number | undefined
    const look = async (): Promise<boolean> => (lag = await groupLag(this.parts, groupId)) === 0
    const found = (): string => (lag === undefined ? 'it has committed nothing' : `its lag is ${lag}`)
    await this.waitUntil(look, () => `group ${groupId} to have no lag; ${found()}`, options)
  }

  async waitForHighWatermark(topic: string, partition: number, offset: number, options?: WaitOptions): Promise<void> {
    const now = (): number => this.parts.partitions.get(topic, partition)?.highWatermark ?? -1
    await this.waitUntil(
      () => now() >= offset,
      () => `the high watermark of ${topic}-${partition} to be ${offset}; it is ${now()}`,
      options,
    )
  }

  async waitForTopic(topic: string, options?: WaitOptions): Promise<void> {
    await this.waitUntil(
      () => this.parts.cluster.topic(topic) !== undefined,
      () => `topic ${topic}`,
      options,
    )
  }

  private waitUntil(
    isSo: () => boolean | Promise<boolean>,
    what: () => string,
    options: WaitOptions | undefined,
  ): Promise<void> {
    return waitUntil(this.realClock, isSo, what, options)
  }

  /** Asked by listeners about every user whose credentials are right. */
  failsAuthentication(user: string): boolean {
    return this.faults.failsAuthentication(user)
  }

  /** Puts the hooks around the handlers. */
  around(perform: Perform): Perform {
    return (call) => {
      const entry = this.enter(call)
      const leave = (answer: Answer<Api>): Answer<Api> => {
        entry.durationMs = this.clock.now() - entry.timeMs
        entry.outcome = answer === noAnswer ? 'no answer' : answer === closeConnection ? 'closed' : 'answered'
        return answer
      }
      const answer = this.faults.perform(call, perform, (fault) => (entry.faultId = fault.id))
      if (!(answer instanceof Promise)) return leave(answer)
      return answer.then(leave, (error: unknown) => {
        entry.outcome = 'failed'
        throw error
      })
    }
  }

  private enter({ api, context }: Call): JournalEntry {
    const { apiVersion: version, clientId, connectionId, correlationId } = context
    const entry: JournalEntry = {
      timeMs: this.clock.now(),
      api: api.name,
      version,
      clientId,
      connectionId,
      correlationId,
      faultId: undefined,
      outcome: undefined,
      durationMs: undefined,
    }
    this.journal.add(entry)
    return entry
  }
}
