/**
 * How the admin asks: one request to the broker that its route names, or items gathered by the brokers that answer for them.
 * What may pass is asked for again, item by item, until the call's time is over (`default.api.timeout.ms`).
 */
import { sleep } from '../../../base/clock.js'
import type { TopicPartition } from '../../../model/index.js'
import type { Body, OutboundPeer } from '../../../net/index.js'
import { type Api, type Decoded, type Shape } from '../../../protocol/index.js'
import { backOff } from '../../backoff.js'
import { groupBy } from '../../group-by.js'
import { DriverError } from '../../port.js'
import type { Cluster } from '../cluster.js'
import { RETRY_BACK_OFF_MAX_MS, RETRY_BACK_OFF_MS } from '../context.js'
import { isRetriable, throwCode, toDriverError } from '../errors.js'
import { ROUTES, type Route, type RoutedApi } from './routes.js'

/** A partition, a group or transactional id, a broker: whatever the route goes by. */
export type Target = TopicPartition | string | number | undefined

/** How long a topic may be unknown before that is the answer: one that was just made takes a moment to be known everywhere. */
const UNKNOWN_TOPIC_MS = 1_000

const ASKED_OF_CONTROLLERS: ReadonlySet<Route> = new Set(['any', 'controller', 'brokerOrAny'])

interface EachOptions<Item, Value> {
  readonly target: (item: Item) => Target
  /** A request for items that the same broker answers for: a value or an error for each, in order. */
  readonly ask: (peer: OutboundPeer, items: readonly Item[]) => Promise<readonly (Value | DriverError)[]>
  /** Default: what the protocol says may pass. */
  readonly mayPass?: (error: DriverError) => boolean
}

export class AdminRequests {
  constructor(
    readonly cluster: Cluster,
    private readonly apiTimeoutMs: number,
  ) {}

  /**
   * One request with one answer, whose error code, if it has one, concerns all of it.
   *
   * @throws DriverError
   */
  async ask<Req extends Shape, Res extends Shape>(
    api: Api<Req, Res>,
    body: Body<Req>,
    /** What the broker itself may take before it answers. */
    timeoutMs = 0,
    check: (answer: Decoded<Res>) => void = throwAnswered,
  ): Promise<Decoded<Res>> {
    const route: Route = ROUTES[api.name as RoutedApi]
    return this.retrying(async () => {
      const peer = await this.peerFor(route, undefined)
      const answer = await peer.send(api, body, { timeoutMs: timeoutMs + this.cluster.requestTimeoutMs })
      check(answer)
      return answer
    })
  }

  /** The same request to every broker. @throws DriverError when one of them does not answer, or not well */
  async askEvery<Req extends Shape, Res extends Shape>(
    api: Api<Req, Res>,
    body: Body<Req>,
  ): Promise<{ nodeId: number; answer: Decoded<Res> }[]> {
    return this.retrying(async () => {
      await this.cluster.refresh([])
      if (this.cluster.ofControllers) this.controllerFor('everyBroker', undefined)
      const nodes = [...this.cluster.metadata.brokers.keys()]
      return Promise.all(
        nodes.map(async (nodeId) => {
          const answer = await this.cluster.peer(nodeId).send(api, body)
          throwAnswered(answer)
          return { nodeId, answer }
        }),
      )
    })
  }

  /** @returns a value or an error for each item, in order. @throws DriverError for what concerns the whole call */
  async each<Item, Value>(
    api: RoutedApi,
    items: readonly Item[],
    { target, ask, mayPass = isRetriable }: EachOptions<Item, Value>,
  ): Promise<(Value | DriverError)[]> {
    const { clock, random } = this.cluster.context
    const route: Route = ROUTES[api]
    const got: (Value | DriverError)[] = []
    const wait = backOff(RETRY_BACK_OFF_MS, RETRY_BACK_OFF_MAX_MS, random)
    const sinceMs = clock.monotonic()
    let due = [...items.keys()]
    for (;;) {
      const routed = await Promise.all(due.map((index) => this.routed(route, target(items[index]!), index)))
      for (const { index, error } of routed) if (error) got[index] = error
      const byPeer = groupBy(
        routed.filter(({ peer }) => peer !== undefined),
        ({ peer }) => peer!,
      )
      await Promise.all(
        [...byPeer].map(async ([peer, group]) => {
          const asked = group.map(({ index }) => items[index]!)
          const results = await ask(peer, asked).catch((error: unknown) => asked.map(() => ofItems(error)))
          for (const [at, { index }] of group.entries()) got[index] = results[at]!
        }),
      )
      const isYoung = clock.monotonic() - sinceMs < UNKNOWN_TOPIC_MS
      due = due.filter((index) => {
        const error = got[index]
        if (!(error instanceof DriverError)) return false
        return mayPass(error) || (route === 'leader' && error.kind === 'unknownTopic' && isYoung)
      })
      const waitMs = wait.next()
      if (due.length === 0 || clock.monotonic() + waitMs - sinceMs >= this.apiTimeoutMs) return got
      await this.lookAgain(
        route,
        due.map((index) => target(items[index]!)),
        due.map((index) => got[index] as DriverError),
      )
      await sleep(clock, waitMs, this.cluster.signal)
    }
  }

