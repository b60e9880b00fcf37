/** The faults that are set, and what they do to requests on their way to the handlers. */
import type { Clock } from '../../base/clock.js'
import { sleep } from '../../base/clock.js'
import type { Random } from '../../base/random.js'
import { ErrorCode, protocolErrors, type ErrorName } from '../../protocol/errors.js'
import type { Api, RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import { errorAnswer } from '../api/error-answer.js'
import { closeConnection, noAnswer, type Answer } from '../api/handler.js'
import type { Call, Perform } from '../endpoint/dispatch.js'
import { userPrincipal } from '../security/principal.js'
import { concerns, merge, overwrite, split, type NameOfTopic } from './entities.js'
import { apisOf, checkRule, type Fault, type FaultRule } from './fault.js'

/** Answers of these are only known whole: the error takes its place in them afterwards. */
const OVERWRITTEN = new Set(['Fetch', 'Metadata'])
/** A broker gives these when the work is done. */
const AFTER_WORK = new Set<ErrorName>(['REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'])

const errorNames: ReadonlySet<string> = new Set(protocolErrors.map(({ name }) => name))

export interface FaultParts {
  readonly clock: Clock
  readonly random: Random
  readonly nameOfTopic: NameOfTopic
  /** Names of the APIs that are served. */
  readonly apis: ReadonlySet<string>
}

export class Faults {
  private readonly set = new Map<number, SetFault>()
  private readonly held = new Set<() => void>()
  private nextId = 1

  constructor(private readonly parts: FaultParts) {}

  /** @throws FaultRuleError */
  add(rule: FaultRule): Fault {
    checkRule(rule, { apis: this.parts.apis, errors: errorNames })
    const fault = new SetFault(this.nextId++, rule, (id) => this.set.delete(id))
    this.set.set(fault.id, fault)
    return fault
  }

  get(id: number): Fault | undefined {
    return this.set.get(id)
  }

  list(): Fault[] {
    return [...this.set.values()]
  }

  /** Removes all, and closes the connections that were kept waiting. */
  reset(): void {
    this.set.clear()
    for (const release of this.held) release()
    this.held.clear()
  }

  /** Performs the call as the first fault that hits it has it; `onHit` is told which. */
  perform(call: Call, perform: Perform, onHit: (fault: Fault) => void): Answer<Api> | Promise<Answer<Api>> {
    for (const fault of this.set.values()) {
      if (!this.matches(fault.rule, call) || !fault.takes(this.parts.random)) continue
      onHit(fault)
      return this.strike(fault.rule, call, perform)
    }
    return perform(call)
  }

  /** Whether a user who could authenticate is to fail. */
  failsAuthentication(user: string): boolean {
    for (const fault of this.set.values()) {
      const { failAuthentication, user: only } = fault.rule
      if (failAuthentication && (only === undefined || only === user) && fault.takes(this.parts.random)) return true
    }
    return false
  }

  private matches(rule: FaultRule, { api, request, context }: Call): boolean {
    if (rule.failAuthentication) return false
    if (rule.user !== undefined && userPrincipal(rule.user) !== context.principal) return false
    const apis = apisOf(rule)
    if (apis && !apis.includes(api.name)) return false
    if (rule.clientId !== undefined && rule.clientId !== context.clientId) return false
    return concerns(request, rule, this.parts.nameOfTopic)
  }

  private async strike(rule: FaultRule, call: Call, perform: Perform): Promise<Answer<Api>> {
    if (rule.delayMs !== undefined) await sleep(this.parts.clock, rule.delayMs, call.context.signal)
    if (rule.blackHole) return this.hold(call)
    const after =
      rule.when === 'after' || (rule.when === undefined && rule.error !== undefined && AFTER_WORK.has(rule.error))
    if (rule.disconnect) {
      if (after) await perform(call)
      return closeConnection
    }
    if (rule.error === undefined) return perform(call)
    return this.fail(call, perform, rule, ErrorCode[rule.error], after)
  }

  /** Until the connection is gone, or all faults are reset. */
  private hold({ context }: Call): Promise<Answer<Api>> {
    return new Promise((resolve) => {
      const release = (): void => resolve(closeConnection)
      this.held.add(release)
      context.signal.addEventListener('abort', () => {
        this.held.delete(release)
        release()
      })
    })
  }

  private async fail(
    call: Call,
    perform: Perform,
    rule: FaultRule,
    code: ErrorCode,
    after: boolean,
  ): Promise<Answer<Api>> {
    const { api, context } = call
    const { nameOfTopic } = this.parts
    const error = (request: RequestOf<Api>): ResponseOf<Api> => errorAnswer(api, request, context.apiVersion, code)
    if (rule.topic !== undefined && (after || OVERWRITTEN.has(api.name))) {
      const answer = await perform(call)
      if (answer === noAnswer || answer === closeConnection) return answer
      return overwrite(answer, rule, code, nameOfTopic)
    }
    if (after) {
      await perform(call)
      return error(call.request)
    }
    const { hit, rest } = split(call.request, rule, nameOfTopic)
    if (!rest) return error(hit)
    const answer = await perform({ ...call, request: rest })
    return answer === noAnswer || answer === closeConnection ? answer : merge(answer, error(hit))
  }
}

class SetFault implements Fault {
  hits = 0
  private matched = 0
  private waiting: { count: number; resolve: () => void }[] = []

  constructor(
    readonly id: number,
    readonly rule: FaultRule,
    private readonly onRemove: (id: number) => void,
  ) {}

  /** Whether it hits this request, which matches. */
  takes(random: Random): boolean {
    const { nth = 1, times = 1, probability = 1 } = this.rule
    this.matched++
    if (this.matched < nth || (times !== 'always' && this.hits >= times)) return false
    if (probability < 1 && random.next() >= probability) return false
    this.hits++
    this.waiting = this.waiting.filter(({ count, resolve }) => this.hits < count || resolve())
    return true
  }

  waitForHits(count = 1): Promise<void> {
    if (this.hits >= count) return Promise.resolve()
    return new Promise((resolve) => this.waiting.push({ count, resolve }))
  }

  remove(): void {
    this.onRemove(this.id)
  }
}
