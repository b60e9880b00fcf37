/**
 * Reads record batches from some partitions, as many bytes as asked for, and waits for more when there are few.
 *
 * Batches are given whole, from the one that holds the offset on. The first batch found is given even when it is larger
 * than all limits, so that a consumer can always go on. v12 tells a reader whose log has diverged where it did; v13 takes
 * topic ids.
 */
import type { Log } from '../../base/log.js'
import { nextTurn } from '../../base/turn.js'
import { IsolationLevel } from '../../protocol/constants.js'
import { ErrorCode } from '../../protocol/errors.js'
import { fetch } from '../../protocol/messages/fetch.js'
import { batch, batchPositions } from '../../protocol/records/index.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { StorageError } from '../replica/partitions.js'
import type { Replica } from '../replica/replicas.js'
import type { WaitEnd } from '../wait/purgatory.js'
import { Operation, ResourceType } from '../security/acl-words.js'
import { endpointsOf, leaderHint, type LeaderHint } from './current-leader.js'
import { FetchSessions, type FetchContext, type FetchPartition } from './fetch-sessions.js'
import { handler, type RequestContext } from './handler.js'

type Parts = Pick<Broker, 'authorizer' | 'clock' | 'cluster' | 'log' | 'purgatory' | 'random' | 'replicas' | 'settings'>
type Request = RequestOf<typeof fetch>
type Response = ResponseOf<typeof fetch>
type TopicAnswer = Response['responses'][number]
type PartitionAnswer = TopicAnswer['partitions'][number]

/** A partition's answer in the making. */
interface Fetched {
  readonly asked: FetchPartition
  readonly topic: string | undefined
  /** undefined: an error stands in the answer. */
  readonly replica: Replica | undefined
  readonly answer: PartitionAnswer
  readonly recordsBytes: number
}

const { NONE } = ErrorCode
const EMPTY = Buffer.alloc(0)
/** A request for many partitions gives way to others after so long. */
const TURN_MS_MAX = 2
/** Ids below are those of readers that are no replicas. */
const FIRST_REPLICA_ID = 0

export const fetchHandler = handler(fetch, (parts: Parts) => {
  const slots = (): number => parts.settings.int('max.incremental.fetch.session.cache.slots')
  const sessions = new FetchSessions(parts.clock, parts.random, slots)
  return async (request, context) => {
    const session = sessions.begin(request, context.apiVersion >= 13)
    if (session.errorCode !== NONE) return { errorCode: session.errorCode, sessionId: session.sessionId, responses: [] }
    const reader = new Reader(parts, request, context, session.partitions)
    const fetched = await reader.read()
    const responses = grouped(fetched.filter((one) => session.tells(one.asked, told(one))))
    return { errorCode: NONE, sessionId: session.finish(), responses, ...hints(parts, context, fetched) }
  }
})

const told = ({ answer, recordsBytes }: Fetched): Parameters<FetchContext['tells']>[1] => ({
  errorCode: answer.errorCode,
  highWatermark: answer.highWatermark,
  logStartOffset: answer.logStartOffset ?? -1,
  recordsBytes,
  diverged: answer.divergingEpoch !== undefined,
})

/** One request's reading: once, and again after a wait when too little was there. */
class Reader {
  private readonly bytesMax: number
  private readonly minBytes: number
  private readonly isCommitted: boolean
  private readonly log: Log

  constructor(
    private readonly parts: Parts,
    private readonly request: Request,
    private readonly context: RequestContext,
    private readonly partitions: readonly FetchPartition[],
  ) {
    this.bytesMax = Math.min(request.maxBytes, parts.settings.int('fetch.max.bytes'))
    this.minBytes = Math.min(request.minBytes, this.bytesMax)
    this.isCommitted = request.isolationLevel === IsolationLevel.readCommitted
    this.log = parts.log
  }

  async read(): Promise<Fetched[]> {
    const { clock } = this.parts
    const deadlineMs = clock.monotonic() + this.request.maxWaitMs
    for (;;) {
      const fetched = await this.readAll()
      const leftMs = deadlineMs - clock.monotonic()
      if (leftMs <= 0 || this.isEnough(fetched)) return fetched
      // what was written while other partitions were read from disk woke nobody
      if (!fetched.some(hasMoved) && (await this.waitForMore(fetched, leftMs)) === 'abandoned') return fetched
    }
  }