  private async routed(
    route: Route,
    target: Target,
    index: number,
  ): Promise<{ index: number; peer?: OutboundPeer; error?: DriverError }> {
    try {
      return { index, peer: await this.peerFor(route, target) }
    } catch (error) {
      return { index, error: ofItems(error) }
    }
  }

  private async peerFor(route: Route, target: Target): Promise<OutboundPeer> {
    const { cluster } = this
    await cluster.connect()
    if (cluster.ofControllers) return this.controllerFor(route, target)
    switch (route) {
      case 'leader': {
        const { topic, partition } = target as TopicPartition
        return cluster.peer(await cluster.leader(topic, partition))
      }
      case 'group':
      case 'transaction':
        return cluster.coordinator(route, target as string)
      case 'broker':
      case 'brokerOrAny':
        if (target === undefined) return cluster.anyBroker()
        if (!cluster.metadata.brokers.has(target as number)) await cluster.refresh([])
        return cluster.peer(target as number)
      case 'controller': {
        const { brokers, controllerId } = cluster.metadata
        return brokers.has(controllerId) ? cluster.peer(controllerId) : cluster.anyBroker()
      }
      default:
        return cluster.anyBroker()
    }
  }

  /** The active controller, or the one that is named. */
  private controllerFor(route: Route, target: Target): OutboundPeer {
    const { cluster } = this
    if (!ASKED_OF_CONTROLLERS.has(route)) {
      const message = 'controllers do not answer this: give `bootstrapServers`, not `bootstrapControllers`'
      throw new DriverError('fatal', message, 'UNSUPPORTED_ENDPOINT_TYPE')
    }
    const { brokers, controllerId } = cluster.metadata
    return cluster.peer(typeof target === 'number' && brokers.has(target) ? target : controllerId)
  }

  /** What was known of where to ask may be what is wrong. */
  private async lookAgain(route: Route, targets: readonly Target[], errors: readonly DriverError[]): Promise<void> {
    if (route === 'group' || route === 'transaction') {
      for (const [at, target] of targets.entries()) {
        const { code } = errors[at]!
        const isElsewhere = code === undefined || code === 'NOT_COORDINATOR' || code === 'COORDINATOR_NOT_AVAILABLE'
        if (isElsewhere) this.cluster.forgetCoordinator(route, target as string)
      }
      return
    }
    const topics = route === 'leader' ? targets.map((target) => (target as TopicPartition).topic) : []
    // whoever does not answer now is asked again in the next round
    await this.cluster.refresh([...new Set(topics)]).catch(() => {})
  }

  /** As `Cluster.retrying`, with what is known of the brokers read anew in between. */
  private async retrying<T>(attempt: () => Promise<T>): Promise<T> {
    return this.cluster.retrying(this.apiTimeoutMs, async () => {
      try {
        return await attempt()
      } catch (error) {
        if (isRetriable(error)) await this.cluster.refresh([]).catch(() => {})
        throw error
      }
    })
  }
}

/** An error of the items that were asked for; what concerns every call is thrown. */
function ofItems(error: unknown): DriverError {
  const failure = toDriverError(error)
  const { kind, code } = failure
  if (kind === 'auth' || kind === 'closed' || code === 'UNSUPPORTED_VERSION' || code === 'UNSUPPORTED_ENDPOINT_TYPE') {
    throw failure
  }
  return failure
}

function throwAnswered(answer: object): void {
  const { errorCode, errorMessage } = answer as { errorCode?: number; errorMessage?: string | null }
  if (errorCode !== undefined) throwCode(errorCode, undefined, errorMessage)
}
