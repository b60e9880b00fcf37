/**
 * Finds the broker that coordinates a group or a transactional id: the leader of its partition of the coordinator's topic,
 * which is made on the first call. v1 key type · v4 many keys at once (KIP-699).
 */
import { ErrorCode, protocolError } from '../../protocol/errors.js'
import { findCoordinator } from '../../protocol/messages/index.js'
import type { ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { CONSUMER_OFFSETS, TRANSACTION_STATE } from '../metadata/internal-topics.js'
import { handler } from './handler.js'

type Parts = Pick<Broker, 'cluster' | 'controller' | 'groups' | 'transactions' | 'log'>
type Found = Omit<NonNullable<ResponseOf<typeof findCoordinator>['coordinators']>[number], 'key' | 'errorMessage'>

/** What a kind of coordinator is found by. */
interface Kind {
  readonly topic: string
  readonly partitionFor: (key: string) => number
}

/** Number of a coordinator's kind in the request; share groups (2) are not served. */
const KeyType = { group: 0, transaction: 1, share: 2 } as const

const nowhere = (errorCode: ErrorCode): Found => ({ nodeId: -1, host: '', port: -1, errorCode })

export const findCoordinatorHandler = handler(findCoordinator, (parts: Parts) => async (request, context) => {
  const { keyType, key, coordinatorKeys } = request
  const kind = kindOf(parts, keyType)
  const find = (one: string): Promise<Found> =>
    kind ? locate(parts, kind, one, context.listenerName) : Promise.resolve(nowhere(ErrorCode.INVALID_REQUEST))
  if (context.apiVersion >= 4) {
    // Kafka has words only for a kind that it does not know
    const isKnown = kind !== undefined || keyType === KeyType.share
    const errorMessage = isKnown ? '' : protocolError(ErrorCode.INVALID_REQUEST).message
    const coordinators = coordinatorKeys.map(async (one) => ({ key: one, ...(await find(one)), errorMessage }))
    return { coordinators: await Promise.all(coordinators) }
  }
  const found = await find(key)
  // Kafka says something even where there is no error
  const errorMessage = found.errorCode === ErrorCode.NONE ? 'NONE' : protocolError(found.errorCode).message
  return { ...found, errorMessage }
})

function kindOf({ groups, transactions }: Parts, keyType: number): Kind | undefined {
  if (keyType === KeyType.group) return { topic: CONSUMER_OFFSETS, partitionFor: (key) => groups.partitionFor(key) }
  if (keyType === KeyType.transaction) {
    return { topic: TRANSACTION_STATE, partitionFor: (key) => transactions.partitionFor(key) }
  }
  return undefined
}

async function locate(
  { cluster, controller, log }: Parts,
  kind: Kind,
  key: string,
  listenerName: string,
): Promise<Found> {
  try {
    await controller.ensureInternalTopic(kind.topic)
  } catch (error) {
    log.warn(`${kind.topic} could not be made; what lives in it can't be served`, { error })
    return nowhere(ErrorCode.COORDINATOR_NOT_AVAILABLE)
  }
  const leader = cluster.topic(kind.topic)?.partitions[kind.partitionFor(key)]?.leader ?? -1
  const endpoint = cluster.brokers.get(leader)?.endpoints.get(listenerName)
  if (!endpoint) return nowhere(ErrorCode.COORDINATOR_NOT_AVAILABLE)
  return { nodeId: leader, host: endpoint.host, port: endpoint.port, errorCode: ErrorCode.NONE }
}
