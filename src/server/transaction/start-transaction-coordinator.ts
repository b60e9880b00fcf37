/** Puts a transaction coordinator together and sets it going: its shards, time-outs, and what it forgets. */
import type { Timer } from '../../base/clock.js'
import { CoordinatorShards } from '../machine/coordinator-shards.js'
import { PartitionEventLog } from '../machine/partition-event-log.js'
import { TRANSACTION_STATE } from '../metadata/internal-topics.js'
import { transactionEventCodec } from './events.js'
import { fence } from './init-producer-id.js'
import type { TransactionCoordinator } from './transaction-coordinator.js'
import { transactionListing } from './transaction-listing.js'
import { serverTransactionVersion, transactionRequests, type TransactionParts } from './transaction-requests.js'
import { TransactionShard, type Change } from './transaction-shard.js'
import { ErrorCode } from '../../protocol/errors.js'

export interface RunningTransactionCoordinator extends TransactionCoordinator {
  close(): void
}

/** Begins to load, in the background, what is in the log, and goes on with the ends that were under way. */
export function startTransactionCoordinator(parts: TransactionParts): RunningTransactionCoordinator {
  const { clock, cluster, log, settings, markers } = parts
  const codec = transactionEventCodec(() => serverTransactionVersion(cluster))
  const shards = new CoordinatorShards<TransactionShard>(parts, {
    name: TRANSACTION_STATE,
    partitionsSetting: 'transaction.state.log.num.partitions',
    open: (partition, onFailed) => {
      const eventLog = new PartitionEventLog(partition, codec, clock, {
        batchBytesMax: () => settings.topic(TRANSACTION_STATE).int('max.message.bytes'),
        compression: () => 'none',
      })
      const shardParts = { clock, log, markers, coordinatorEpoch: () => partition.leaderEpoch }
      return new TransactionShard(eventLog, shardParts, onFailed)
    },
  })
  shards.start()
  const timers = [
    every('transaction.abort.timed.out.transaction.cleanup.interval.ms', () =>
      shards.background((shard) => abortTimedOut(shard, parts)),
    ),
    every('transaction.remove.expired.transaction.cleanup.interval.ms', () =>
      shards.background((shard) => shard.forgetUnused(settings.int('transactional.id.expiration.ms'))),
    ),
  ]

  function every(setting: string, work: () => void): { cancel(): void } {
    let timer: Timer
    const schedule = (): void => {
      timer = clock.after(settings.int(setting), () => {
        work()
        schedule()
      })
    }
    schedule()
    return { cancel: () => timer.cancel() }
  }

  return {
    partitionFor: (transactionalId) => shards.partitionFor(transactionalId),
    ...transactionRequests(shards, parts),
    ...transactionListing(shards, parts),
    async expire(transactionalId) {
      const shard = shards.for(transactionalId)
      return typeof shard === 'number' ? shard : abort(shard, transactionalId, parts)
    },
    close() {
      for (const timer of timers) timer.cancel()
      shards.close()
    },
  }
}

/** Aborts what is open for too long, under an epoch that its producer does not have. */
async function abortTimedOut(shard: TransactionShard, parts: TransactionParts): Promise<void> {
  for (const transactionalId of await shard.timedOut()) {
    parts.log.info(`the transaction of ${transactionalId} took longer than it may, and is aborted`)
    await abort(shard, transactionalId, parts)
  }
}

async function abort(shard: TransactionShard, transactionalId: string, parts: TransactionParts): Promise<ErrorCode> {
  const { clock, cluster, producerIds } = parts
  const { error } = await producerIds.lend((newProducerId) =>
    shard.change(transactionalId, (present): Change => {
      if (!present) return { error: ErrorCode.TRANSACTIONAL_ID_NOT_FOUND }
      // it may have ended since
      if (present.state !== 'Ongoing') return { error: ErrorCode.INVALID_TXN_STATE }
      const ending = { nowMs: clock.now(), serverVersion: serverTransactionVersion(cluster), newProducerId }
      return { error: ErrorCode.NONE, transaction: fence(present, ending) }
    }),
  )
  return error
}
