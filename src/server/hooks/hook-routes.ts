/**
 * The hooks over HTTP, for tests in other languages and for the command line. Unknown fields are refused; what is waited
 * for and does not come is 408.
 */
import { HttpError, type HttpRequest, type Route } from '../../http/index.js'
import type { Fault, FaultRule } from './fault.js'
import { FaultRuleError } from './fault.js'
import type { GroupCondition } from './group-conditions.js'
import { NoSuchTransaction } from './transaction-actions.js'
import type { Hooks } from './hooks.js'
import { WaitTimeout, type WaitOptions } from './wait-until.js'

type Body = Readonly<Record<string, unknown>>

export function hookRoutes(hooks: Hooks): Route[] {
  const route = (
    method: Route['method'],
    path: string,
    act: (request: HttpRequest) => object | Promise<object>,
  ): Route => ({
    method,
    path: `/hooks${path}`,
    handle: async (request) => ({ body: await answered(() => act(request)) }),
  })
  const fault = ({ params }: HttpRequest): Fault => {
    const found = hooks.findFault(Number(params['id']))
    if (!found) throw new HttpError(404, `there is no fault ${params['id']}`)
    return found
  }
  return [
    route('GET', '/faults', () => hooks.faultsSet().map(shown)),
    route('POST', '/faults', ({ body }) => shown(hooks.fault(asObject(body) as FaultRule))),
    route('GET', '/faults/:id', (request) => shown(fault(request))),
    route('DELETE', '/faults/:id', (request) => {
      const found = fault(request)
      found.remove()
      return shown(found)
    }),
    route('POST', '/faults/:id/wait', async (request) => {
      const { hits = 1, ...options } = fields(request.body, { hits: 'number', timeoutMs: 'number' })
      const found = fault(request)
      await hooks.waitForHits(found, hits as number, options as WaitOptions)
      return shown(found)
    }),
    route('POST', '/wait/group', async ({ body }) => {
      const types = { group: 'string', state: 'string', members: 'number', timeoutMs: 'number' } as const
      const { group, timeoutMs, ...condition } = fields(body, types, ['group'])
      await hooks.waitForGroup(group as string, condition as GroupCondition, {
        timeoutMs: timeoutMs as number | undefined,
      })
      return {}
    }),
    route('POST', '/wait/no-lag', async ({ body }) => {
      const { group, ...options } = fields(body, { group: 'string', timeoutMs: 'number' }, ['group'])
      await hooks.waitForNoLag(group as string, options as WaitOptions)
      return {}
    }),
    route('POST', '/wait/high-watermark', async ({ body }) => {
      const types = { topic: 'string', partition: 'number', offset: 'number', timeoutMs: 'number' } as const
      const { topic, partition, offset, ...options } = fields(body, types, ['topic', 'partition', 'offset'])
      await hooks.waitForHighWatermark(topic as string, partition as number, offset as number, options as WaitOptions)
      return {}
    }),
    route('POST', '/wait/topic', async ({ body }) => {
      const { topic, ...options } = fields(body, { topic: 'string', timeoutMs: 'number' }, ['topic'])
      await hooks.waitForTopic(topic as string, options as WaitOptions)
      return {}
    }),
    route('POST', '/clock/advance', async ({ body }) => {
      const { ms } = fields(body, { ms: 'number' }, ['ms'])
      await hooks.advanceClock(ms as number)
      return {}
    }),
    route('POST', '/transactions/expire', async ({ body }) => {
      await hooks.expireTransaction(transactionalIdOf(body))
      return {}
    }),
    route('POST', '/transactions/fence', async ({ body }) => {
      await hooks.fenceProducer(transactionalIdOf(body))
      return {}
    }),
    route('POST', '/reset', () => {
      hooks.reset()
      return {}
    }),
    route('GET', '/requests', ({ query }) => [...hooks.requests({ api: query['api'], clientId: query['clientId'] })]),
  ]
}

const shown = ({ id, rule, hits }: Fault): object => ({ id, rule, hits })

async function answered(act: () => object | Promise<object>): Promise<object> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof FaultRuleError) throw new HttpError(400, error.message)
    if (error instanceof NoSuchTransaction) throw new HttpError(404, error.message)
    if (error instanceof WaitTimeout) throw new HttpError(408, error.message)
    throw error
  }
}

function transactionalIdOf(body: unknown): string {
  return fields(body, { transactionalId: 'string' }, ['transactionalId']).transactionalId as string
}

function asObject(body: unknown): Body {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new HttpError(400, 'send a JSON object')
  return body as Body
}

function fields<T extends Readonly<Record<string, 'string' | 'number'>>>(
  body: unknown,
  types: T,
  required: readonly (keyof T & string)[] = [],
): Partial<Record<keyof T, string | number>> {
  const given = body === undefined || body === null ? {} : asObject(body)
  for (const [name, value] of Object.entries(given)) {
    const type = types[name]
    if (type === undefined)
      throw new HttpError(400, `there is no '${name}' here; there are ${Object.keys(types).join(', ')}`)
    if (typeof value !== type) throw new HttpError(400, `'${name}' must be a ${type}`)
  }
  const missing = required.find((name) => !(name in given))
  if (missing !== undefined) throw new HttpError(400, `'${missing}' is missing`)
  return given as Partial<Record<keyof T, string | number>>
}
