/** InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn, EndTxn: requests checked, decided on, and answered by version. */
import { sleep } from '../../base/clock.js'
import { ErrorCode } from '../../protocol/errors.js'
import type { addPartitionsToTxn, initProducerId as initProducerIdApi } from '../../protocol/messages/index.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { coordinatorError } from '../machine/coordinator-error.js'
import type { CoordinatorShards } from '../machine/coordinator-shards.js'
import { CONSUMER_OFFSETS } from '../metadata/internal-topics.js'
import { endTransaction, identityAfter, type Ending } from './end-transaction.js'
import { initProducerId } from './init-producer-id.js'
import { addPartitions, verifyPartition, type Added, type Writer } from './partitions.js'
import type { TransactionMarkers } from './markers.js'
import type { ProducerIds } from './producer-ids.js'
import type { Admitted, TransactionCoordinator } from './transaction-coordinator.js'
import type { TransactionShard } from './transaction-shard.js'
import { eachPartition, type TransactionPartitions, type TransactionVersion } from './transaction.js'

type Requests = Pick<
  TransactionCoordinator,
  'initProducerId' | 'addPartitionsToTxn' | 'addOffsetsToTxn' | 'endTxn' | 'admit'
>

export interface TransactionParts extends Pick<
  Broker,
  'clock' | 'log' | 'settings' | 'cluster' | 'partitions' | 'groups'
> {
  readonly producerIds: ProducerIds
  readonly markers: TransactionMarkers
}

export type TransactionShards = CoordinatorShards<TransactionShard>

export function serverTransactionVersion(cluster: Pick<Broker['cluster'], 'features'>): TransactionVersion {
  const level = cluster.features.get('transaction.version') ?? 0
  return level >= 2 ? 2 : level === 1 ? 1 : 0
}

const unidentified = (errorCode: ErrorCode): ResponseOf<typeof initProducerIdApi> => ({
  errorCode,
  producerId: -1,
  producerEpoch: -1,
})

