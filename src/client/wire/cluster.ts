/**
 * A client's view of a cluster: its metadata, and a connection to each broker that it talks to. Each producer, consumer and
 * admin has one of its own, as in Java.
 *
 * A broker has one connection per purpose, because a broker answers a connection's requests in order: what may be held
 * back at the broker (fetches, joins) never stands in front of what may not.
 */
import { sleep } from '../../base/clock.js'
import { lifetime } from '../../base/lifetime.js'
import { OutboundPeer, type Body, type OutboundOptions, type RequestOptions } from '../../net/index.js'
import { ErrorCode, messages, ZERO_UUID, type Api, type Decoded, type Shape } from '../../protocol/index.js'
import { backOff } from '../backoff.js'
import { DriverError } from '../port.js'
import {
  CONNECT_TIMEOUT_MS,
  REQUEST_TIMEOUT_MS,
  RETRY_BACK_OFF_MAX_MS,
  RETRY_BACK_OFF_MS,
  type WireContext,
} from './context.js'
import { errorOfCode, isRetriable, throwCode, toDriverError } from './errors.js'
import { MetadataCache, type BrokerNode } from './metadata-cache.js'

export type Purpose = 'main' | 'fetch' | 'group'
export type CoordinatorType = 'group' | 'transaction'

export interface ClusterOptions {
  /** The bootstrap servers are controllers, and only controllers are talked to (KIP-919). Default false. */
  readonly ofControllers?: boolean | undefined
  readonly clientId?: string | undefined
  readonly requestTimeoutMs?: number | undefined
}

const SOFTWARE = { name: 'kts-kafka', version: '0.1.0' }
/** `EndpointType.CONTROLLER` of DescribeCluster. */
const CONTROLLERS = 2
const COORDINATOR_TYPES = { group: 0, transaction: 1 }

export class Cluster {
  readonly metadata = new MetadataCache()
  readonly ofControllers: boolean
  readonly requestTimeoutMs: number
  private readonly peers = new Map<string, OutboundPeer>()
  private readonly bootstrap: readonly { host: string; port: number }[]
  private readonly outbound: OutboundOptions
  private readonly coordinators = new Map<string, BrokerNode>()
  private readonly looking = new Map<string, Promise<BrokerNode>>()
  private refreshing: { names: ReadonlySet<string> | 'all'; done: Promise<void> } | undefined
  private closed = false
  private readonly closing = lifetime()

  constructor(
    readonly context: WireContext,
    options: ClusterOptions = {},
  ) {
    const { connection, transport, clock, random, log } = context
    this.ofControllers = options.ofControllers ?? false
    this.requestTimeoutMs = options.requestTimeoutMs ?? connection.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
    this.bootstrap = connection.bootstrapServers.map(hostAndPort)
    this.outbound = {
      transport,
      clientId: options.clientId ?? connection.clientId,
      software: SOFTWARE,
      clock,
      random,
      log,
      requestTimeoutMs: this.requestTimeoutMs,
      connectTimeoutMs: connection.connectionTimeoutMs ?? CONNECT_TIMEOUT_MS,
      sasl: connection.sasl,
    }
  }

  get isClosed(): boolean {
    return this.closed
  }

  /** Aborts when the cluster is closed. */
  get signal(): AbortSignal {
    return this.closing.signal
  }

  /** Resolves when a broker has told of the cluster. @throws DriverError */
  async connect(): Promise<void> {
    if (this.metadata.brokers.size === 0) await this.refresh([])
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.closing.abort(new DriverError('closed', 'The client is closed.'))
    for (const peer of this.peers.values()) peer.close()
    this.peers.clear()
  }

  // ── metadata ──

  /**
   * Reads the metadata of these topics anew; one request at a time, which all that ask meanwhile for what it brings share.
   * What a topic is answered with is left in `metadata.errorOf`.
   *
   * @throws DriverError when no broker answers
   */
  async refresh(topics: readonly string[] | 'all', createMissing = false): Promise<void> {
    const before = this.refreshing
    if (
      before &&
      !createMissing &&
      (before.names === 'all' ||
        (topics !== 'all' && topics.every((name) => (before.names as ReadonlySet<string>).has(name))))
    ) {
      return before.done
    }
    const done = this.ofControllers ? this.readControllers() : this.readMetadata(topics, createMissing)
    const own = { names: topics === 'all' ? ('all' as const) : new Set(topics), done }
    this.refreshing = own
    try {
      await done
    } finally {
      if (this.refreshing === own) this.refreshing = undefined
    }
  }

