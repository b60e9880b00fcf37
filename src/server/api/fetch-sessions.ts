/**
 * Fetch sessions (KIP-227): what a client fetches from is kept here, so that its requests name only what has changed, and
 * answers only what is new. A session has an id and an epoch that each request must count on.
 *
 *   epoch 0: a full request, which begins a session when there is room · -1: a full request, and the session ends
 *   else: an incremental request on the session
 *
 * Partitions that gave records move to the end of their session, so that none starves the others.
 */
import type { Clock } from '../../base/clock.js'
import type { Random } from '../../base/random.js'
import { ErrorCode } from '../../protocol/errors.js'
import type { fetch } from '../../protocol/messages/fetch.js'
import type { RequestOf } from '../../protocol/schema/index.js'

type Request = RequestOf<typeof fetch>

/** What a client wants of a partition, and what it was told last. */
export interface FetchPartition {
  /** Empty where the request names topics by id. */
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  currentLeaderEpoch: number
  fetchOffset: number
  lastFetchedEpoch: number
  maxBytes: number
  toldHighWatermark: number
  toldLogStartOffset: number
}

/** What a partition's answer says, as far as sessions look at it. */
export interface FetchedPartition {
  readonly errorCode: number
  readonly highWatermark: number
  readonly logStartOffset: number
  readonly recordsBytes: number
  readonly diverged: boolean
}

export interface FetchContext {
  readonly errorCode: ErrorCode
  readonly sessionId: number
  readonly partitions: readonly FetchPartition[]
  /** Whether a partition has to be in the answer; notes what is told. Asked once for each, in order. */
  tells(partition: FetchPartition, fetched: FetchedPartition): boolean
  /** Begins the session that a full request asks for; gives its id, 0 when there is none. */
  finish(): number
}

interface Session {
  readonly id: number
  readonly usesTopicIds: boolean
  readonly partitions: Map<string, FetchPartition>
  readonly createdMs: number
  usedMs: number
  epoch: number
}

const NO_SESSION = 0
const INITIAL_EPOCH = 0
const FINAL_EPOCH = -1
const EPOCH_MAX = 0x7fff_ffff
/** A session that was used more recently gives way to no other. */
const EVICTION_MS = 120_000

export class FetchSessions {
  /** By id, the least recently used first. */
  private readonly sessions = new Map<number, Session>()

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly slots: () => number,
  ) {}

  get size(): number {
    return this.sessions.size
  }

  begin(request: Request, usesTopicIds: boolean): FetchContext {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === FINAL_EPOCH || sessionEpoch === INITIAL_EPOCH) {
      if (sessionId !== NO_SESSION) this.sessions.delete(sessionId)
      const partitions = keyed(request)
      if (sessionEpoch === FINAL_EPOCH) return full(partitions, () => NO_SESSION)
      return full(partitions, () => this.create(partitions, usesTopicIds))
    }
    const session = this.sessions.get(sessionId)
    if (!session) return refused(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    if (session.epoch !== sessionEpoch) return refused(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
    if (session.usesTopicIds !== usesTopicIds) return refused(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
    update(session, request)
    if (session.partitions.size === 0) {
      this.sessions.delete(sessionId)
      return full(session.partitions, () => NO_SESSION)
    }
    session.epoch = session.epoch === EPOCH_MAX ? 1 : session.epoch + 1
    session.usedMs = this.clock.now()
    this.sessions.delete(sessionId)
    this.sessions.set(sessionId, session)
    return incremental(session)
  }

  private create(partitions: Map<string, FetchPartition>, usesTopicIds: boolean): number {
    if (partitions.size === 0 || !this.makeRoom(partitions.size)) return NO_SESSION
    let id: number
    do id = 1 + this.random.below(EPOCH_MAX)
    while (this.sessions.has(id))
    const nowMs = this.clock.now()
    this.sessions.set(id, { id, usesTopicIds, partitions, createdMs: nowMs, usedMs: nowMs, epoch: 1 })
    return id
  }

  /** The longest unused session goes when it was unused for long; else a smaller one that has had its time. */
  private makeRoom(size: number): boolean {
    if (this.sessions.size < this.slots()) return true
    const nowMs = this.clock.now()
    for (const session of this.sessions.values()) {
      if (nowMs - session.usedMs > EVICTION_MS) return this.sessions.delete(session.id)
      break
    }
    let smallest: Session | undefined
    for (const session of this.sessions.values()) {
      const isSmaller = session.partitions.size < (smallest?.partitions.size ?? size)
      if (isSmaller && nowMs - session.createdMs > EVICTION_MS) smallest = session
    }
    return smallest !== undefined && this.sessions.delete(smallest.id)
  }
}

function refused(errorCode: ErrorCode): FetchContext {
  return { errorCode, sessionId: NO_SESSION, partitions: [], tells: () => false, finish: () => NO_SESSION }
}

function full(partitions: Map<string, FetchPartition>, finish: () => number): FetchContext {
  return {
    errorCode: ErrorCode.NONE,
    sessionId: NO_SESSION,
    partitions: [...partitions.values()],
    tells(partition, fetched) {
      note(partition, fetched)
      return true
    },
    finish,
  }
}

function incremental(session: Session): FetchContext {
  return {
    errorCode: ErrorCode.NONE,
    sessionId: session.id,
    partitions: [...session.partitions.values()],
    tells(partition, fetched) {
      const isNews =
        fetched.errorCode !== 0 ||
        fetched.recordsBytes > 0 ||
        fetched.diverged ||
        fetched.highWatermark !== partition.toldHighWatermark ||
        fetched.logStartOffset !== partition.toldLogStartOffset
      note(partition, fetched)
      if (fetched.recordsBytes > 0) moveToEnd(session, partition)
      return isNews
    },
    finish: () => session.id,
  }
}

/** After an error the next answer tells everything again. */
function note(partition: FetchPartition, { errorCode, highWatermark, logStartOffset }: FetchedPartition): void {
  partition.toldHighWatermark = errorCode === 0 ? highWatermark : -1
  partition.toldLogStartOffset = logStartOffset
}

function moveToEnd({ partitions }: Session, partition: FetchPartition): void {
  const key = keyOf(partition.topic, partition.topicId, partition.partition)
  if (partitions.delete(key)) partitions.set(key, partition)
}

const keyOf = (topic: string, topicId: string, partition: number): string => `${topic} ${topicId} ${partition}`

function keyed(request: Request): Map<string, FetchPartition> {
  const partitions = new Map<string, FetchPartition>()
  add(partitions, request)
  return partitions
}

function update({ partitions }: Session, request: Request): void {
  add(partitions, request)
  for (const { topic, topicId, partitions: forgotten } of request.forgottenTopicsData) {
    for (const partition of forgotten) partitions.delete(keyOf(topic, topicId, partition))
  }
}

function add(partitions: Map<string, FetchPartition>, request: Request): void {
  for (const { topic, topicId, partitions: asked } of request.topics) {
    for (const { partition, currentLeaderEpoch, fetchOffset, lastFetchedEpoch, partitionMaxBytes } of asked) {
      const key = keyOf(topic, topicId, partition)
      const wanted = { currentLeaderEpoch, fetchOffset, lastFetchedEpoch, maxBytes: partitionMaxBytes }
      const known = partitions.get(key)
      if (known) Object.assign(known, wanted)
      else partitions.set(key, { topic, topicId, partition, ...wanted, toldHighWatermark: -1, toldLogStartOffset: -1 })
    }
  }
}
