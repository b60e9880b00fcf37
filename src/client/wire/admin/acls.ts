/** Access control lists. */
import { messages } from '../../../protocol/index.js'
import { errorOfCode, throwCode } from '../errors.js'
import { DriverError } from '../../port.js'
import { answers, valueOr, type Answer } from './answer.js'
import {
  aclOperations,
  aclPermissionTypes,
  patternTypes,
  resourceTypes,
  type AclOperation,
  type AclPermissionType,
  type PatternType,
  type ResourceType,
} from './codes.js'
import type { AdminRequests } from './requests.js'

/** A rule. */
export interface AclBinding {
  readonly resourceType: ResourceType
  readonly resourceName: string
  /** Default 'LITERAL'. */
  readonly patternType?: PatternType | undefined
  /** e.g. `User:alice`. */
  readonly principal: string
  /** Default `*`. */
  readonly host?: string | undefined
  readonly operation: AclOperation
  readonly permissionType: AclPermissionType
}

/** What is left out matches everything. */
export type AclBindingFilter = { readonly [Key in keyof AclBinding]?: AclBinding[Key] | undefined }

interface ToldAcl {
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}

export function aclAdmin(requests: AdminRequests) {
  return {
    /** @throws DriverError */
    async describeAcls(filter: AclBindingFilter = {}): Promise<Required<AclBinding>[]> {
      const answer = await requests.ask(messages.describeAcls, filterDraft(filter))
      throwCode(answer.errorCode, undefined, answer.errorMessage)
      return answer.resources.flatMap((resource) => resource.acls.map((acl) => toBinding(resource, acl)))
    },

    async createAcls(bindings: readonly AclBinding[]): Promise<Answer<AclBinding>[]> {
      const got = await requests.each('CreateAcls', bindings, {
        target: () => undefined,
        ask: async (peer, asked) => {
          const answer = await peer.send(messages.createAcls, {
            creations: asked.map(({ patternType = 'LITERAL', host = '*', ...acl }) => ({
              resourceType: resourceTypes.code(acl.resourceType),
              resourceName: acl.resourceName,
              resourcePatternType: patternTypes.code(patternType),
              principal: acl.principal,
              host,
              operation: aclOperations.code(acl.operation),
              permissionType: aclPermissionTypes.code(acl.permissionType),
            })),
          })
          return answer.results.map(({ errorCode, errorMessage }) =>
            valueOr(errorCode, undefined, errorMessage, () => ({})),
          )
        },
      })
      return answers(bindings, got)
    },

    /** @returns for each filter the rules that it removed */
    async deleteAcls(
      filters: readonly AclBindingFilter[],
    ): Promise<
      Answer<
        { readonly filter: AclBindingFilter },
        { readonly acls: readonly (Required<AclBinding> & { readonly error: DriverError | undefined })[] }
      >[]
    > {
      const got = await requests.each('DeleteAcls', filters, {
        target: () => undefined,
        ask: async (peer, asked) => {
          const answer = await peer.send(messages.deleteAcls, { filters: asked.map(filterDraft) })
          return answer.filterResults.map(({ errorCode, errorMessage, matchingAcls }) =>
            valueOr(errorCode, undefined, errorMessage, () => ({
              acls: matchingAcls.map((acl) => ({
                ...toBinding(acl, acl),
                error: acl.errorCode === 0 ? undefined : errorOfCode(acl.errorCode, undefined, acl.errorMessage),
              })),
            })),
          )
        },
      })
      return answers(
        filters.map((filter) => ({ filter })),
        got,
      )
    },
  }
}

function filterDraft(filter: AclBindingFilter) {
  return {
    resourceTypeFilter: resourceTypes.code(filter.resourceType ?? 'ANY'),
    resourceNameFilter: filter.resourceName ?? null,
    patternTypeFilter: patternTypes.code(filter.patternType ?? 'ANY'),
    principalFilter: filter.principal ?? null,
    hostFilter: filter.host ?? null,
    operation: aclOperations.code(filter.operation ?? 'ANY'),
    permissionType: aclPermissionTypes.code(filter.permissionType ?? 'ANY'),
  }
}

function toBinding(
  resource: { readonly resourceType: number; readonly resourceName: string; readonly patternType: number },
  acl: ToldAcl,
): Required<AclBinding> {
  return {
    resourceType: resourceTypes.name(resource.resourceType) as ResourceType,
    resourceName: resource.resourceName,
    patternType: patternTypes.name(resource.patternType) as PatternType,
    principal: acl.principal,
    host: acl.host,
    operation: aclOperations.name(acl.operation) as AclOperation,
    permissionType: aclPermissionTypes.name(acl.permissionType) as AclPermissionType,
  }
}
