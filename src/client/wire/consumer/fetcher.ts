/**
 * Fetches what is assigned, has a position and is not paused: one request at a time to each broker, held there until there
 * is something. What comes is handed on (`HandingOn`) while the next request is on its way already. A partition that is
 * paused meanwhile keeps the rest for later.
 *
 * Of a partition, no more is asked for when two answers wait to be handed on, or one of `fetchMaxBytesPerPartition`. So it
 * holds at most twice that, or two batches where these are larger.
 *
 * A broker that has nothing holds the request, and there is only one: a partition that is paused meanwhile would have to
 * wait for it. A pause is often short, as its handler is only a little behind. So a request without it is held no longer
 * than the pause has lasted by then.
 */
import type { Timer } from '../../../base/clock.js'
import type { MalformedError } from '../../../base/bytes.js'
import { ErrorCode, messages, protocolError, ZERO_UUID, type DecodedOf } from '../../../protocol/index.js'
import { DriverError, type ConsumerOptions } from '../../port.js'
import { RETRY_BACK_OFF_MAX_MS, RETRY_BACK_OFF_MS } from '../context.js'
import type { Cluster } from '../cluster.js'
import { errorOfCode, toDriverError } from '../errors.js'
import type { AssignedPartition, Assignment } from './assignment.js'
import { FetchedRecords } from './fetched-records.js'
import { FetchSession, type WantedPartition } from './fetch-session.js'
import { HandingOn, type HandOver } from './handing-on.js'
import { validatePositions } from './validation.js'

/** Answers of a partition that wait to be handed on. */
const AHEAD_MAX = 2
/** A request is held so long at least. */
const WAIT_MS_MIN = 5
/** So often in a row metadata may lack a leader before that is told: an election takes a moment. */
const LACKING_TOLD = 5
const TOPIC_ID_VERSION = 13
const ISOLATION_LEVELS = { read_uncommitted: 0, read_committed: 1 } as const

type FetchAnswer = DecodedOf<typeof messages.fetch.response>
type PartitionAnswer = FetchAnswer['responses'][number]['partitions'][number]

export interface FetchListener {
  records: HandOver
  outOfRange(own: AssignedPartition, offset: number): void
  /** Something failed, and is tried again. */
  trouble(error: DriverError, retryInMs: number): void
  fine(): void
  /** No retry mends this. */
  failed(error: DriverError): void
}

interface Node {
  readonly session: FetchSession
  inFlight: boolean
  notBeforeMs: number
  failures: number
}

export class Fetcher {
  private readonly nodes = new Map<number, Node>()
  private readonly stale = new Set<string>()
  private readonly handingOn: HandingOn
  /** Brokers that did not answer the last time: told once each, until they do or are not needed any more. */
  private readonly troubled = new Set<number>()
  private kicked = false
  private refreshing = false
  private refreshFailures = 0
  private timer: Timer | undefined
  private timerDueMs = Infinity
  private stopped = false

  constructor(
    private readonly cluster: Cluster,
    private readonly options: ConsumerOptions,
    private readonly assignment: Assignment,
    private readonly listener: FetchListener,
  ) {
    this.handingOn = new HandingOn(cluster.context.clock, assignment, {
      records: listener.records,
      corrupt: (own, offset, error) => this.corrupt(own, offset, error),
      mayAskMore: () => this.kick(),
    })
  }

  /** Looks, soon, whether there is something to fetch or to hand on. */
  kick(): void {
    if (this.kicked || this.stopped) return
    this.kicked = true
    queueMicrotask(() => {
      this.kicked = false
      if (!this.stopped) this.run()
    })
  }

  stop(): void {
    this.stopped = true
    this.timer?.cancel()
    this.handingOn.stop()
  }

  private run(): void {
    const nowMs = this.cluster.context.clock.monotonic()
    const wanted = new Map<number, AssignedPartition[]>()
    /** Nodes that are asked again as soon as something of theirs is handed on, and not without it: they may take their time. */
    const awaited = new Set<number>()
    /** How long nodes may hold a request; the longest that is set where none is noted. */
    const waits = new Map<number, number>()
    const toValidate: AssignedPartition[] = []
    for (const own of this.assignment.all) {
      const known = this.cluster.metadata.partition(own.topic, own.partition)
      const nodeId = known && this.nodeOf(own, known.leaderId, nowMs)
      if (own.paused) {
        if (nodeId !== undefined) waits.set(nodeId, Math.min(waits.get(nodeId) ?? Infinity, nowMs - own.handedOnAtMs))
        continue
      }
      if (own.position === undefined || own.validating) continue
      const hasMore = own.fetched.length > 0
      if (hasMore) this.handingOn.add(own)
      if (own.notBeforeMs > nowMs) {
        this.wakeAt(own.notBeforeMs)
        continue
      }
      if (known === undefined || nodeId === undefined) {
        this.stale.add(own.topic)
        continue
      }
      const isNew = own.positionEpoch >= 0 && known.leaderEpoch > own.validatedEpoch
      if (hasMore && (isNew || !this.mayFetchAhead(own))) {
        awaited.add(nodeId)
        continue
      }
      if (isNew) {
        toValidate.push(own)
        continue
      }
      own.validatedEpoch = known.leaderEpoch
      const list = wanted.get(nodeId)
      if (list) list.push(own)
      else wanted.set(nodeId, [own])
    }
    if (toValidate.length > 0) void this.validate(toValidate)
    if (this.stale.size > 0) void this.refresh()
    for (const nodeId of this.troubled) if (!wanted.has(nodeId)) this.troubled.delete(nodeId)
    for (const [nodeId, list] of wanted) {
      if (!awaited.has(nodeId)) this.fetchFrom(nodeId, list, nowMs, waits.get(nodeId) ?? Infinity)
    }
    this.handingOn.goOn()
  }

