/** State, members and assignments of groups of the new protocol, with what the client may do, when it asks for that. */
import { ErrorCode } from '../../protocol/errors.js'
import { consumerGroupDescribe } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { groupOperations } from './authorized-operations.js'
import { handler } from './handler.js'

export const consumerGroupDescribeHandler = handler(
  consumerGroupDescribe,
  ({ groups }: Pick<Broker, 'groups'>) =>
    async (request, context) => {
      const response = await groups.consumerGroupDescribe(request, context)
      if (!request.includeAuthorizedOperations) return response
      return {
        groups: response.groups.map((group) =>
          group.errorCode === ErrorCode.NONE ? { ...group, authorizedOperations: groupOperations } : group,
        ),
      }
    },
)
