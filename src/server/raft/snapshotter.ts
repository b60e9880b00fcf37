/**
 * Takes a snapshot of the metadata when enough was written since the last one, or when the last one is old, so that a
 * start has little to read (`metadata.log.max.record.bytes.between.snapshots`, `metadata.log.max.snapshot.interval.ms`).
 */
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Settings } from '../config/settings.js'
import type { ClusterView } from '../metadata/cluster-view.js'
import type { MetadataPartition } from './metadata-partition.js'

export interface SnapshotterParts {
  readonly partition: MetadataPartition
  readonly cluster: ClusterView
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
}

export class Snapshotter {
  private lastMs: number
  private running: Promise<void> | undefined
  private closed = false

  constructor(private readonly parts: SnapshotterParts) {
    this.lastMs = parts.clock.monotonic()
    parts.cluster.onChange(() => this.consider())
    this.consider()
  }

  private consider(): void {
    if (this.running || this.closed || !this.isDue()) return
    this.running = this.take().finally(() => (this.running = undefined))
  }

  private isDue(): boolean {
    const { partition, settings, clock } = this.parts
    const bytes = partition.bytesSinceSnapshot
    if (bytes >= settings.long('metadata.log.max.record.bytes.between.snapshots')) return true
    const intervalMs = settings.long('metadata.log.max.snapshot.interval.ms')
    return intervalMs > 0 && bytes > 0 && clock.monotonic() - this.lastMs >= intervalMs
  }

  private async take(): Promise<void> {
    const { partition, cluster, clock, log } = this.parts
    this.lastMs = clock.monotonic()
    try {
      const { events, endOffset } = cluster.snapshot()
      await partition.writeSnapshot(events, endOffset)
      log.info(`took a snapshot of the metadata up to offset ${endOffset}`)
    } catch (error) {
      // the log has all that it has; the next change tries again
      log.error('no snapshot of the metadata could be taken', { error })
    }
  }

  async close(): Promise<void> {
    this.closed = true
    await this.running
  }
}
