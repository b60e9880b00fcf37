/**
 * Decides on changes of configs, a resource at a time: all of a resource's changes are taken, or none.
 *
 * What a value may be is checked on the whole of what the resource would then have set; errors carry the code that Kafka
 * gives for that kind of resource.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { listenerSetting } from '../config/listener-settings.js'
import { ResourceType } from '../config/resource-type.js'
import { SettingError, valueOf, type Setting } from '../config/setting.js'
import { brokerTable, clientMetricsTable, groupTable, topicTable, type SettingTable } from '../config/table.js'
import { CONFIG_RESOURCE_TYPES } from '../metadata/apply.js'
import type { MetadataEvent } from '../metadata/events.js'
import type { MetadataImage } from '../metadata/metadata-image.js'
import type { AlterConfigsRequest, ConfigChange, Outcome } from './controller.js'
import { outcomeOf, Refusal, type ClusterDecision, type DecisionContext } from './decisions.js'
import { checkGroupConfigs } from './group-configs.js'
import { checkTopicConfigs } from './topic-configs.js'

/** As IncrementalAlterConfigs numbers them. */
export const ConfigOperation = { set: 0, delete: 1, append: 2, subtract: 3 } as const

/** One outcome per resource, in the order of the request. */
export type AlterConfigsAnswer = readonly Outcome<object>[]

export function decideAlterConfigs(
  image: MetadataImage,
  requests: readonly AlterConfigsRequest[],
  context: DecisionContext,
  nodeId: number,
): ClusterDecision<AlterConfigsAnswer> {
  const events: MetadataEvent[] = []
  const answer = requests.map((request) =>
    outcomeOf(() => {
      if (requests.filter((other) => isSame(other, request)).length > 1) {
        throw new Refusal(ErrorCode.INVALID_REQUEST, `'${request.resourceName}' stands in the request more than once`)
      }
      events.push(...changesOf(image, request, context, nodeId))
      return {}
    }),
  )
  return { events, answer }
}

const isSame = (a: AlterConfigsRequest, b: AlterConfigsRequest): boolean =>
  a.resourceType === b.resourceType && a.resourceName === b.resourceName

function changesOf(
  image: MetadataImage,
  request: AlterConfigsRequest,
  context: DecisionContext,
  nodeId: number,
): MetadataEvent[] {
  const { resourceType, resourceName, changes } = request
  const type = CONFIG_RESOURCE_TYPES.get(resourceType)
  const kind = kinds[resourceType]
  if (!type || !kind)
    throw new Refusal(ErrorCode.INVALID_REQUEST, `configs of resource type ${resourceType} can't be set here`)
  kind.checkName(resourceName, image, nodeId)
  const before = image.configs(type, resourceName)
  const after = request.replaces ? new Map<string, string>() : new Map(before)
  const seen = new Set<string>()
  for (const change of changes) {
    if (seen.has(change.name)) throw new Refusal(ErrorCode.INVALID_REQUEST, `config '${change.name}' is changed twice`)
    seen.add(change.name)
    const row = kind.table.get(change.name) ?? kind.alsoKnows?.(change.name)
    // to take away what can't be there is nothing
    if (!row && change.operation === ConfigOperation.delete) continue
    if (!row) throw new Refusal(kind.invalid, `there is no ${type} config '${change.name}'`)
    applyChange(after, row, change)
  }
  // a broker's config is written even when it stays as it is: that is how certificates are read again (KIP-226)
  const again = kind.writesAgain ? seen : new Set<string>()
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name) !== after.get(name) || (again.has(name) && after.has(name)),
  )
  kind.checkValues(after, context, changed, resourceName)
  return changed.map((name) => ({
    type: 'ConfigRecord',
    value: { resourceType, resourceName, name, value: after.get(name) ?? null },
  }))
}