  /** Who is asked for it: a follower that its leader recommends, else the leader; undefined while it has none. */
  private nodeOf(own: AssignedPartition, leaderId: number, nowMs: number): number | undefined {
    if (leaderId < 0) return undefined
    const { preferredReplica, preferredUntilMs } = own
    const { brokers } = this.cluster.metadata
    return preferredReplica >= 0 && preferredUntilMs > nowMs && brokers.has(preferredReplica)
      ? preferredReplica
      : leaderId
  }

  private mayFetchAhead(own: AssignedPartition): boolean {
    const { length } = own.fetched
    return length < AHEAD_MAX && !own.isRefused && own.fetchedBytes < this.options.fetchMaxBytesPerPartition
  }

  // ── asking ──

  private fetchFrom(nodeId: number, list: readonly AssignedPartition[], nowMs: number, waitMs: number): void {
    let node = this.nodes.get(nodeId)
    if (node === undefined) {
      this.nodes.set(nodeId, (node = { session: new FetchSession(), inFlight: false, notBeforeMs: 0, failures: 0 }))
    }
    if (node.inFlight) return
    if (node.notBeforeMs > nowMs) return this.wakeAt(node.notBeforeMs)
    node.inFlight = true
    void this.fetch(nodeId, node, list, waitMs).finally(() => {
      node.inFlight = false
      this.kick()
    })
  }

  private async fetch(nodeId: number, node: Node, list: readonly AssignedPartition[], waitMs: number): Promise<void> {
    const { options, cluster } = this
    let byId = true
    const wanted = list.map((own): WantedPartition => {
      const topicId = cluster.metadata.topic(own.topic)?.id ?? ZERO_UUID
      if (topicId === ZERO_UUID) byId = false
      return {
        name: own.name,
        topic: own.topic,
        topicId,
        partition: own.partition,
        fetchOffset: own.fetchOffset!,
        currentLeaderEpoch: own.validatedEpoch,
        partitionMaxBytes: options.fetchMaxBytesPerPartition,
      }
    })
    const asked = new Map(
      list.map((own, i) => [own.name, { own, version: own.version, offset: wanted[i]!.fetchOffset }]),
    )
    try {
      const answer = await cluster.peer(nodeId, 'fetch').send(
        messages.fetch,
        {
          maxWaitMs: Math.min(Math.max(Math.round(waitMs), WAIT_MS_MIN), options.fetchMaxWaitMs),
          minBytes: options.fetchMinBytes,
          maxBytes: options.fetchMaxBytes,
          isolationLevel: ISOLATION_LEVELS[options.isolation],
          rackId: options.rackId ?? '',
          ...node.session.request(wanted),
        },
        {
          maxVersion: byId ? Infinity : TOPIC_ID_VERSION - 1,
          timeoutMs: options.fetchMaxWaitMs + cluster.requestTimeoutMs,
        },
      )
      if (this.stopped) return
      node.failures = 0
      if (!node.session.answered(answer.errorCode, answer.sessionId)) {
        if (!protocolError(answer.errorCode).retriable) throw errorOfCode(answer.errorCode)
        return
      }
      this.troubled.delete(nodeId)
      cluster.metadata.endpointsTold(answer.nodeEndpoints)
      if (this.troubled.size === 0) this.listener.fine()
      for (const { topic, topicId, partitions } of answer.responses) {
        const name = topic || cluster.metadata.topicName(topicId)
        for (const told of partitions) {
          const entry = asked.get(`${name}-${told.partitionIndex}`)
          // nobody asks for it any more, or from elsewhere
          if (!entry || !this.assignment.has(entry.own) || entry.own.version !== entry.version) continue
          if (entry.own.fetchOffset === entry.offset) this.answered(entry.own, entry.offset, told)
        }
      }
    } catch (error) {
      if (this.stopped) return
      const failure = toDriverError(error)
      node.session.restart()
      const waitMs = this.backOffMs(node.failures++)
      node.notBeforeMs = cluster.context.clock.monotonic() + waitMs
      for (const own of list) {
        this.stale.add(own.topic)
        own.preferredReplica = -1
      }
      if (failure.kind === 'auth') this.listener.failed(failure)
      else if (!this.troubled.has(nodeId)) {
        this.troubled.add(nodeId)
        this.listener.trouble(failure, waitMs)
      }
    }
  }

