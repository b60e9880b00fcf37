/** Deletes the access rules that filters match, and tells which those were. */
import { ErrorCode } from '../../protocol/errors.js'
import { deleteAcls } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { securityDisabled } from './create-acls.js'
import { handler } from './handler.js'

export const deleteAclsHandler = handler(
  deleteAcls,
  ({ controller, authorizer }: Pick<Broker, 'controller' | 'authorizer'>) =>
    async ({ filters }) => {
      if (!authorizer) return { filterResults: filters.map(() => ({ ...securityDisabled, matchingAcls: [] })) }
      const asked = filters.map((filter) => ({
        resourceType: filter.resourceTypeFilter,
        resourceName: filter.resourceNameFilter,
        patternType: filter.patternTypeFilter ?? 3,
        principal: filter.principalFilter,
        host: filter.hostFilter,
        operation: filter.operation,
        permissionType: filter.permissionType,
      }))
      const outcomes = await controller.deleteAcls(asked)
      return {
        filterResults: outcomes.map((outcome) =>
          outcome.errorCode === ErrorCode.NONE
            ? { errorCode: ErrorCode.NONE, errorMessage: null, matchingAcls: outcome.deleted.map(asDeleted) }
            : { errorCode: outcome.errorCode, errorMessage: outcome.errorMessage, matchingAcls: [] },
        ),
      }
    },
)

const asDeleted = <T extends object>(acl: T): T & { errorCode: number; errorMessage: null } => ({
  ...acl,
  errorCode: ErrorCode.NONE,
  errorMessage: null,
})