function applyChange(values: Map<string, string>, row: Setting, { name, operation, value }: ConfigChange): void {
  if (operation === ConfigOperation.delete) {
    values.delete(name)
    return
  }
  if (value === null) throw new Refusal(ErrorCode.INVALID_REQUEST, `config '${name}' must have a value`)
  if (operation === ConfigOperation.set) {
    values.set(name, value)
    return
  }
  if (operation !== ConfigOperation.append && operation !== ConfigOperation.subtract) {
    throw new Refusal(ErrorCode.INVALID_REQUEST, `there is no config operation ${operation}`)
  }
  if (row.type !== 'list')
    throw new Refusal(ErrorCode.INVALID_CONFIG, `'${name}' is no list: nothing can be added or taken`)
  const items = split(values.get(name) ?? row.default ?? '')
  const given = split(value)
  const result =
    operation === ConfigOperation.append
      ? [...items, ...given.filter((item) => !items.includes(item))]
      : items.filter((item) => !given.includes(item))
  values.set(name, result.join(','))
}

const split = (text: string): string[] => (text === '' ? [] : text.split(',').map((item) => item.trim()))

interface Kind {
  readonly table: SettingTable
  /** The code for configs that don't exist. */
  readonly invalid: Exclude<ErrorCode, 0>
  /** Settings that stand in no table by the name that they are given. */
  readonly alsoKnows?: (name: string) => Setting | undefined
  readonly writesAgain?: boolean
  checkName(name: string, image: MetadataImage, nodeId: number): void
  checkValues(
    values: ReadonlyMap<string, string>,
    context: DecisionContext,
    changed: readonly string[],
    name: string,
  ): void
}

const kinds: Readonly<Record<number, Kind>> = {
  [ResourceType.topic]: {
    table: topicTable,
    invalid: ErrorCode.INVALID_CONFIG,
    checkName(name, image) {
      if (!image.topic(name)) throw new Refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic '${name}'`)
    },
    checkValues: (values, { settings }) => checkTopicConfigs(values, settings),
  },
  [ResourceType.broker]: {
    table: brokerTable,
    invalid: ErrorCode.INVALID_REQUEST,
    alsoKnows: listenerSetting,
    writesAgain: true,
    checkName(name, _, nodeId) {
      if (name !== '' && name !== String(nodeId)) {
        throw new Refusal(ErrorCode.INVALID_REQUEST, `this is broker ${nodeId}; there is no broker '${name}'`)
      }
    },
    checkValues: (values, _, changed, name) => checkBrokerConfigs(values, changed, name === ''),
  },
  [ResourceType.group]: {
    table: groupTable,
    invalid: ErrorCode.INVALID_CONFIG,
    checkName(name) {
      if (name === '') throw new Refusal(ErrorCode.INVALID_REQUEST, 'a group must be named')
    },
    checkValues: (values, { settings }) => checkGroupConfigs(values, settings),
  },
  [ResourceType.clientMetrics]: {
    table: clientMetricsTable,
    invalid: ErrorCode.INVALID_CONFIG,
    checkName(name) {
      if (name === '') throw new Refusal(ErrorCode.INVALID_REQUEST, 'a client metrics subscription must be named')
    },
    checkValues: (values) => checkEach(clientMetricsTable, values, ErrorCode.INVALID_CONFIG),
  },
}

/** Settings that Kafka can change on a running broker and this one can't. */
const NEEDS_RESTART = new Set(['listeners', 'advertised.listeners', 'listener.security.protocol.map'])

function checkBrokerConfigs(values: ReadonlyMap<string, string>, changed: readonly string[], forAll: boolean): void {
  for (const name of changed) {
    const row = (brokerTable.get(name) ?? listenerSetting(name))!
    if (row.update === 'read-only' || NEEDS_RESTART.has(name)) {
      throw new Refusal(
        ErrorCode.INVALID_REQUEST,
        `${name} can't be changed while the broker runs: set it in the file and restart`,
      )
    }
    if (forAll && row.update === 'per-broker') {
      throw new Refusal(
        ErrorCode.INVALID_REQUEST,
        `${name} is a broker's own: set it on the broker, not as the default of all`,
      )
    }
  }
  checkEach(brokerTable, values, ErrorCode.INVALID_REQUEST)
}

function checkEach(table: SettingTable, values: ReadonlyMap<string, string>, code: Exclude<ErrorCode, 0>): void {
  try {
    for (const [name, text] of values) valueOf((table.get(name) ?? listenerSetting(name))!, text)
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    throw new Refusal(code, error.message)
  }
}
