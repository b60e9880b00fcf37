/** What the application is told of a consumer's partitions. A callback that fails is logged, and holds up nothing. */
import type { Log } from '../../base/log.js'
import type { TopicPartition } from '../../model/index.js'
import { errorMessage } from '../error/cause-chain.js'
import type { ConsumerCallback } from './consumer-seek-aware.js'
import type { ListenerSettings } from './listener-settings.js'
import type { Start } from './offset-reset.js'
import type { PartitionStarts } from './partition-starts.js'

export class ApplicationCallbacks {
  constructor(
    private readonly settings: Pick<ListenerSettings, 'rebalanceListener' | 'seekAware'>,
    private readonly seeks: ConsumerCallback & { settled(): Promise<void> },
    private readonly log: Log,
  ) {}

  starting(): void {
    this.settings.seekAware.registerSeekCallback?.(this.seeks)
  }

  ended(): void {
    void this.call('unregisterSeekCallback', () => this.settings.seekAware.unregisterSeekCallback?.(this.seeks))
  }

  /** Resolves when what was sought meanwhile is done. */
  async assigned(partitions: readonly Start[], starts: PartitionStarts): Promise<void> {
    const { seekAware, rebalanceListener } = this.settings
    if (seekAware.onPartitionsAssigned !== undefined) {
      const offsets = await starts.offsets(partitions)
      await this.call('onPartitionsAssigned', () => seekAware.onPartitionsAssigned?.(offsets, this.seeks))
    }
    await this.seeks.settled()
    await this.call('onPartitionsAssigned', () => rebalanceListener.onPartitionsAssigned?.(partitions))
  }

  revokedBeforeCommit(partitions: readonly TopicPartition[]): Promise<void> {
    const { rebalanceListener } = this.settings
    return this.call('onPartitionsRevokedBeforeCommit', () =>
      rebalanceListener.onPartitionsRevokedBeforeCommit?.(partitions),
    )
  }

  async revoked(partitions: readonly TopicPartition[]): Promise<void> {
    const { seekAware, rebalanceListener } = this.settings
    await this.call('onPartitionsRevokedAfterCommit', () =>
      rebalanceListener.onPartitionsRevokedAfterCommit?.(partitions),
    )
    await this.call('onPartitionsRevoked', () => seekAware.onPartitionsRevoked?.(partitions))
  }

  lost(partitions: readonly TopicPartition[]): void {
    const { seekAware, rebalanceListener } = this.settings
    void this.call('onPartitionsRevoked', () => seekAware.onPartitionsRevoked?.(partitions))
    void this.call('onPartitionsLost', () => rebalanceListener.onPartitionsLost?.(partitions))
  }

  idle(partitions: readonly TopicPartition[]): void {
    void this.call('onIdleContainer', () => this.settings.seekAware.onIdleContainer?.(partitions, this.seeks))
  }

  private async call(what: string, callback: () => void | Promise<void>): Promise<void> {
    try {
      await callback()
    } catch (error) {
      this.log.error(`the rebalance listener failed in ${what}: ${errorMessage(error)}`, { error })
    }
  }
}
