/** Decides on access rules: each rule of a request is taken or refused by itself; filters take away all that they match. */
import { ErrorCode } from '../../protocol/errors.js'
import type { Acl } from '../metadata/acls.js'
import type { MetadataEvent } from '../metadata/events.js'
import type { MetadataImage } from '../metadata/metadata-image.js'
import { aclFilterFault, matchesAcl, newAclFault, type AclFilter, type NewAcl } from '../security/acl-words.js'
import type { Outcome } from './controller.js'
import { outcomeOf, randomId, Refusal, type ClusterDecision, type DecisionContext } from './decisions.js'

/** One outcome per rule, in their order. */
export type CreateAclsAnswer = readonly Outcome<object>[]

/** One outcome per filter, in their order. */
export type DeleteAclsAnswer = readonly Outcome<{ readonly deleted: readonly Acl[] }>[]

export function decideCreateAcls(
  image: MetadataImage,
  rules: readonly NewAcl[],
  { random }: DecisionContext,
): ClusterDecision<CreateAclsAnswer> {
  const events: MetadataEvent[] = []
  const known = new Set([...image.acls].map(contentOf))
  const answer = rules.map((rule) =>
    outcomeOf(() => {
      const fault = newAclFault(rule)
      if (fault !== undefined) throw new Refusal(ErrorCode.INVALID_REQUEST, fault)
      // a rule that is there already need not be written again
      const content = contentOf(rule)
      if (known.has(content)) return {}
      known.add(content)
      events.push({ type: 'AccessControlEntryRecord', value: { ...rule, id: randomId(random) } })
      return {}
    }),
  )
  return { events, answer }
}

function contentOf(rule: NewAcl): string {
  const { resourceType, resourceName, patternType, principal, host, operation, permissionType } = rule
  return JSON.stringify([resourceType, resourceName, patternType, principal, host, operation, permissionType])
}

export function decideDeleteAcls(
  image: MetadataImage,
  filters: readonly AclFilter[],
): ClusterDecision<DeleteAclsAnswer> {
  const gone = new Set<string>()
  const answer = filters.map((filter) =>
    outcomeOf(() => {
      const fault = aclFilterFault(filter)
      if (fault !== undefined) throw new Refusal(ErrorCode.INVALID_REQUEST, fault)
      const deleted = [...image.acls].filter((acl) => matchesAcl(filter, acl))
      for (const { id } of deleted) gone.add(id)
      return { deleted }
    }),
  )
  const events = [...gone].map((id): MetadataEvent => ({ type: 'RemoveAccessControlEntryRecord', value: { id } }))
  return { events, answer }
}
