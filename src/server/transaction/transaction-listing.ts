/** DescribeTransactions and ListTransactions. */
import { ErrorCode } from '../../protocol/errors.js'
import type { describeTransactions, listTransactions } from '../../protocol/messages/index.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import { clientPattern, InvalidPattern } from '../client-pattern.js'
import { coordinatorError } from '../machine/coordinator-error.js'
import type { TransactionCoordinator } from './transaction-coordinator.js'
import type { TransactionParts, TransactionShards } from './transaction-requests.js'
import type { Transaction, TransactionState } from './transaction.js'

type Requests = Pick<TransactionCoordinator, 'describeTransactions' | 'listTransactions'>
type Described = ResponseOf<typeof describeTransactions>['transactionStates'][number]
type ListRequest = RequestOf<typeof listTransactions>

const STATES: ReadonlySet<string> = new Set<TransactionState | 'Dead' | 'PrepareEpochFence'>([
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
])

export function transactionListing(shards: TransactionShards, { clock }: TransactionParts): Requests {
  async function describe(transactionalId: string): Promise<Described> {
    if (transactionalId === '') return undescribed(transactionalId, ErrorCode.INVALID_REQUEST)
    const shard = shards.for(transactionalId)
    if (typeof shard === 'number') return undescribed(transactionalId, shard)
    try {
      return await shard.query((transactions) => {
        const transaction = transactions.get(transactionalId)
        return transaction
          ? described(transactionalId, transaction)
          : undescribed(transactionalId, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND)
      })
    } catch (error) {
      return undescribed(transactionalId, coordinatorError(error))
    }
  }

  return {
    async describeTransactions(request) {
      return { transactionStates: await Promise.all(request.transactionalIds.map(describe)) }
    },

    async listTransactions(request) {
      const unknownStateFilters = request.stateFilters.filter((state) => !STATES.has(state))
      try {
        const isAsked = await filterOf(request, clock.now())
        const listed = await Promise.all(
          shards.all().map((shard) =>
            shard.query((transactions) =>
              [...transactions]
                .filter(([id, transaction]) => isAsked(id, transaction))
                .map(([transactionalId, { producerId, state }]) => ({
                  transactionalId,
                  producerId,
                  transactionState: state,
                })),
            ),
          ),
        )
        return { errorCode: ErrorCode.NONE, unknownStateFilters, transactionStates: listed.flat() }
      } catch (error) {
        const errorCode =
          error instanceof InvalidPattern ? ErrorCode.INVALID_REGULAR_EXPRESSION : coordinatorError(error)
        return { errorCode, unknownStateFilters: [], transactionStates: [] }
      }
    },
  }
}

async function filterOf(
  request: ListRequest,
  nowMs: number,
): Promise<(id: string, transaction: Transaction) => boolean> {
  const states = new Set(request.stateFilters.filter((state) => STATES.has(state)))
  const producerIds = new Set(request.producerIdFilters)
  const { durationFilter, transactionalIdPattern } = request
  const pattern = transactionalIdPattern ? await clientPattern(transactionalIdPattern) : undefined
  return (id, { state, producerId, startTimestampMs }) =>
    (producerIds.size === 0 || producerIds.has(producerId)) &&
    (request.stateFilters.length === 0 || states.has(state)) &&
    (durationFilter < 0 || nowMs - startTimestampMs > durationFilter) &&
    (pattern === undefined || pattern.matches(id))
}

function described(transactionalId: string, transaction: Transaction): Described {
  const { state, timeoutMs, startTimestampMs, producerId, producerEpoch, partitions } = transaction
  return {
    errorCode: ErrorCode.NONE,
    transactionalId,
    transactionState: state,
    transactionTimeoutMs: timeoutMs,
    transactionStartTimeMs: startTimestampMs,
    producerId,
    producerEpoch,
    topics: [...partitions].map(([topic, numbers]) => ({ topic, partitions: [...numbers] })),
  }
}

function undescribed(transactionalId: string, errorCode: ErrorCode): Described {
  const nothing = { transactionTimeoutMs: 0, transactionStartTimeMs: 0, producerId: 0, producerEpoch: 0, topics: [] }
  return { errorCode, transactionalId, transactionState: '', ...nothing }
}
