/** A log directory as DescribeLogDirs shows it. */
import type { DiskSpace } from '../disk/disk.js'
import type { LogDirectory } from '../log/log-directory.js'
import type { LocalPartition } from './local-partition.js'
import type { ReplicaDirectory } from './replicas.js'

export class DirectoryReplicas implements ReplicaDirectory {
  constructor(
    private readonly directory: LogDirectory,
    private readonly partitions: () => readonly LocalPartition[],
  ) {}

  get path(): string {
    return this.directory.path
  }

  get online(): boolean {
    return this.directory.online
  }

  space(): Promise<DiskSpace> {
    return this.directory.disk.space(this.directory.path)
  }

  *replicas(): Generator<{ topic: string; partition: number; sizeInBytes: number }> {
    for (const { topic, partition, log } of this.partitions()) yield { topic, partition, sizeInBytes: log.sizeInBytes }
  }
}
