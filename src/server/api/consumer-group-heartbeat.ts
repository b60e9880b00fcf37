/** The whole membership conversation of the new group protocol (KIP-848), where `group.coordinator.rebalance.protocols` has it. */
import { ErrorCode } from '../../protocol/errors.js'
import { consumerGroupHeartbeat } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const consumerGroupHeartbeatHandler = handler(
  consumerGroupHeartbeat,
  ({ groups, settings }: Pick<Broker, 'groups' | 'settings'>) =>
    (request, context) => {
      if (settings.list('group.coordinator.rebalance.protocols').includes('consumer')) {
        return groups.consumerGroupHeartbeat(request, context)
      }
      return { errorCode: ErrorCode.UNSUPPORTED_VERSION, memberEpoch: 0, heartbeatIntervalMs: 0 }
    },
)