  private isEnough(fetched: readonly Fetched[]): boolean {
    if (fetched.length === 0) return true
    let bytes = 0
    for (const { answer, recordsBytes } of fetched) {
      if (answer.errorCode !== NONE || answer.divergingEpoch !== undefined) return true
      bytes += recordsBytes
    }
    return bytes >= this.minBytes
  }

  private async waitForMore(fetched: readonly Fetched[], timeoutMs: number): Promise<WaitEnd> {
    let bytes = 0
    for (const { recordsBytes } of fetched) bytes += recordsBytes
    return this.parts.purgatory.wait({
      keys: fetched.map(({ replica }) => replica!),
      timeoutMs,
      // of what was written in a transaction nothing can be told before the transaction has ended
      onNotice: (_, more) => (this.isCommitted ? fetched.some(hasMoved) : (bytes += more) >= this.minBytes),
      signal: this.context.signal,
    })
  }

  private async readAll(): Promise<Fetched[]> {
    const { clock } = this.parts
    const out: Fetched[] = []
    let leftBytes = this.bytesMax
    let found = false
    let sinceMs = clock.monotonic()
    for (const asked of this.partitions) {
      if (clock.monotonic() - sinceMs > TURN_MS_MAX) {
        await nextTurn()
        sinceMs = clock.monotonic()
      }
      const maxBytes = Math.min(asked.maxBytes, leftBytes)
      const one = this.readOne(asked, maxBytes, !found)
      const fetched = one instanceof Promise ? await one : one
      out.push(fetched)
      if (fetched.recordsBytes > 0) {
        found = true
        leftBytes = Math.max(leftBytes - fetched.recordsBytes, 0)
      }
    }
    return out
  }

