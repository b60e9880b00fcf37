/** Transactions and their producers (KIP-664). */
import type { TopicPartition } from '../../../model/index.js'
import { ErrorCode, messages } from '../../../protocol/index.js'
import { DriverError } from '../../port.js'
import { errorOfCode } from '../errors.js'
import { byTopic } from '../offsets.js'
import { allOf, answers, valueOr, type Answer } from './answer.js'
import type { AdminRequests } from './requests.js'
import { partitionOf, tooOld } from './topics.js'

export interface TransactionListing {
  readonly transactionalId: string
  readonly producerId: number
  /** As the coordinator writes it, e.g. 'Ongoing'. */
  readonly state: string
}

export interface ListTransactionsOptions {
  readonly filteredStates?: readonly string[] | undefined
  readonly filteredProducerIds?: readonly number[] | undefined
  /** Only those that have run longer (KIP-994). */
  readonly filteredDurationMs?: number | undefined
  /** A regular expression in RE2's language (KIP-1152). */
  readonly filteredTransactionalIdPattern?: string | undefined
}

export interface TransactionDescription {
  readonly coordinatorHost: string
  readonly coordinatorPort: number
  readonly state: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly transactionTimeoutMs: number
  /** undefined when none is under way. */
  readonly transactionStartTimeMs: number | undefined
  readonly topicPartitions: readonly TopicPartition[]
}

export interface ProducerState {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestamp: number
  readonly coordinatorEpoch: number | undefined
  /** First offset of the transaction that is under way. */
  readonly currentTransactionStartOffset: number | undefined
}

export interface AbortTransactionSpec extends TopicPartition {
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
}

export interface FencedProducer {
  readonly producerId: number
  readonly producerEpoch: number
}

type IdKey = { readonly transactionalId: string }

export function transactionAdmin(requests: AdminRequests) {
  async function fenceProducers(transactionalIds: readonly string[]): Promise<Answer<IdKey, FencedProducer>[]> {
    const keys = transactionalIds.map((transactionalId) => ({ transactionalId }))
    const got = await requests.each('InitProducerId', keys, {
      target: ({ transactionalId }) => transactionalId,
      ask: (peer, asked) =>
        Promise.all(
          asked.map(async ({ transactionalId }) => {
            const answer = await peer.send(messages.initProducerId, {
              transactionalId,
              // a transaction of a second: what is fenced here is not gone on with
              transactionTimeoutMs: 1_000,
            })
            const { errorCode, producerId, producerEpoch } = answer
            return valueOr(errorCode, transactionalId, undefined, () => ({ producerId, producerEpoch }))
          }),
        ),
    })
    return answers(keys, got)
  }

  return {
    async listTransactions(options: ListTransactionsOptions = {}): Promise<TransactionListing[]> {
      const { filteredDurationMs: durationFilter, filteredTransactionalIdPattern: pattern } = options
      const all = await requests.askEvery(messages.listTransactions, (version) => {
        if (durationFilter !== undefined && version < 1) throw tooOld('filters by duration')
        if (pattern !== undefined && version < 2) throw tooOld('filters by pattern')
        return {
          stateFilters: [...(options.filteredStates ?? [])],
          producerIdFilters: [...(options.filteredProducerIds ?? [])],
          durationFilter: durationFilter ?? -1,
          transactionalIdPattern: pattern ?? null,
        }
      })
      return all.flatMap(({ answer }) =>
        answer.transactionStates.map(({ transactionalId, producerId, transactionState }) => ({
          transactionalId,
          producerId,
          state: transactionState,
        })),
      )
    },

    async describeTransactions(transactionalIds: readonly string[]): Promise<Answer<IdKey, TransactionDescription>[]> {
      const keys = transactionalIds.map((transactionalId) => ({ transactionalId }))
      const got = await requests.each('DescribeTransactions', keys, {
        target: ({ transactionalId }) => transactionalId,
        ask: async (peer, asked) => {
          const answer = await peer.send(messages.describeTransactions, {
            transactionalIds: asked.map(({ transactionalId }) => transactionalId),
          })
          return asked.map(({ transactionalId }) => {
            const told = answer.transactionStates.find((each) => each.transactionalId === transactionalId)!
            return valueOr(told.errorCode, transactionalId, undefined, () => ({
              coordinatorHost: peer.host,
              coordinatorPort: peer.port,
              state: told.transactionState,
              producerId: told.producerId,
              producerEpoch: told.producerEpoch,
              transactionTimeoutMs: told.transactionTimeoutMs,
              transactionStartTimeMs: told.transactionStartTimeMs < 0 ? undefined : told.transactionStartTimeMs,
              topicPartitions: told.topics.flatMap(({ topic, partitions }) =>
                partitions.map((partition) => ({ topic, partition })),
              ),
            }))
          })
        },
      })
      return answers(keys, got)
    },

    /** Producers that the leaders of these partitions know. */
    async describeProducers(
      partitions: readonly TopicPartition[],
    ): Promise<Answer<TopicPartition, { readonly activeProducers: readonly ProducerState[] }>[]> {
      const got = await requests.each('DescribeProducers', partitions, {
        target: (at) => at,
        ask: async (peer, asked) => {
          const answer = await peer.send(messages.describeProducers, {
            topics: byTopic(asked, ({ partition }) => partition).map(({ name, partitions: partitionIndexes }) => ({
              name,
              partitionIndexes,
            })),
          })
          return asked.map((at) => {
            const { errorCode, errorMessage, activeProducers } = partitionOf(answer.topics, at)
            return valueOr(errorCode, at, errorMessage, () => ({
              activeProducers: activeProducers.map(({ currentTxnStartOffset, coordinatorEpoch, ...producer }) => ({
                ...producer,
                coordinatorEpoch: coordinatorEpoch < 0 ? undefined : coordinatorEpoch,
                currentTransactionStartOffset: currentTxnStartOffset < 0 ? undefined : currentTxnStartOffset,
              })),
            }))
          })
        },
      })
      return answers(partitions, got)
    },

    /**
     * Writes the end of a hanging transaction into a partition, past its coordinator. Take `producerId`, `producerEpoch` and
     * `coordinatorEpoch` from `describeProducers`.
     *
     * @throws DriverError
     */
    async abortTransaction(spec: AbortTransactionSpec): Promise<void> {
      const { topic, partition, producerId, producerEpoch, coordinatorEpoch } = spec
      const [got] = await requests.each('WriteTxnMarkers', [spec], {
        target: (at) => at,
        ask: async (peer) => {
          const answer = await peer.send(messages.writeTxnMarkers, {
            markers: [
              {
                producerId,
                producerEpoch,
                coordinatorEpoch,
                transactionResult: false,
                topics: [{ name: topic, partitionIndexes: [partition] }],
              },
            ],
          })
          const { errorCode } = partitionOf(
            answer.markers.flatMap(({ topics }) => topics),
            spec,
          )
          return [errorCode === ErrorCode.NONE ? {} : errorOfCode(errorCode, { topic, partition })]
        },
      })
      if (got instanceof DriverError) throw got
    },

    /** Ends what these ids have under way, and locks out who holds them. */
    fenceProducers,

    /** Ends the transaction of an id, also a prepared one (KIP-939). @throws DriverError */
    async forceTerminateTransaction(transactionalId: string): Promise<void> {
      allOf(await fenceProducers([transactionalId]))
    },
  }
}
