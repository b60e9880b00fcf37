/**
 * The leaders of partitions that are sent to: what the metadata lacks, or may have wrong, is read anew, one request at a
 * time, and not in a tight circle.
 */
import { ErrorCode, protocolError } from '../../../protocol/index.js'
import { errorOfCode } from '../../error-of-code.js'
import type { DriverError } from '../../port.js'
import { Alarm } from '../alarm.js'
import { RETRY_BACK_OFF_MAX_MS, RETRY_BACK_OFF_MS } from '../context.js'
import type { Cluster } from '../cluster.js'
import { toDriverError } from '../errors.js'
import type { PartitionQueue } from './partition-queue.js'

/** A topic made a moment ago is not known everywhere yet. */
const UNKNOWN_TOPIC_PATIENCE_MS = 3_000
const UNKNOWN_PARTITION_PATIENCE_MS = 500
/** `metadata.max.age.ms` */
const METADATA_MAX_AGE_MS = 300_000

export class Leaders {
  private readonly stale = new Set<string>()
  private readonly alarm: Alarm
  private reading = false
  private readMs = -Infinity
  private failures = 0

  constructor(
    private readonly cluster: Cluster,
    /** Metadata was read, or could not be. */
    private readonly told: (failure: DriverError | undefined) => void,
  ) {
    this.alarm = new Alarm(cluster.context.clock, () => this.look())
  }

  /** undefined: none is known now, and is looked for. */
  of(queue: PartitionQueue): number | undefined {
    const known = this.cluster.metadata.partition(queue.topic, queue.partition)
    if (known !== undefined && known.leaderId >= 0) return known.leaderId
    this.stale.add(queue.topic)
    return undefined
  }

  /** What is known of this topic may be wrong. */
  doubt(topic: string): void {
    this.stale.add(topic)
  }

  /** Whether metadata is so old that leaders may have moved without our noticing. */
  isOld(nowMs: number): boolean {
    return nowMs - this.readMs > METADATA_MAX_AGE_MS
  }

  /** Why a partition has no leader, as far as that was told since `sinceMs`; `isFinal`: waiting longer does not help. */
  reason(queue: PartitionQueue, sinceMs: number, nowMs: number): { error: DriverError; isFinal: boolean } | undefined {
    if (this.readMs <= sinceMs) return undefined
    const { metadata } = this.cluster
    const at = { topic: queue.topic, partition: queue.partition }
    const topic = metadata.topic(queue.topic)
    if (topic !== undefined && topic.partitions[queue.partition] === undefined) {
      const error = errorOfCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, at)
      return { error, isFinal: nowMs - sinceMs > UNKNOWN_PARTITION_PATIENCE_MS }
    }
    const code = metadata.errorOf(queue.topic)
    if (code === ErrorCode.NONE) return undefined
    const isMissing = code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || code === ErrorCode.UNKNOWN_TOPIC_ID
    const isFinal = !protocolError(code).retriable || (isMissing && nowMs - sinceMs > UNKNOWN_TOPIC_PATIENCE_MS)
    return { error: errorOfCode(code, at), isFinal }
  }

  /** Reads what is to be read. */
  look(): void {
    if (this.reading || this.stale.size === 0 || this.cluster.isClosed) return
    const { clock } = this.cluster.context
    if (this.failures > 0) {
      const waitMs = Math.min(RETRY_BACK_OFF_MS * 2 ** (this.failures - 1), RETRY_BACK_OFF_MAX_MS)
      const dueMs = this.readMs + waitMs
      if (dueMs > clock.monotonic()) return this.alarm.at(dueMs)
    }
    const topics = [...this.stale]
    this.stale.clear()
    void this.read(topics)
  }

  stop(): void {
    this.alarm.cancel()
  }

  private async read(topics: readonly string[]): Promise<void> {
    this.reading = true
    const failure = await this.cluster.refresh(topics, true).then(() => undefined, toDriverError)
    this.reading = false
    this.readMs = this.cluster.context.clock.monotonic()
    // also what the metadata lacks is asked for again only after a while
    const isComplete = failure === undefined && topics.every((topic) => this.cluster.metadata.isComplete(topic))
    this.failures = isComplete ? 1 : Math.min(this.failures + 1, 10)
    this.told(failure)
  }
}
