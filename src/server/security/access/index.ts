/**
 * Access: per API, which resource needs which operation, as Kafka has it. The list is whole: an API without a rule is not
 * served where an authorizer is set.
 */
import type { Handler } from '../../api/handler.js'
import type { Authorizer } from '../authorizer.js'
import { clusterRules } from './cluster-rules.js'
import { groupRules } from './group-rules.js'
import { ruled, type Rule } from './rule.js'
import { topicRules } from './topic-rules.js'
import { transactionRules } from './transaction-rules.js'

const rules: ReadonlyMap<number, Rule> = new Map(
  [...topicRules, ...groupRules, ...transactionRules, ...clusterRules].map((one) => [one.api.key, one]),
)

export const hasAccessRule = (apiKey: number): boolean => rules.has(apiKey)

/** The handlers as they are where nothing is set; else each behind its rule. */
export function withAccess(handlers: readonly Handler[], authorizer: Authorizer | undefined): readonly Handler[] {
  if (!authorizer) return handlers
  return handlers.flatMap((handler) => {
    const found = rules.get(handler.api.key)
    return found ? [ruled(handler, found, authorizer)] : []
  })
}
