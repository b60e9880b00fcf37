/**
 * What a request or an answer is about: topics, partitions, groups, wherever an API's layout has them. Messages name these
 * things alike, so one walk finds them in all.
 */
import { ErrorCode } from '../../protocol/errors.js'
import type { FaultRule } from './fault.js'

type Values = Record<string, unknown>

/** Arrays whose elements are topics, and the fields that say which. */
const TOPICS = ['topics', 'topicData', 'topicNames', 'topicPartitions', 'responses']
const PARTITIONS = ['partitions', 'partitionData', 'partitionIndexes', 'partitionResponses']
const GROUPS = ['groups', 'groupsNames', 'groupIds']

export type NameOfTopic = (id: string) => string | undefined

const isValues = (value: unknown): value is Values => typeof value === 'object' && value !== null

function topicNameOf(topic: unknown, nameOf: NameOfTopic): string | undefined {
  if (typeof topic === 'string') return topic
  if (!isValues(topic)) return undefined
  for (const field of ['name', 'topic', 'topicName']) {
    if (typeof topic[field] === 'string' && topic[field] !== '') return topic[field]
  }
  return typeof topic['topicId'] === 'string' ? nameOf(topic['topicId']) : undefined
}

function partitionOf(partition: unknown): number | undefined {
  if (typeof partition === 'number') return partition
  if (!isValues(partition)) return undefined
  for (const field of ['index', 'partition', 'partitionIndex', 'partitionId']) {
    if (typeof partition[field] === 'number') return partition[field]
  }
  return undefined
}

/** Whether the request is about what the rule names, as far as it names anything. */
export function concerns(request: Values, rule: FaultRule, nameOf: NameOfTopic): boolean {
  if (rule.group !== undefined && !groupsOf(request).has(rule.group)) return false
  if (rule.transactionalId !== undefined && !transactionsOf(request).has(rule.transactionalId)) return false
  if (rule.topic === undefined) return true
  if (namesAllTopics(request)) return true
  return matchingTopics(request, rule, nameOf).length > 0
}

/** A fetch session, or a question about all: what it is about is known from the answer only. */
function namesAllTopics(request: Values): boolean {
  return request['topics'] === null || (typeof request['sessionId'] === 'number' && request['sessionId'] > 0)
}

function matchingTopics(request: Values, rule: FaultRule, nameOf: NameOfTopic): unknown[] {
  return TOPICS.flatMap((field) => (Array.isArray(request[field]) ? (request[field] as unknown[]) : [])).filter(
    (topic) => topicNameOf(topic, nameOf) === rule.topic && hasPartition(topic, rule.partition),
  )
}

function hasPartition(topic: unknown, partition: number | undefined): boolean {
  if (partition === undefined || !isValues(topic)) return true
  return PARTITIONS.some(
    (field) => Array.isArray(topic[field]) && topic[field].some((one) => partitionOf(one) === partition),
  )
}

function groupsOf(request: Values): Set<unknown> {
  const out = new Set<unknown>([request['groupId']])
  for (const field of GROUPS) {
    if (!Array.isArray(request[field])) continue
    for (const group of request[field] as unknown[]) out.add(isValues(group) ? group['groupId'] : group)
  }
  if (request['keyType'] === 0) {
    out.add(request['key'])
    for (const key of (request['coordinatorKeys'] as unknown[] | undefined) ?? []) out.add(key)
  }
  return out
}

function transactionsOf(request: Values): Set<unknown> {
  const out = new Set<unknown>([request['transactionalId'], request['v3AndBelowTransactionalId']])
  for (const one of (request['transactions'] as Values[] | undefined) ?? []) out.add(one['transactionalId'])
  return out
}

/** The request in two: what the rule names, and the rest; undefined where nothing is left. */
export function split<R extends Values>(
  request: R,
  rule: FaultRule,
  nameOf: NameOfTopic,
): { hit: R; rest: R | undefined } {
  if (rule.topic === undefined) return { hit: request, rest: undefined }
  const hit: Values = { ...request }
  const rest: Values = { ...request }
  let isLeft = false
  for (const field of TOPICS) {
    const topics = request[field]
    if (!Array.isArray(topics)) continue
    const hits: unknown[] = []
    const others: unknown[] = []
    for (const topic of topics as unknown[]) {
      if (topicNameOf(topic, nameOf) !== rule.topic) others.push(topic)
      else if (rule.partition === undefined || !isValues(topic)) hits.push(topic)
      else {
        const [matching, left] = splitPartitions(topic, rule.partition)
        if (matching) hits.push(matching)
        if (left) others.push(left)
      }
    }
    hit[field] = hits
    rest[field] = others
    isLeft ||= others.length > 0
  }
  return { hit: hit as R, rest: isLeft ? (rest as R) : undefined }
}

function splitPartitions(topic: Values, partition: number): [hit: Values | undefined, rest: Values | undefined] {
  for (const field of PARTITIONS) {
    const list = topic[field]
    if (!Array.isArray(list)) continue
    const hits = list.filter((one) => partitionOf(one) === partition)
    const others = list.filter((one) => partitionOf(one) !== partition)
    const part = (some: unknown[]): Values | undefined => (some.length === 0 ? undefined : { ...topic, [field]: some })
    return [part(hits), part(others)]
  }
  return [topic, undefined]
}

/** One answer of two: lists one after the other, partitions of the same topic together. */
export function merge(answer: Values, more: Values): Values {
  const out: Values = { ...answer }
  for (const [field, list] of Object.entries(more)) {
    if (!Array.isArray(list) || list.length === 0) continue
    const merged = [...((out[field] as unknown[] | undefined) ?? [])]
    for (const item of list as unknown[]) {
      const same = merged.findIndex((one) => isSameTopic(one, item))
      if (same < 0) merged.push(item)
      else merged[same] = merge(merged[same] as Values, item as Values)
    }
    out[field] = merged
  }
  return out
}

function isSameTopic(a: unknown, b: unknown): boolean {
  if (!isValues(a) || !isValues(b) || !PARTITIONS.some((field) => Array.isArray(a[field]))) return false
  return ['name', 'topic', 'topicId'].every((field) => a[field] === b[field])
}

/** The answer with the error in place of what the rule names. */
export function overwrite(answer: Values, rule: FaultRule, code: ErrorCode, nameOf: NameOfTopic): Values {
  const out: Values = { ...answer }
  for (const field of TOPICS) {
    if (!Array.isArray(answer[field])) continue
    out[field] = (answer[field] as unknown[]).map((topic) =>
      isValues(topic) && topicNameOf(topic, nameOf) === rule.topic ? failTopic(topic, rule.partition, code) : topic,
    )
  }
  return out
}

function failTopic(topic: Values, partition: number | undefined, code: ErrorCode): Values {
  const out: Values = { ...topic }
  if (partition === undefined && 'errorCode' in topic) out['errorCode'] = code
  for (const field of PARTITIONS) {
    if (!Array.isArray(topic[field])) continue
    out[field] = (topic[field] as unknown[]).map((one) => {
      if (!isValues(one) || (partition !== undefined && partitionOf(one) !== partition)) return one
      return { ...one, errorCode: code, ...('records' in one && { records: null }) }
    })
  }
  return out
}
