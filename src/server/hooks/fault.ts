/**
 * A fault: which requests it hits, and what happens to them instead of, or besides, the work. All conditions must hold;
 * one left out holds always.
 */
import type { ErrorName } from '../../protocol/errors.js'

export interface FaultRule {
  /** Names of APIs, e.g. `Produce`. Left out: any. */
  readonly api?: string | readonly string[] | undefined
  readonly clientId?: string | undefined
  /** Who asks, as authenticated; with `failAuthentication` who wants to be. */
  readonly user?: string | undefined
  readonly topic?: string | undefined
  /** Only together with `topic`. */
  readonly partition?: number | undefined
  readonly group?: string | undefined
  readonly transactionalId?: string | undefined
  /** Passes over the first n - 1 requests that match. Default 1. */
  readonly nth?: number | undefined
  /** How many requests it hits from then on; `'always'` until it is removed. Default 1. */
  readonly times?: number | 'always' | undefined
  /** Of hitting a request that matches, 0 to 1. Default 1. */
  readonly probability?: number | undefined

  /** The error that is answered, for what matches in the request; the rest of it is served. */
  readonly error?: ErrorName | undefined
  /**
   * Whether an error or a disconnect comes before the work, which is then not done, or after it. Default: before, but for
   * errors that a broker only gives when the work is done (REQUEST_TIMED_OUT, NOT_ENOUGH_REPLICAS_AFTER_APPEND).
   */
  readonly when?: 'before' | 'after' | undefined
  /** Waits so long before anything else happens. */
  readonly delayMs?: number | undefined
  /** Closes the connection, unanswered. */
  readonly disconnect?: boolean | undefined
  /** Does not answer, and keeps the connection: the client runs into its time-out. */
  readonly blackHole?: boolean | undefined
  /**
   * SASL authentication fails as with a wrong password, on each listener that asks for it: on connecting, and when a
   * session is renewed. Of the conditions only `user`, `nth`, `times` and `probability` go with it.
   */
  readonly failAuthentication?: boolean | undefined
}

/** A fault that was set. */
export interface Fault {
  readonly id: number
  readonly rule: FaultRule
  /** Requests hit so far. */
  readonly hits: number
  /** Resolves when so many requests were hit; at once when they were. */
  waitForHits(count?: number): Promise<void>
  remove(): void
}

export class FaultRuleError extends Error {
  override readonly name = 'FaultRuleError'
}

const FIELDS = new Set<keyof FaultRule>([
  ...([
    'api',
    'clientId',
    'user',
    'topic',
    'partition',
    'group',
    'transactionalId',
    'nth',
    'times',
    'probability',
  ] as const),
  ...(['error', 'when', 'delayMs', 'disconnect', 'blackHole', 'failAuthentication'] as const),
])

const OF_AUTHENTICATION = new Set(['failAuthentication', 'user', 'nth', 'times', 'probability'])

/** @throws FaultRuleError naming what is wrong: a rule that never hits is worse than none. */
export function checkRule(rule: FaultRule, known: { apis: ReadonlySet<string>; errors: ReadonlySet<string> }): void {
  const unknown = Object.keys(rule).find((field) => !FIELDS.has(field as keyof FaultRule))
  if (unknown !== undefined)
    throw new FaultRuleError(`a fault has no '${unknown}'; it may have ${[...FIELDS].join(', ')}`)
  for (const api of apisOf(rule) ?? []) {
    if (!known.apis.has(api)) throw new FaultRuleError(`no API '${api}' is served`)
  }
  if (rule.error !== undefined && !known.errors.has(rule.error))
    throw new FaultRuleError(`there is no error '${rule.error}'`)
  if (rule.partition !== undefined && rule.topic === undefined) throw new FaultRuleError('a partition needs a topic')
  const other = Object.keys(rule).find((field) => !OF_AUTHENTICATION.has(field))
  if (rule.failAuthentication && other !== undefined) {
    throw new FaultRuleError(`a fault of authentication has no '${other}'`)
  }
  const effects = [rule.error, rule.disconnect, rule.blackHole, rule.failAuthentication].filter(
    (effect) => effect !== undefined && effect !== false,
  )
  if (effects.length > 1)
    throw new FaultRuleError('a fault has one of error, disconnect, blackHole and failAuthentication')
  if (effects.length === 0 && rule.delayMs === undefined) {
    throw new FaultRuleError('a fault needs an error, a disconnect, a blackHole, a failAuthentication or a delayMs')
  }
}

export function apisOf({ api }: FaultRule): readonly string[] | undefined {
  return typeof api === 'string' ? [api] : api
}
