/** The words of access rules, as Kafka numbers them; what a rule may be, and which rules a filter means. */
import { PatternType, type Acl } from '../metadata/acls.js'

export const ResourceType = {
  topic: 2,
  group: 3,
  cluster: 4,
  transactionalId: 5,
  delegationToken: 6,
  user: 7,
} as const

export const Operation = {
  all: 2,
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
  createTokens: 13,
  describeTokens: 14,
  twoPhaseCommit: 15,
} as const

export const Permission = { deny: 2, allow: 3 } as const

/** The one resource of its type. */
export const CLUSTER_NAME = 'kafka-cluster'

/** In filters. */
const ANY = 1
/** In filters: literal, prefixed and wildcard rules that concern the resource named. */
const MATCH = 2
const OPERATION_MAX = Operation.twoPhaseCommit
const PRINCIPAL = /^[^:]+:.+$/s

export type NewAcl = Omit<Acl, 'id'>

/** null stands for any. */
export interface AclFilter {
  readonly resourceType: number
  readonly resourceName: string | null
  readonly patternType: number
  readonly principal: string | null
  readonly host: string | null
  readonly operation: number
  readonly permissionType: number
}

/** What is wrong with a rule; undefined = nothing. */
export function newAclFault(rule: NewAcl): string | undefined {
  const { resourceType, resourceName, patternType, principal, operation, permissionType } = rule
  if (resourceType < ResourceType.topic || resourceType > ResourceType.user) {
    return `a rule can't be for resources of type ${resourceType}`
  }
  if (patternType !== PatternType.literal && patternType !== PatternType.prefixed) {
    return `a rule can't have pattern type ${patternType}: it must be literal or prefixed`
  }
  if (resourceName === '') return 'the resource must be named'
  if (resourceType === ResourceType.cluster && resourceName !== CLUSTER_NAME) {
    return `the cluster is named ${CLUSTER_NAME}, and not '${resourceName}'`
  }
  if (!PRINCIPAL.test(principal)) return `'${principal}' is no principal: it must be Type:name, e.g. User:alice`
  if (operation < Operation.all || operation > OPERATION_MAX) return `a rule can't be for operation ${operation}`
  if (permissionType !== Permission.allow && permissionType !== Permission.deny) {
    return `a rule must allow or deny, and not be of type ${permissionType}`
  }
  return undefined
}

/** What is wrong with a filter; undefined = nothing. */
export function aclFilterFault(filter: AclFilter): string | undefined {
  const { resourceType, patternType, operation, permissionType } = filter
  if (resourceType < ANY || resourceType > ResourceType.user) return `there is no resource type ${resourceType}`
  if (patternType < ANY || patternType > PatternType.prefixed) return `there is no pattern type ${patternType}`
  if (operation < ANY || operation > OPERATION_MAX) return `there is no operation ${operation}`
  if (permissionType < ANY || permissionType > Permission.allow) return `there is no permission type ${permissionType}`
  return undefined
}

export function matchesAcl(filter: AclFilter, acl: Acl): boolean {
  return (
    (filter.resourceType === ANY || filter.resourceType === acl.resourceType) &&
    matchesResource(filter, acl) &&
    (filter.principal === null || filter.principal === acl.principal) &&
    (filter.host === null || filter.host === acl.host) &&
    (filter.operation === ANY || filter.operation === acl.operation) &&
    (filter.permissionType === ANY || filter.permissionType === acl.permissionType)
  )
}

function matchesResource({ patternType, resourceName: name }: AclFilter, acl: Acl): boolean {
  if (patternType !== ANY && patternType !== MATCH && patternType !== acl.patternType) return false
  if (name === null || name === acl.resourceName) return true
  if (patternType !== MATCH) return false
  return acl.patternType === PatternType.prefixed ? name.startsWith(acl.resourceName) : acl.resourceName === '*'
}
