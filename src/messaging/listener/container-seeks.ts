/** Seeking from outside of a handler: each partition by the consumer that has it. */
import type { TopicPartition } from '../../model/index.js'
import type { ConsumerSeekCallback, SeekTo } from './consumer-seek-aware.js'

export abstract class ContainerSeeks implements ConsumerSeekCallback {
  abstract readonly assignedPartitions: readonly TopicPartition[]
  /** Of the consumer that has it. */
  protected abstract seeker(tp: TopicPartition): ConsumerSeekCallback

  seek(topic: string, partition: number, offset: SeekTo): void {
    this.seeker({ topic, partition }).seek(topic, partition, offset)
  }
  seekToBeginning(partitions = this.assignedPartitions): void {
    for (const tp of partitions) this.seeker(tp).seekToBeginning([tp])
  }
  seekToEnd(partitions = this.assignedPartitions): void {
    for (const tp of partitions) this.seeker(tp).seekToEnd([tp])
  }
  seekRelative(topic: string, partition: number, offset: number, toCurrent: boolean): void {
    this.seeker({ topic, partition }).seekRelative(topic, partition, offset, toCurrent)
  }
  seekToTimestamp(timestampMs: number, partitions = this.assignedPartitions): void {
    for (const tp of partitions) this.seeker(tp).seekToTimestamp(timestampMs, [tp])
  }
}
