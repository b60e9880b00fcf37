/** What of a listener is asked to pause. Requests stand until they are taken back, across rebalances and restarts. */
import { topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'

export class PauseRequests {
  /** Everything. */
  all = false
  private readonly partitions = new Set<string>()

  add(tp: TopicPartition): void {
    this.partitions.add(topicPartitionName(tp))
  }

  /** false: it was not asked for. */
  remove(tp: TopicPartition): boolean {
    return this.partitions.delete(topicPartitionName(tp))
  }

  has(tp: TopicPartition): boolean {
    return this.partitions.has(topicPartitionName(tp))
  }

  /** By a request for it or for everything. */
  cover(tp: TopicPartition): boolean {
    return this.all || (this.partitions.size > 0 && this.has(tp))
  }
}