  private answered(own: AssignedPartition, fetchOffset: number, told: PartitionAnswer): void {
    const { errorCode } = told
    if (errorCode === ErrorCode.NONE) {
      own.failures = 0
      const readCommitted = this.options.isolation === 'read_committed'
      own.visibleEnd = readCommitted ? told.lastStableOffset : told.highWatermark
      if (told.preferredReadReplica >= 0) {
        own.preferredReplica = told.preferredReadReplica
        own.preferredUntilMs = this.cluster.context.clock.monotonic() + this.options.metadataMaxAgeMs
      }
      if (!told.records || told.records.length === 0) return
      own.keep(
        new FetchedRecords(own, told.records, fetchOffset, told.highWatermark, readCommitted, told.abortedTransactions),
      )
      return
    }
    // asked again from the position, once what is before it is handed on
    if (own.fetched.length > 0) return void (own.isRefused = true)
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      // a follower may be behind: the leader decides
      if (own.preferredReplica >= 0) own.preferredReplica = -1
      else {
        own.moveTo(undefined)
        this.listener.outOfRange(own, fetchOffset)
      }
      return
    }
    const at = { topic: own.topic, partition: own.partition }
    const failure = errorOfCode(errorCode, at)
    const row = protocolError(errorCode)
    if (row.authorization) return this.listener.failed(failure)
    own.preferredReplica = -1
    const { leaderId, leaderEpoch } = told.currentLeader
    // asked at once: the new leader has done nothing that would be a reason to wait (KIP-951)
    if (this.cluster.metadata.leaderTold(own.topic, own.partition, leaderId, leaderEpoch)) return
    this.stale.add(own.topic)
    this.putOff(own, failure, row.refreshesMetadata)
  }

  private putOff(own: AssignedPartition, failure: DriverError, quietly: boolean): void {
    const waitMs = this.backOffMs(own.failures++)
    own.notBeforeMs = this.cluster.context.clock.monotonic() + waitMs
    if (!quietly) this.listener.trouble(failure, waitMs)
    this.wakeAt(own.notBeforeMs)
  }

  /** Perhaps only on its way to us: asked for again. */
  private corrupt(own: AssignedPartition, offset: number, error: MalformedError): void {
    own.dropFetched()
    const at = { topic: own.topic, partition: own.partition }
    this.putOff(
      own,
      new DriverError('corrupt', `${own.name}@${offset}: ${error.message}`, 'CORRUPT_MESSAGE', at, error),
      false,
    )
  }

  // ── what fetching needs ──

  private async validate(list: readonly AssignedPartition[]): Promise<void> {
    for (const own of list) own.validating = true
    try {
      await validatePositions(this.cluster, list, (own, offset) => {
        if (this.assignment.has(own)) this.listener.outOfRange(own, offset)
      })
    } catch (error) {
      const failure = toDriverError(error)
      if (failure.kind === 'authorization') this.listener.failed(failure)
      else for (const own of list) this.putOff(own, failure, true)
    } finally {
      for (const own of list) own.validating = false
      this.kick()
    }
  }

  private async refresh(): Promise<void> {
    if (this.refreshing) return
    this.refreshing = true
    const topics = [...this.stale]
    this.stale.clear()
    try {
      await this.cluster.refresh(topics)
      const lacking = topics.filter((topic) => !this.cluster.metadata.isComplete(topic))
      this.refreshFailures = lacking.length === 0 ? 0 : this.refreshFailures + 1
      if (this.refreshFailures === LACKING_TOLD) {
        const message = `no leader is known of partitions of ${lacking.join(', ')}`
        this.listener.trouble(new DriverError('retriable', message, 'LEADER_NOT_AVAILABLE'), RETRY_BACK_OFF_MAX_MS)
      }
    } catch (error) {
      if (this.stopped) return
      if (this.refreshFailures++ === 0) this.listener.trouble(toDriverError(error), this.backOffMs(0))
    }
    const { clock } = this.cluster.context
    // what is missing is not asked for in a tight circle
    clock.after(this.refreshFailures === 0 ? 0 : this.backOffMs(this.refreshFailures - 1), () => {
      this.refreshing = false
      this.kick()
    })
  }

  private backOffMs(failures: number): number {
    const plainMs = Math.min(RETRY_BACK_OFF_MS * 2 ** failures, RETRY_BACK_OFF_MAX_MS)
    return plainMs * (0.8 + 0.4 * this.cluster.context.random.next())
  }

  private wakeAt(dueMs: number): void {
    if (dueMs >= this.timerDueMs || this.stopped) return
    const { clock } = this.cluster.context
    this.timer?.cancel()
    this.timerDueMs = dueMs
    this.timer = clock.after(Math.max(dueMs - clock.monotonic(), 1), () => {
      this.timerDueMs = Infinity
      this.kick()
    })
  }
}