  private readOne(asked: FetchPartition, maxBytes: number, minOneBatch: boolean): Fetched | Promise<Fetched> {
    const topic = this.topicOf(asked)
    if (topic === undefined) return failed(asked, undefined, ErrorCode.UNKNOWN_TOPIC_ID)
    if (this.parts.authorizer?.allows(this.context, Operation.read, ResourceType.topic, topic) === false) {
      return failed(asked, topic, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    }
    const replica = this.parts.replicas.find(topic, asked.partition)
    if (typeof replica === 'number') return failed(asked, topic, replica)
    const refusal = this.refusal(replica, asked)
    if (refusal !== NONE) return failed(asked, topic, refusal)
    const answer = this.answerOf(replica, asked)
    const { fetchOffset, lastFetchedEpoch } = asked
    if (fetchOffset < replica.logStartOffset || fetchOffset > replica.logEndOffset) {
      return failed(asked, topic, ErrorCode.OFFSET_OUT_OF_RANGE)
    }
    if (lastFetchedEpoch >= 0) {
      const end = replica.endOfEpoch(lastFetchedEpoch)
      if (end === undefined) return failed(asked, topic, ErrorCode.OFFSET_OUT_OF_RANGE)
      if (end.epoch < lastFetchedEpoch || end.endOffset < fetchOffset) {
        answer.divergingEpoch = end
        return { asked, topic, replica, answer, recordsBytes: 0 }
      }
    }
    const endOffset = replica.endOffsetFor(this.request.isolationLevel)
    const done = (records: Buffer): Fetched => {
      answer.records = records
      if (this.isCommitted) answer.abortedTransactions = abortedIn(replica, fetchOffset, records)
      return { asked, topic, replica, answer, recordsBytes: records.length }
    }
    try {
      const records = replica.read(fetchOffset, { maxBytes, minOneBatch, endOffset })
      if (Buffer.isBuffer(records)) return done(records)
      return records.then(done, (error: unknown) => this.readFailed(asked, topic, error))
    } catch (error) {
      return this.readFailed(asked, topic, error)
    }
  }

  private topicOf({ topic, topicId }: FetchPartition): string | undefined {
    return this.context.apiVersion >= 13 ? this.parts.cluster.topicById(topicId)?.name : topic
  }

  private refusal(replica: Replica, { currentLeaderEpoch }: FetchPartition): ErrorCode {
    const { replicaId, replicaState } = this.request
    // one node has no followers
    if (Math.max(replicaId, replicaState.replicaId) >= FIRST_REPLICA_ID) return ErrorCode.NOT_LEADER_OR_FOLLOWER
    if (this.context.apiVersion < 10 && this.storesZstd(replica.topic)) return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
    return replica.checkLeaderEpoch(currentLeaderEpoch)
  }

  private storesZstd(topic: string): boolean {
    return this.parts.settings.topic(topic).string('compression.type') === 'zstd'
  }

  private answerOf(replica: Replica, { partition }: FetchPartition): PartitionAnswer {
    return {
      partitionIndex: partition,
      errorCode: NONE,
      highWatermark: replica.highWatermark,
      lastStableOffset: replica.lastStableOffset,
      logStartOffset: replica.logStartOffset,
      abortedTransactions: this.isCommitted ? [] : null,
      records: EMPTY,
    }
  }

  private readFailed(asked: FetchPartition, topic: string, error: unknown): Fetched {
    const found = this.parts.replicas.find(topic, asked.partition)
    if (error instanceof StorageError) {
      return failed(asked, topic, typeof found === 'number' ? found : ErrorCode.KAFKA_STORAGE_ERROR)
    }
    // the segment may have gone while it was read
    if (typeof found !== 'number' && asked.fetchOffset < found.logStartOffset) {
      return failed(asked, topic, ErrorCode.OFFSET_OUT_OF_RANGE)
    }
    this.log.error(`can't read ${topic}-${asked.partition} at offset ${asked.fetchOffset}`, { error })
    return failed(asked, topic, ErrorCode.UNKNOWN_SERVER_ERROR)
  }
}

/** More can be read, or will be once a transaction has ended. */
function hasMoved({ replica, answer }: Fetched): boolean {
  if (!replica) return false
  return answer.abortedTransactions === null
    ? replica.highWatermark !== answer.highWatermark
    : replica.lastStableOffset !== answer.lastStableOffset
}

function abortedIn(replica: Replica, fromOffset: number, records: Buffer): PartitionAnswer['abortedTransactions'] {
  let toOffset = fromOffset
  for (const at of batchPositions(records)) toOffset = batch.nextOffset(records, at)
  if (toOffset === fromOffset) return []
  const found = replica.abortedTransactions(fromOffset, toOffset)
  return found.map(({ producerId, firstOffset }) => ({ producerId, firstOffset }))
}

/** Errors for what is not there at all, of which Kafka's answer has an empty list where others have none. */
const MISSING: ReadonlySet<ErrorCode> = new Set([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_ID])

function failed(asked: FetchPartition, topic: string | undefined, errorCode: ErrorCode): Fetched {
  const answer: PartitionAnswer = {
    partitionIndex: asked.partition,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: MISSING.has(errorCode) ? [] : null,
    records: EMPTY,
  }
  return { asked, topic, replica: undefined, answer, recordsBytes: 0 }
}

/** Neighbours of one topic stand together; the order of partitions stays. */
function grouped(fetched: readonly Fetched[]): TopicAnswer[] {
  const topics: (TopicAnswer & { partitions: PartitionAnswer[] })[] = []
  for (const { asked, answer } of fetched) {
    const { topic, topicId } = asked
    const last = topics.at(-1)
    if (last && last.topic === topic && last.topicId === topicId) last.partitions.push(answer)
    else topics.push({ topic, topicId, partitions: [answer] })
  }
  return topics
}

function hints(
  { cluster }: Parts,
  { apiVersion, listenerName }: RequestContext,
  fetched: readonly Fetched[],
): Pick<Response, 'nodeEndpoints'> {
  if (apiVersion < 12) return {}
  const found: LeaderHint[] = []
  for (const { topic, asked, answer } of fetched) {
    if (answer.errorCode === NONE || topic === undefined) continue
    const hint = leaderHint(cluster, topic, asked.partition, answer.errorCode as ErrorCode)
    if (!hint) continue
    answer.currentLeader = hint
    found.push(hint)
  }
  return apiVersion < 16 || found.length === 0 ? {} : { nodeEndpoints: endpointsOf(cluster, listenerName, found) }
}
