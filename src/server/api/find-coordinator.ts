/**
 * Finds the broker that coordinates a group: the leader of the group's partition of `__consumer_offsets`, which is made
 * on the first call. v1 key type · v4 many keys at once (KIP-699).
 */
import { ErrorCode } from '../../protocol/errors.js'
import { findCoordinator } from '../../protocol/messages/index.js'
import type { ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { CONSUMER_OFFSETS } from '../metadata/internal-topics.js'
import { handler } from './handler.js'

type Parts = Pick<Broker, 'cluster' | 'controller' | 'groups' | 'log'>
type Found = Omit<NonNullable<ResponseOf<typeof findCoordinator>['coordinators']>[number], 'key' | 'errorMessage'>

/** Number of a coordinator's kind in the request. */
const KeyType = { group: 0, transaction: 1, share: 2 } as const

const nowhere = (errorCode: ErrorCode): Found => ({ nodeId: -1, host: '', port: -1, errorCode })

export const findCoordinatorHandler = handler(findCoordinator, (parts: Parts) => async (request, context) => {
  const find = (key: string): Promise<Found> => locate(parts, request.keyType, key, context.listenerName)
  if (context.apiVersion >= 4) {
    const coordinators = await Promise.all(
      request.coordinatorKeys.map(async (key) => ({ key, ...(await find(key)), errorMessage: '' })),
    )
    return { coordinators }
  }
  const found = await find(request.key)
  // Kafka says this even where there is no error
  return { ...found, errorMessage: found.errorCode === ErrorCode.NONE ? 'NONE' : null }
})

async function locate(parts: Parts, keyType: number, key: string, listenerName: string): Promise<Found> {
  if (keyType === KeyType.transaction || keyType === KeyType.share) return nowhere(ErrorCode.INVALID_REQUEST)
  if (keyType !== KeyType.group) return nowhere(ErrorCode.UNKNOWN_SERVER_ERROR)
  const { cluster, controller, groups, log } = parts
  try {
    await controller.ensureInternalTopic(CONSUMER_OFFSETS)
  } catch (error) {
    log.warn(`${CONSUMER_OFFSETS} could not be made; groups can't be served`, { error })
    return nowhere(ErrorCode.COORDINATOR_NOT_AVAILABLE)
  }
  const leader = cluster.topic(CONSUMER_OFFSETS)?.partitions[groups.partitionFor(key)]?.leader ?? -1
  const endpoint = cluster.brokers.get(leader)?.endpoints.get(listenerName)
  if (!endpoint) return nowhere(ErrorCode.COORDINATOR_NOT_AVAILABLE)
  return { nodeId: leader, host: endpoint.host, port: endpoint.port, errorCode: ErrorCode.NONE }
}
