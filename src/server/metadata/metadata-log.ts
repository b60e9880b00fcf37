/**
 * The log under the controller's machine: metadata events as records of `__cluster_metadata-0`. Committed events go on, in
 * order, to the broker's view of the cluster, and count as committed only once all parts have followed: whoever is
 * answered finds the cluster as the answer says.
 */
import type { Clock } from '../../base/clock.js'
import { batch, BatchBuilder, batchPositions, RecordCursor } from '../../protocol/records/index.js'
import type { EventLog } from '../machine/machine.js'
import type { Partition } from '../replica/partitions.js'
import { decodeEvent, encodeEvent, type MetadataEvent } from './events.js'

export interface MetadataStore extends Pick<
  Partition,
  'append' | 'committed' | 'replay' | 'logStartOffset' | 'logEndOffset'
> {
  /** Stands for the records before the log's start. */
  readonly snapshot:
    | { readonly id: { readonly endOffset: number }; readonly events: readonly MetadataEvent[] }
    | undefined
}

/** Where committed events go. */
export interface Follower {
  /** While the log is loaded. */
  load(event: MetadataEvent, offset: number): void
  apply(events: readonly MetadataEvent[], firstOffset: number): Promise<void>
}

interface Pending {
  readonly events: readonly MetadataEvent[]
  readonly firstOffset: number
  readonly lastOffset: number
}

export class MetadataLog implements EventLog<MetadataEvent> {
  private pending: Pending[] = []
  /** Resolves when all that was published has been followed. */
  private followed: Promise<void> = Promise.resolve()

  constructor(
    private readonly partition: MetadataStore,
    private readonly clock: Clock,
    private readonly follower: Follower,
  ) {}

  get endOffset(): number {
    return this.partition.logEndOffset
  }

  get isEmpty(): boolean {
    const { snapshot, logEndOffset, logStartOffset } = this.partition
    return snapshot === undefined && logEndOffset === logStartOffset
  }

  append(events: readonly MetadataEvent[]): number {
    const timestampMs = this.clock.now()
    const builder = new BatchBuilder()
    for (const event of events) builder.append({ key: null, value: encodeEvent(event), timestampMs })
    const { baseOffset, lastOffset } = this.partition.append(builder.finish(), 'coordinator')
    this.pending.push({ events, firstOffset: baseOffset, lastOffset })
    return lastOffset
  }

  async committed(offset: number): Promise<void> {
    await this.partition.committed(offset)
    this.publish(offset)
    await this.followed
  }

  private publish(upTo: number): void {
    for (let next = this.pending[0]; next && next.lastOffset <= upTo; next = this.pending[0]) {
      this.pending.shift()
      const before = this.followed
      const applied = this.follower.apply(next.events, next.firstOffset)
      this.followed = before.then(() => applied)
    }
  }

  async replay(onEvent: (event: MetadataEvent, offset: number) => void): Promise<void> {
    const { snapshot } = this.partition
    for (const event of snapshot?.events ?? []) {
      const offset = snapshot!.id.endOffset - 1
      this.follower.load(event, offset)
      onEvent(event, offset)
    }
    await this.partition.replay(this.partition.logStartOffset, (batches) => {
      for (const at of batchPositions(batches)) {
        if (batch.isControl(batches, at)) continue
        const cursor = new RecordCursor(batches, at)
        while (cursor.next()) {
          const event = cursor.value && decodeEvent(cursor.value)
          if (!event) continue
          const offset = cursor.offset
          this.follower.load(event, offset)
          onEvent(event, offset)
        }
      }
    })
  }
}
