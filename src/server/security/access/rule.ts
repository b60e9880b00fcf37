/**
 * Rules stand in front of a handler and keep from it what the sender may not do. There are three kinds, and what fits none
 * is written out:
 *
 *   needs    the request as a whole is served or refused
 *   partly   each thing in a list is served or refused by itself
 *   shows    the answer is cut down to what the sender may see
 *
 * Checks are made before anything is awaited: requests of a connection still start in order.
 */
import { assert } from '../../../base/assert.js'
import { ErrorCode } from '../../../protocol/errors.js'
import type { Api, RequestOf, ResponseOf } from '../../../protocol/schema/index.js'
import { errorAnswer } from '../../api/error-answer.js'
import { type Handle, type Handler, type RequestContext } from '../../api/handler.js'
import type { Broker } from '../../broker.js'
import type { Authorizer } from '../authorizer.js'
import { Access, type Denial } from './access.js'

type SomeApi = Pick<Api, 'key' | 'name' | 'versions'>

/** Beside the request itself, what a check may look at. */
export interface Circumstances extends Pick<Broker, 'cluster' | 'settings'> {
  readonly context: RequestContext
  readonly access: Access
}

/** Answers a request, by itself or with what the handler behind gives. */
export type Step<A> = (request: RequestOf<A>, at: Circumstances, next: Next<A>) => ReturnType<Handle<A>>

/** Hands a request on to the handler. */
export type Next<A> = (request: RequestOf<A>) => ReturnType<Handle<A>>

export interface Rule {
  readonly api: Api
  readonly steps: readonly Step<Api>[]
}

export function rule<A extends SomeApi>(api: A, ...steps: readonly Step<A>[]): Rule {
  return { api: api as unknown as Api, steps: steps as unknown as readonly Step<Api>[] }
}

type Check<Asked> = (asked: Asked, at: Circumstances) => Denial

/** @param fields of the refusal that are not what they would be */
export function needs<A extends SomeApi>(
  api: A,
  check: Check<RequestOf<A>>,
  fields: (request: RequestOf<A>, denial: ErrorCode) => Partial<ResponseOf<A>> = () => ({}),
): Step<A> {
  return (request, at, next) => {
    const denial = check(request, at)
    if (denial === undefined) return next(request)
    return { ...refusal(api, request, at, denial), ...fields(request, denial) }
  }
}

/** The whole request answered with an error. */
export function refusal<A extends SomeApi>(
  api: A,
  request: RequestOf<A>,
  { context }: Circumstances,
  code: ErrorCode,
): ResponseOf<A> {
  return errorAnswer(api as unknown as Api, request as RequestOf<Api>, context.apiVersion, code) as ResponseOf<A>
}

type Values = Record<string, unknown>

type ItemOf<List> = NonNullable<List> extends readonly (infer Item)[] ? Item : never

/**
 * @param asked name of the list in the request
 * @param answered name of the list in the response
 * @param fields of a refused thing's answer that are not what they would be
 */
export function partly<A extends SomeApi, Asked extends keyof RequestOf<A>, Answered extends keyof ResponseOf<A>>(
  api: A,
  asked: Asked & string,
  answered: Answered & string,
  check: Check<ItemOf<RequestOf<A>[Asked]>>,
  fields: Values = {},
): Step<A> {
  type Item = ItemOf<RequestOf<A>[Asked]>
  return (request, at, next) => {
    const items = ((request as Values)[asked] ?? []) as readonly Item[]
    const denials = items.map((item) => check(item, at))
    if (denials.every((denial) => denial === undefined)) return next(request)
    const only = (some: readonly Item[]): RequestOf<A> => ({ ...(request as Values), [asked]: some }) as RequestOf<A>
    const refused = items.flatMap((item, i) => {
      const denial = denials[i]
      if (denial === undefined) return []
      const answer = refusal(api, only([item]), at, denial) as Values
      return (answer[answered] as Values[]).map((one) => ({ ...one, ...fields }))
    })
    const allowed = items.filter((_, i) => denials[i] === undefined)
    const merge = (answer: ResponseOf<A>): ResponseOf<A> => ({
      ...answer,
      [answered]: [...refused, ...((answer as Values)[answered] as unknown[])],
    })
    if (allowed.length === 0) return merge({ ...refusal(api, only([]), at, ErrorCode.NONE), [answered]: [] })
    return answerOf(next(only(allowed))).then(merge)
  }
}

export function shows<A extends SomeApi>(
  api: A,
  cut: (answer: ResponseOf<A>, at: Circumstances, request: RequestOf<A>) => ResponseOf<A>,
): Step<A> {
  void api
  return (request, at, next) => answerOf<A>(next(request)).then((answer) => cut(answer, at, request))
}

/** For APIs that always answer. */
export async function answerOf<A>(answer: ReturnType<Handle<A>>): Promise<ResponseOf<A>> {
  const given = await answer
  assert(typeof given !== 'symbol', 'this API answers every request')
  return given as ResponseOf<A>
}

/** The handler with the rule in front of it. */
export function ruled(handler: Handler, { steps }: Rule, authorizer: Authorizer): Handler {
  return {
    api: handler.api,
    create(broker) {
      const handle = handler.create(broker)
      const { cluster, settings } = broker
      return (request, context) => {
        const at = { cluster, settings, context, access: new Access(authorizer, context) }
        const from = (i: number): Next<Api> => {
          const step = steps[i]
          return step ? (asked) => step(asked, at, from(i + 1)) : (asked) => handle(asked, context)
        }
        return from(0)(request)
      }
    },
  }
}
