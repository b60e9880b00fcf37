/** Fetches a member's assignment. From v5 on a member must say what protocol it believes the group to have. */
import { ErrorCode } from '../../protocol/errors.js'
import { syncGroup } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const syncGroupHandler = handler(syncGroup, ({ groups }: Pick<Broker, 'groups'>) => (request, context) => {
  if (context.apiVersion >= 5 && (request.protocolType === null || request.protocolName === null)) {
    return { errorCode: ErrorCode.INCONSISTENT_GROUP_PROTOCOL, assignment: Buffer.alloc(0) }
  }
  return groups.syncGroup(request, context)
})
