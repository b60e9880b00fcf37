/**
 * The answer to a request that failed as a whole, for any API: the response's shape filled with the error, and with
 * whatever the request names (topics, partitions, groups, resources) repeated, each with the same error.
 *
 * Response and request name the same things alike, but for a few words that stand in `COUNTERPARTS`.
 */
import type { ErrorCode } from '../../protocol/errors.js'
import type { Api, FieldSpec, RequestOf, ResponseOf, Shape } from '../../protocol/schema/index.js'

type Values = Readonly<Record<string, unknown>>

/** Names of an array in a response, and where the request has what belongs there. */
const COUNTERPARTS: Readonly<Record<string, readonly string[]>> = {
  responses: ['topicData', 'topics', 'topicNames', 'resources'],
  results: ['resources', 'topics', 'users', 'groupsNames', 'creations', 'upsertions', 'deletions'],
  filterResults: ['filters'],
  partitionResponses: ['partitionData'],
  partitions: ['partitions', 'partitionIndexes'],
  coordinators: ['coordinatorKeys'],
  groups: ['groups', 'groupIds'],
  transactionStates: ['transactionalIds'],
  resultsByTransaction: ['transactions'],
  topicResults: ['topics'],
  resultsByTopicV3AndBelow: ['v3AndBelowTopics'],
  resultsByPartition: ['partitions'],
  replicaElectionResults: ['topicPartitions'],
  partitionResult: ['partitions'],
}

const ERROR_FIELDS = new Set(['errorCode', 'partitionErrorCode'])

export function errorAnswer(api: Api, request: RequestOf<Api>, version: number, code: ErrorCode): ResponseOf<Api> {
  return fill(api.response.shape, request, version, code)
}

function fill(shape: Shape, from: unknown, version: number, code: ErrorCode): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  let identified = false
  for (const [name, { spec }] of Object.entries(shape)) {
    if (version < spec.since || version > spec.until) continue
    const kind = spec.type.kind
    if (ERROR_FIELDS.has(name)) {
      out[name] = code
    } else if (kind === 'array') {
      const filled = fillArray(spec, name, from, version, code)
      if (filled) out[name] = filled
      // whoever looks at answers finds lists there, of a request that names nothing too
      else if (version < spec.nullableSince) out[name] = []
    } else if (isValues(from)) {
      const fits = name in from && (from[name] !== null || version >= spec.nullableSince)
      if (fits && kind !== 'struct' && kind !== 'records') out[name] = from[name]
    } else if (!identified && names(from, kind)) {
      // the request has a plain list of names or numbers: the first field that can hold one is what they name
      out[name] = from
      identified = true
    }
  }
  return out
}

function fillArray(
  spec: FieldSpec,
  name: string,
  from: unknown,
  version: number,
  code: ErrorCode,
): unknown[] | undefined {
  if (spec.type.kind !== 'array' || spec.type.element.type.kind !== 'struct' || !isValues(from)) return undefined
  const { shape } = spec.type.element.type
  if (!Object.keys(shape).some((field) => ERROR_FIELDS.has(field) || shape[field]!.spec.type.kind === 'array'))
    return undefined
  const list = [name, ...(COUNTERPARTS[name] ?? [])]
    .map((one) => from[one])
    .find((one) => Array.isArray(one) && one.length > 0)
  return (list as unknown[] | undefined)?.map((item) => fill(shape, item, version, code))
}

const isValues = (value: unknown): value is Values => typeof value === 'object' && value !== null

const names = (value: unknown, kind: string): boolean =>
  (typeof value === 'string' && kind === 'string') || (typeof value === 'number' && kind === 'int32')