  private async readMetadata(topics: readonly string[] | 'all', createMissing: boolean): Promise<void> {
    const answer = await this.askAny(messages.metadata, (version) => ({
      topics: topics === 'all' ? (version === 0 ? [] : null) : topics.map((name) => ({ name, topicId: ZERO_UUID })),
      allowAutoTopicCreation: createMissing || version < 4,
    }))
    if (answer.errorCode === ErrorCode.REBOOTSTRAP_REQUIRED) {
      this.metadata.brokers.clear()
      return this.readMetadata(topics, createMissing)
    }
    throwCode(answer.errorCode)
    this.metadata.apply(answer, topics === 'all')
    this.closeStalePeers()
  }

  private async readControllers(): Promise<void> {
    const answer = await this.askAny(messages.describeCluster, {
      includeClusterAuthorizedOperations: false,
      endpointType: CONTROLLERS,
      includeFencedBrokers: false,
    })
    throwCode(answer.errorCode, undefined, answer.errorMessage)
    this.metadata.applyControllers(answer)
    this.closeStalePeers()
  }

  /** The leader's node id; asks for metadata when none is known. @throws DriverError 'unknownTopic', 'retriable' */
  async leader(topic: string, partition: number): Promise<number> {
    let known = this.metadata.partition(topic, partition)
    if (known === undefined || known.leaderId < 0) {
      await this.refresh([topic])
      known = this.metadata.partition(topic, partition)
    }
    const at = { topic, partition }
    if (known === undefined) {
      throwCode(this.metadata.errorOf(topic), at)
      throw errorOfCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, at)
    }
    if (known.leaderId < 0) throw errorOfCode(ErrorCode.LEADER_NOT_AVAILABLE, at)
    return known.leaderId
  }

  // ── brokers ──

  /** @throws DriverError 'retriable' when the broker is not known */
  peer(nodeId: number, purpose: Purpose = 'main'): OutboundPeer {
    const node = this.metadata.brokers.get(nodeId)
    if (node === undefined) throw new DriverError('retriable', `broker ${nodeId} is not known`)
    return this.peerAt(node, purpose)
  }

  /** One that is connected, if there is one. @throws DriverError 'retriable' when no broker is known */
  anyBroker(): OutboundPeer {
    const known = [...this.metadata.brokers.values()].map((node) => this.peerAt(node, 'main'))
    if (known.length === 0) throw new DriverError('retriable', 'no broker is known')
    return known.find((peer) => peer.isConnected) ?? known[this.context.random.below(known.length)]!
  }

  private peerAt({ host, port }: { host: string; port: number }, purpose: Purpose): OutboundPeer {
    if (this.closed) throw this.closing.signal.reason as Error
    const key = `${host}:${port}/${purpose}`
    let peer = this.peers.get(key)
    if (peer === undefined) {
      peer = new OutboundPeer(host, port, this.outbound)
      this.peers.set(key, peer)
    }
    return peer
  }

  /** Connections to where no broker stands any more, as after the first contact by another name of it. */
  private closeStalePeers(): void {
    const known = new Set([...this.metadata.brokers.values()].map(({ host, port }) => `${host}:${port}`))
    if (known.size === 0) return
    for (const node of this.coordinators.values()) known.add(`${node.host}:${node.port}`)
    for (const [key, peer] of this.peers) {
      if (known.has(key.slice(0, key.lastIndexOf('/')))) continue
      this.peers.delete(key)
      peer.close()
    }
  }

  /** Asks any broker: connected ones first, at last those that we began with (KIP-899). @throws DriverError */
  async askAny<Req extends Shape, Res extends Shape>(
    api: Api<Req, Res>,
    body: Body<Req>,
    options?: RequestOptions,
  ): Promise<Decoded<Res>> {
    const known = shuffled([...this.metadata.brokers.values()], this.context.random)
    const peers = [...known, ...shuffled([...this.bootstrap], this.context.random)].map((node) =>
      this.peerAt(node, 'main'),
    )
    const ordered = new Set([...peers.filter((peer) => peer.isConnected), ...peers])
    let failure: DriverError | undefined
    for (const peer of ordered) {
      try {
        return await peer.send(api, body, options)
      } catch (error) {
        failure = toDriverError(error)
        if (failure.kind === 'closed' && this.closed) throw failure
        this.context.log.debug(`${peer.address} does not answer`, { error: failure.message })
      }
    }
    throw failure ?? new DriverError('fatal', 'no bootstrap servers are given')
  }

  // ── coordinators ──

  /** A connection to the coordinator of a group or a transactional id. @throws DriverError */
  async coordinator(type: CoordinatorType, key: string, purpose: Purpose = 'main'): Promise<OutboundPeer> {
    const name = `${type}/${key}`
    const known = this.coordinators.get(name)
    if (known) return this.peerAt(known, purpose)
    let looking = this.looking.get(name)
    if (looking === undefined) {
      looking = this.findCoordinator(type, key).finally(() => this.looking.delete(name))
      this.looking.set(name, looking)
    }
    return this.peerAt(await looking, purpose)
  }

  forgetCoordinator(type: CoordinatorType, key: string): void {
    this.coordinators.delete(`${type}/${key}`)
  }

  private async findCoordinator(type: CoordinatorType, key: string): Promise<BrokerNode> {
    const keyType = COORDINATOR_TYPES[type]
    const answer = await this.askAny(messages.findCoordinator, (version) =>
      version >= 4 ? { keyType, coordinatorKeys: [key] } : { key, keyType },
    )
    const found = answer.coordinators[0] ?? answer
    throwCode(
      found.errorCode,
      `coordinator of ${type === 'group' ? 'group' : 'transactional id'} '${key}'`,
      found.errorMessage,
    )
    const { nodeId, host, port } = found
    const node = { nodeId, host, port, rack: null }
    this.coordinators.set(`${type}/${key}`, node)
    return node
  }

  // ── trying again ──

  /**
   * Runs `attempt` until it gives something, as long as what it fails with may pass.
   *
   * @throws DriverError the last one, when the time is over
   */
  async retrying<T>(withinMs: number, attempt: () => Promise<T>, soonAfter?: SoonAfter): Promise<T> {
    const { clock, random } = this.context
    const wait = backOff(RETRY_BACK_OFF_MS, RETRY_BACK_OFF_MAX_MS, random)
    const untilMs = clock.monotonic() + withinMs
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        const failure = toDriverError(error)
        const waitMs = soonAfter?.(failure) ?? wait.next()
        if (!isRetriable(failure) || this.closed || clock.monotonic() + waitMs >= untilMs) throw failure
        this.context.log.debug('trying again', { error: failure.message, waitMs })
        await sleep(clock, waitMs, this.closing.signal)
      }
    }
  }

  /** `retrying`, for a request to a coordinator that may have moved. */
  askCoordinator<T>(
    type: CoordinatorType,
    key: string,
    withinMs: number,
    attempt: (peer: OutboundPeer) => Promise<T>,
    soonAfter?: SoonAfter,
  ): Promise<T> {
    const asking = async (): Promise<T> => {
      const peer = await this.coordinator(type, key)
      try {
        return await attempt(peer)
      } catch (error) {
        const { code, kind } = toDriverError(error)
        if (
          code === 'NOT_COORDINATOR' ||
          code === 'COORDINATOR_NOT_AVAILABLE' ||
          (code === undefined && kind !== 'fatal')
        ) {
          this.forgetCoordinator(type, key)
        }
        throw error
      }
    }
    return this.retrying(withinMs, asking, soonAfter)
  }
}

/** How long to wait after what is known to pass soon, in ms; undefined: as after anything else. */
export type SoonAfter = (failure: DriverError) => number | undefined

function hostAndPort(server: string): { host: string; port: number } {
  const match = /^(?:[A-Za-z_]+:\/\/)?(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(server.trim())
  const port = Number(match?.[3])
  if (!match || port > 65_535) {
    throw new DriverError('fatal', `bootstrap server '${server}': give host:port, e.g. localhost:9092`)
  }
  return { host: match[1] ?? match[2]!, port }
}

function shuffled<T>(all: T[], random: { below(limit: number): number }): T[] {
  for (let i = all.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[all[i], all[j]] = [all[j]!, all[i]!]
  }
  return all
}
