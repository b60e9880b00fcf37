/** Settings as DescribeConfigs and CreateTopics show them: value in effect, where it comes from, and what else is set. */
import type { BrokerSettings, ConfigSource, SetValue } from './broker-settings.js'
import { effectiveText } from './broker-settings.js'
import { reasonForNoEffect } from './no-effect.js'
import type { Setting, SettingType } from './setting.js'
import { brokerTable, clientMetricsTable, groupTable, topicTable, type SettingTable } from './table.js'

export interface DescribedConfig {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource: number
  readonly isSensitive: boolean
  readonly synonyms: readonly { readonly name: string; readonly value: string | null; readonly source: number }[]
  readonly configType: number
  readonly documentation: string | null
}

const SOURCES: Readonly<Record<ConfigSource, number>> = {
  topic: 1,
  broker: 2,
  'default-broker': 3,
  static: 4,
  default: 5,
  'client-metrics': 7,
  group: 8,
}

const TYPES: Readonly<Record<SettingType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
}

export interface DescribeOptions {
  /** None, or null = all. */
  readonly names: readonly string[] | null
  readonly synonyms: boolean
  readonly documentation: boolean
}

/** @param own the topic's configs, where the cluster does not know them yet */
export function describeTopic(
  settings: BrokerSettings,
  topic: string,
  options: DescribeOptions,
  own?: ReadonlyMap<string, string>,
): DescribedConfig[] {
  return describe(
    topicTable,
    options,
    (row) => settings.explainTopic(row, topic, own),
    () => false,
  )
}

export function describeGroup(settings: BrokerSettings, group: string, options: DescribeOptions): DescribedConfig[] {
  return describe(
    groupTable,
    options,
    (row) => settings.explainGroup(row, group),
    () => false,
  )
}

export function describeBroker(settings: BrokerSettings, options: DescribeOptions): DescribedConfig[] {
  return describe(
    brokerTable,
    options,
    (row) => settings.explainBroker(row),
    (row) => row.update === 'read-only',
  )
}

/** What is set at run time for all brokers; only that. */
export function describeDefaultBroker(settings: BrokerSettings, options: DescribeOptions): DescribedConfig[] {
  const set = (row: Setting): SetValue[] =>
    settings.explainBroker(row).filter(({ name, source }) => source === 'default-broker' && name === row.name)
  return describe(brokerTable, options, set, (row) => row.update === 'read-only').filter(
    ({ configSource }) => configSource === 3,
  )
}

export function describeClientMetrics(
  values: ReadonlyMap<string, string>,
  options: DescribeOptions,
): DescribedConfig[] {
  const explain = (row: Setting): SetValue[] => {
    const value = values.get(row.name)
    return value === undefined ? [] : [{ name: row.name, value, source: 'client-metrics' }]
  }
  return describe(clientMetricsTable, options, explain, () => false)
}

function describe(
  table: SettingTable,
  options: DescribeOptions,
  explain: (row: Setting) => readonly SetValue[],
  readOnly: (row: Setting) => boolean,
): DescribedConfig[] {
  const out: DescribedConfig[] = []
  const names = options.names ?? []
  for (const row of names.length > 0 ? names.map((name) => table.get(name)) : table.values()) {
    if (!row || (row.internal && names.length === 0)) continue
    const values = explain(row)
    // a broker setting shows its own text, not what stands in for it
    const first = table === brokerTable ? values.find(({ name }) => name === row.name) : values[0]
    const isSensitive = row.type === 'password'
    const hidden = (value: string): string | null => (isSensitive ? null : value)
    const text = first ? effectiveText(row, first) : row.default
    out.push({
      name: row.name,
      value: text === null ? null : hidden(text),
      readOnly: readOnly(row),
      configSource: SOURCES[shownSource(row, values)],
      isSensitive,
      synonyms: options.synonyms
        ? synonyms(row, values).map(({ name, value, source }) => ({
            name,
            value: hidden(value),
            source: SOURCES[source],
          }))
        : [],
      configType: TYPES[row.type],
      documentation: options.documentation ? documentation(row) : null,
    })
  }
  return out
}

/** Kafka counts only values under the main name, or after one in order; the rest is passed over. */
function synonyms(row: Setting, values: readonly SetValue[]): SetValue[] {
  const own = values.filter(({ source }) => source === 'topic' || source === 'group' || source === 'client-metrics')
  const main = row.synonyms[0] ?? row.name
  const others = values.slice(own.length)
  const from = others.findIndex(({ name, source }) => name === main && !(source === 'default' && isTopicOnly(row)))
  return [...own, ...(from < 0 ? [] : others.slice(from))]
}

const isTopicOnly = (row: Setting): boolean => row.synonyms.length === 0 && topicTable.get(row.name) === row

function shownSource(row: Setting, values: readonly SetValue[]): ConfigSource {
  return synonyms(row, values)[0]?.source ?? 'default'
}

/** What the setting does, or why it does nothing here. */
function documentation({ name, doc }: Setting): string {
  const reason = reasonForNoEffect(name)
  return reason === undefined ? doc : `It has no effect: ${reason}.`
}