export function transactionRequests(shards: TransactionShards, parts: TransactionParts): Requests {
  const { clock, settings, cluster, groups, producerIds } = parts

  /** Lends what ending a transaction may need. */
  const withEnding = <T>(use: (ending: Ending) => Promise<T>): Promise<T> =>
    producerIds.lend((newProducerId) =>
      use({ nowMs: clock.now(), serverVersion: serverTransactionVersion(cluster), newProducerId }),
    )

  async function add(
    transactionalId: string,
    writer: Writer,
    partitions: TransactionPartitions,
    clientVersion: TransactionVersion,
  ): Promise<ErrorCode> {
    if (transactionalId === '') return ErrorCode.INVALID_REQUEST
    const shard = shards.for(transactionalId)
    if (typeof shard === 'number') return shard
    try {
      const decided = await shard.change(transactionalId, (present): Added =>
        addPartitions(present, writer, partitions, clientVersion, clock.now()),
      )
      return decided.error
    } catch (error) {
      return coordinatorError(error)
    }
  }

  /** The error of each partition. */
  async function verify(transactionalId: string, writer: Writer, partitions: TransactionPartitions): Promise<Admitted> {
    if (transactionalId === '') return () => ErrorCode.INVALID_REQUEST
    const shard = shards.for(transactionalId)
    if (typeof shard === 'number') return () => shard
    try {
      const errors = await shard.query((transactions) => {
        const transaction = transactions.get(transactionalId)
        const found = new Map<string, ErrorCode>()
        for (const { topic, partition } of eachPartition(partitions)) {
          found.set(`${topic}-${partition}`, verifyPartition(transaction, writer, topic, partition))
        }
        return found
      })
      return (topic, partition) => errors.get(`${topic}-${partition}`)!
    } catch (error) {
      const code = coordinatorError(error)
      return () => code
    }
  }

  return {
    async initProducerId(request, { apiVersion }) {
      const { transactionalId, transactionTimeoutMs, producerId, producerEpoch } = request
      if ((producerId === -1) !== (producerEpoch === -1)) return unidentified(ErrorCode.INVALID_REQUEST)
      if (transactionalId === '') return unidentified(ErrorCode.INVALID_REQUEST)
      try {
        if (transactionalId === null) {
          return { errorCode: ErrorCode.NONE, producerId: await producerIds.take(), producerEpoch: 0 }
        }
        if (transactionTimeoutMs <= 0 || transactionTimeoutMs > settings.int('transaction.max.timeout.ms')) {
          return unidentified(ErrorCode.INVALID_TRANSACTION_TIMEOUT)
        }
        const shard = shards.for(transactionalId)
        if (typeof shard === 'number') return unidentified(shard)
        const expected = producerId === -1 ? undefined : { producerId, producerEpoch }
        const { error, transaction } = await withEnding((ending) =>
          shard.change(transactionalId, (present) =>
            initProducerId(present, { timeoutMs: transactionTimeoutMs, expected }, ending),
          ),
        )
        if (error !== ErrorCode.NONE || !transaction) return unidentified(olderFenced(error, apiVersion, 4))
        return { errorCode: error, producerId: transaction.producerId, producerEpoch: transaction.producerEpoch }
      } catch (error) {
        return unidentified(coordinatorError(error))
      }
    },

    async addPartitionsToTxn(request, { apiVersion }) {
      if (apiVersion < 4) {
        const writer = { producerId: request.v3AndBelowProducerId, producerEpoch: request.v3AndBelowProducerEpoch }
        const partitions = partitionsOf(request.v3AndBelowTopics)
        const error = olderFenced(await add(request.v3AndBelowTransactionalId, writer, partitions, 0), apiVersion, 2)
        return { resultsByTopicV3AndBelow: results(request.v3AndBelowTopics, () => error) }
      }
      const resultsByTransaction = await Promise.all(
        request.transactions.map(async ({ transactionalId, producerId, producerEpoch, verifyOnly, topics }) => {
          const writer = { producerId, producerEpoch }
          if (verifyOnly) {
            const errorOf = await verify(transactionalId, writer, partitionsOf(topics))
            return { transactionalId, topicResults: results(topics, errorOf) }
          }
          const error = await add(transactionalId, writer, partitionsOf(topics), 2)
          return { transactionalId, topicResults: results(topics, () => error) }
        }),
      )
      return { errorCode: ErrorCode.NONE, resultsByTransaction }
    },

    async addOffsetsToTxn(request, { apiVersion }) {
      const { transactionalId, producerId, producerEpoch, groupId } = request
      const partitions = new Map([[CONSUMER_OFFSETS, new Set([groups.partitionFor(groupId)])]])
      const error = await add(transactionalId, { producerId, producerEpoch }, partitions, 0)
      return { errorCode: olderFenced(error, apiVersion, 2) }
    },

    async endTxn(request, { apiVersion }) {
      const { transactionalId, producerId, producerEpoch, committed } = request
      if (transactionalId === '') return { errorCode: ErrorCode.INVALID_REQUEST }
      const shard = shards.for(transactionalId)
      if (typeof shard === 'number') return { errorCode: shard }
      const clientVersion = apiVersion >= 5 ? 2 : 0
      const outcome = committed ? 'commit' : 'abort'
      try {
        const ended = await withEnding((ending) =>
          shard.change(transactionalId, (present) => {
            const decided = endTransaction(present, { producerId, producerEpoch, outcome, clientVersion }, ending)
            return { ...decided, identity: decided.transaction ?? present }
          }),
        )
        const { error, identity } = ended
        if (error !== ErrorCode.NONE || !identity) return { errorCode: olderFenced(error, apiVersion, 2) }
        return { errorCode: error, ...identityAfter(identity) }
      } catch (error) {
        return { errorCode: coordinatorError(error) }
      }
    },

    async admit({ transactionalId, producerId, producerEpoch, partitions }, support) {
      const writer = { producerId, producerEpoch }
      if (support !== 'add') {
        const errorOf = await verify(transactionalId, writer, partitions)
        return (topic, partition) => {
          const error = errorOf(topic, partition)
          const isMissing = error === ErrorCode.TRANSACTION_ABORTABLE && support === 'verify'
          return fencedInPartition(isMissing ? ErrorCode.INVALID_TXN_STATE : error)
        }
      }
      // the transaction before may still be writing its markers: that takes a moment, and is no business of the client
      const giveUpAtMs = clock.monotonic() + settings.int('add.partitions.to.txn.retry.backoff.max.ms')
      for (;;) {
        const error = await add(transactionalId, writer, partitions, 2)
        if (error !== ErrorCode.CONCURRENT_TRANSACTIONS || clock.monotonic() >= giveUpAtMs)
          return () => fencedInPartition(error)
        await sleep(clock, settings.int('add.partitions.to.txn.retry.backoff.ms'))
      }
    },
  }
}

/** PRODUCER_FENCED came late (KIP-588): before, the same was said by INVALID_PRODUCER_EPOCH. */
function olderFenced(error: ErrorCode, apiVersion: number, knownSince: number): ErrorCode {
  return error === ErrorCode.PRODUCER_FENCED && apiVersion < knownSince ? ErrorCode.INVALID_PRODUCER_EPOCH : error
}

/** Producers know fencing by this error where they write. */
function fencedInPartition(error: ErrorCode): ErrorCode {
  return error === ErrorCode.PRODUCER_FENCED ? ErrorCode.INVALID_PRODUCER_EPOCH : error
}

type Topics = RequestOf<typeof addPartitionsToTxn>['v3AndBelowTopics']
type TopicResults = NonNullable<ResponseOf<typeof addPartitionsToTxn>['resultsByTopicV3AndBelow']>

function partitionsOf(topics: Topics): TransactionPartitions {
  return new Map(topics.map(({ name, partitions }) => [name, new Set(partitions)]))
}

function results(topics: Topics, errorOf: Admitted): TopicResults {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: errorOf(name, partitionIndex),
    })),
  }))
}
