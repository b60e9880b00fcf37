/**
 * The transaction coordinator in memory: transactional ids, their epochs, and the transaction that each has open. One that
 * is open longer than its time-out is aborted, and its producer fenced, as Kafka does.
 */
import type { Clock, Timer } from '../../base/clock.js'
import { DriverError, type CommitOffset, type GroupMetadata } from '../../client/port.js'
import { topicPartitionName } from '../../model/index.js'
import type { MemoryGroup } from './memory-group.js'
import type { MemoryPartition, RecordsOwner } from './memory-partition.js'

export class MemoryTransaction implements RecordsOwner {
  state: 'open' | 'committed' | 'aborted' = 'open'
  readonly partitions = new Set<MemoryPartition>()
  readonly offsets: { readonly group: MemoryGroup; readonly offsets: readonly CommitOffset[] }[] = []
  timer: Timer | undefined
}

interface TransactionalId {
  epoch: number
  open: MemoryTransaction | undefined
}

export class MemoryTransactions {
  private readonly ids = new Map<string, TransactionalId>()

  constructor(
    private readonly clock: Clock,
    private readonly groupOf: (groupId: string) => MemoryGroup,
    /** Something may be readable that was not. */
    private readonly changed: () => void,
  ) {}

  /** Gives the producer's epoch; whoever had the id before is fenced, and what it left open is aborted. */
  initialize(transactionalId: string): number {
    const id = this.ids.get(transactionalId) ?? { epoch: -1, open: undefined }
    this.ids.set(transactionalId, id)
    id.epoch++
    this.end(id, 'aborted')
    return id.epoch
  }

  begin(transactionalId: string, epoch: number, timeoutMs: number): MemoryTransaction {
    const id = this.current(transactionalId, epoch)
    const transaction = new MemoryTransaction()
    id.open = transaction
    transaction.timer = this.clock.after(timeoutMs, () => {
      if (id.open === transaction) this.initialize(transactionalId)
    })
    return transaction
  }

  /** The id is still this producer's. */
  current(transactionalId: string, epoch: number): TransactionalId {
    const id = this.ids.get(transactionalId)
    if (id !== undefined && id.epoch === epoch) return id
    throw new DriverError(
      'fenced',
      `transactional id '${transactionalId}': another producer has it, or its transaction took too long (PRODUCER_FENCED)`,
      'PRODUCER_FENCED',
    )
  }

  sendOffsets(transaction: MemoryTransaction, offsets: readonly CommitOffset[], metadata: GroupMetadata): void {
    const group = this.groupOf(metadata.groupId)
    const isMember = group.members.has(metadata.memberId) && group.generation === metadata.generationId
    if (metadata.generationId >= 0 && !isMember) {
      throw new DriverError(
        'fenced',
        `group '${metadata.groupId}': generation ${metadata.generationId} is over (ILLEGAL_GENERATION)`,
        'ILLEGAL_GENERATION',
      )
    }
    transaction.offsets.push({ group, offsets })
    for (const tp of offsets) group.pending.add(topicPartitionName(tp))
  }

  commit(transactionalId: string, epoch: number): void {
    this.end(this.current(transactionalId, epoch), 'committed')
  }

  abort(transactionalId: string, epoch: number): void {
    this.end(this.current(transactionalId, epoch), 'aborted')
  }

  private end(id: TransactionalId, state: 'committed' | 'aborted'): void {
    const { open } = id
    id.open = undefined
    if (open === undefined) return
    open.timer?.cancel()
    open.state = state
    for (const partition of open.partitions) partition.appendMarker()
    for (const { group, offsets } of open.offsets) {
      for (const { offset, metadata, ...tp } of offsets) {
        group.pending.delete(topicPartitionName(tp))
        if (state === 'committed') group.committed.set(topicPartitionName(tp), { offset, metadata: metadata ?? '' })
      }
    }
    this.changed()
  }
}
