/** Access rules that match a filter, by the resources that they are for. */
import { ErrorCode } from '../../protocol/errors.js'
import { describeAcls } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import type { Acl } from '../metadata/acls.js'
import { aclFilterFault, matchesAcl } from '../security/acl-words.js'
import { securityDisabled } from './create-acls.js'
import { handler } from './handler.js'

export const describeAclsHandler = handler(
  describeAcls,
  ({ cluster, authorizer }: Pick<Broker, 'cluster' | 'authorizer'>) =>
    (request) => {
      if (!authorizer) return { ...securityDisabled, resources: [] }
      const filter = {
        resourceType: request.resourceTypeFilter,
        resourceName: request.resourceNameFilter,
        patternType: request.patternTypeFilter ?? 3,
        principal: request.principalFilter,
        host: request.hostFilter,
        operation: request.operation,
        permissionType: request.permissionType,
      }
      const fault = aclFilterFault(filter)
      if (fault !== undefined) return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: fault, resources: [] }
      const byResource = new Map<string, { of: Acl; acls: Acl[] }>()
      for (const acl of cluster.acls) {
        if (!matchesAcl(filter, acl)) continue
        const key = `${acl.resourceType} ${acl.patternType} ${acl.resourceName}`
        const known = byResource.get(key)
        if (known) known.acls.push(acl)
        else byResource.set(key, { of: acl, acls: [acl] })
      }
      return {
        errorCode: ErrorCode.NONE,
        errorMessage: null,
        resources: [...byResource.values()].map(({ of: { resourceType, resourceName, patternType }, acls }) => ({
          resourceType,
          resourceName,
          patternType,
          acls,
        })),
      }
    },
)
