/** State and members of classic groups. v3 operations that the client may perform, when it asks for them (KIP-430). */
import { ErrorCode } from '../../protocol/errors.js'
import { describeGroups } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { groupOperations } from './authorized-operations.js'
import { handler } from './handler.js'

export const describeGroupsHandler = handler(
  describeGroups,
  ({ groups }: Pick<Broker, 'groups'>) =>
    async (request, context) => {
      const response = await groups.describeGroups(request, context)
      if (!request.includeAuthorizedOperations) return response
      return {
        groups: response.groups.map((group) =>
          group.errorCode === ErrorCode.NONE ? { ...group, authorizedOperations: groupOperations } : group,
        ),
      }
    },
)
