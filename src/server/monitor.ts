/** What the broker shows over HTTP: whether it lives, whether it serves, its metrics; and the hooks, when asked for. */
import { serveHttp, type HttpServer, type Route } from '../http/index.js'
import { hookRoutes } from './hooks/hook-routes.js'
import type { Hooks } from './hooks/hooks.js'
import { CONTENT_TYPE, expose } from './metrics/exposition.js'
import { families, type MeasuredBroker } from './metrics/families.js'
import type { RequestMetrics } from './metrics/request-metrics.js'
import { StartError } from './running-broker.js'

export interface MonitorOptions {
  readonly host: string
  readonly port: number
  readonly broker: MeasuredBroker
  readonly requests: RequestMetrics
  readonly hooks: Hooks | undefined
}

/** As Kafka numbers the states of a broker. */
export const BrokerState = { starting: 1, running: 3, stopping: 6 } as const

/** @throws StartError when the address can't be bound */
export async function startMonitor({ host, port, broker, requests, hooks }: MonitorOptions): Promise<HttpServer> {
  const measured = families(broker, requests)
  const routes: Route[] = [
    { method: 'GET', path: '/healthz', handle: () => ({ body: 'ok\n' }) },
    { method: 'GET', path: '/readyz', handle: () => readiness(broker) },
    { method: 'GET', path: '/metrics', handle: () => ({ type: CONTENT_TYPE, body: expose(measured) }) },
    ...(hooks ? hookRoutes(hooks) : []),
  ]
  try {
    return await serveHttp({ host, port, routes })
  } catch (error) {
    throw new StartError(`can't serve HTTP on ${host}:${port}: ${(error as Error).message}`)
  }
}

function readiness({ state, replicas }: MeasuredBroker): { status: number; body: string } {
  if (state() !== BrokerState.running) return { status: 503, body: 'not serving\n' }
  const offline = replicas.directories.filter(({ online }) => !online).map(({ path }) => path)
  return offline.length === 0
    ? { status: 200, body: 'ready\n' }
    : { status: 503, body: `log directories are offline: ${offline.join(', ')}\n` }
}
