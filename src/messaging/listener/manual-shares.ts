/** Partitions given by hand, since a container's start: who has which, and how far consumers that are gone had come. */
import type { AdminPort } from '../../client/port.js'
import { topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import { sharesOf } from './topic-partition-offset.js'
import type { InitialPartition, ManualAssignment } from './topic-partition-offset.js'

export class ManualShares {
  private shares: Promise<readonly (readonly InitialPartition[])[]> | undefined
  private readonly positions = new Map<string, number>()

  constructor(
    private readonly manual: ManualAssignment,
    private readonly concurrency: number,
    private readonly admin: () => Promise<AdminPort>,
  ) {}

  /** undefined: there are fewer partitions than consumers. */
  async of(index: number): Promise<readonly InitialPartition[] | undefined> {
    this.shares ??= this.admin()
      .then((admin) => this.manual.resolve(admin))
      .then((partitions) => sharesOf(partitions, this.concurrency))
    // the next consumer asks again
    this.shares.catch(() => (this.shares = undefined))
    return (await this.shares)[index]
  }

  positionOf(tp: TopicPartition): number | undefined {
    return this.positions.get(topicPartitionName(tp))
  }

  reached(tp: TopicPartition, position: number): void {
    this.positions.set(topicPartitionName(tp), position)
  }
}
