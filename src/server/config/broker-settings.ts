/**
 * Settings resolved: for each the values that are set, the one that counts first, and where each comes from.
 *
 * Kafka's order: a topic's or group's own value; then, for the broker settings that stand in for it, what is set at run
 * time on this broker, at run time for all brokers, and in the file; then the default. Values are checked before they
 * get here. What was resolved is kept until the next change, since hot paths ask often.
 */
import { assert } from '../../base/assert.js'
import type { ClusterState } from '../metadata/cluster-state.js'
import { valueOf, type Setting, type SettingValue } from './setting.js'
import { brokerTable, groupTable, topicTable } from './table.js'
import type { Settings, TopicSettings } from './settings.js'

export type ConfigSource = 'topic' | 'group' | 'client-metrics' | 'broker' | 'default-broker' | 'static' | 'default'

export interface SetValue {
  readonly name: string
  readonly value: string
  readonly source: ConfigSource
}

type Values = ReadonlyMap<string, string>

const NONE: Values = new Map()

export class BrokerSettings implements Settings {
  private readonly own: Resolved
  private readonly topics = new Map<string, Resolved>()
  private readonly groups = new Map<string, Resolved>()
  private readonly listeners: (() => void)[] = []
  private perBroker: Values = NONE
  private perDefault: Values = NONE
  private cluster: ClusterState | undefined

  /** @param fromFile what the file and the command line say, checked, for known names only */
  constructor(private readonly fromFile: Values) {
    this.own = new Resolved((name) => {
      const row = brokerTable.get(name)
      assert(row, `there is no broker setting ${name}`)
      return { row, values: this.explainBroker(row) }
    })
  }

  /** From here on, what is set at run time counts too. */
  follow(cluster: ClusterState, nodeId: number): void {
    this.cluster = cluster
    const reload = (): void => {
      this.perBroker = cluster.configs('broker', String(nodeId))
      this.perDefault = cluster.configs('broker', '')
    }
    reload()
    this.changed()
    cluster.onChange((change) => {
      for (const topic of change.topicsDeleted) this.topics.delete(topic.name)
      if (change.configsChanged.length === 0) return
      reload()
      this.changed()
    })
  }

  private changed(): void {
    this.own.forget()
    for (const topic of this.topics.values()) topic.forget()
    for (const group of this.groups.values()) group.forget()
    for (const listener of this.listeners) listener()
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener)
  }

  int = (name: string): number => this.own.int(name)
  long = (name: string): number => this.own.long(name)
  double = (name: string): number => this.own.double(name)
  bool = (name: string): boolean => this.own.bool(name)
  string = (name: string): string => this.own.string(name)
  list = (name: string): readonly string[] => this.own.list(name)

  /** The setting's text, or undefined when it is neither set nor has a default. */
  text(name: string): string | undefined {
    return this.explainBroker(brokerTable.get(name)!)[0]?.value
  }

  /** The text set under a name that no table has: a listener's own, or the authorizer's. */
  foreign(name: string): string | undefined {
    return this.perBroker.get(name) ?? this.perDefault.get(name) ?? this.fromFile.get(name)
  }

  topic(name: string): TopicSettings {
    return resolvedFor(this.topics, name, (setting) => {
      const row = topicTable.get(setting)
      assert(row, `there is no topic setting ${setting}`)
      return { row, values: this.explainTopic(row, name) }
    })
  }

  group(name: string): TopicSettings {
    return resolvedFor(this.groups, name, (setting) => {
      const row = groupTable.get(setting)
      assert(row, `there is no group setting ${setting}`)
      return { row, values: this.explainGroup(row, name) }
    })
  }

  /** Every value set for a broker setting, the one that counts first. */
  explainBroker(row: Setting): SetValue[] {
    return this.explainNames([row.name, ...alsoKnownAs(row.name)])
  }

  /** Every value set for a topic setting, on the topic named or on what stands in for it. */
  explainTopic(
    row: Setting,
    topic: string,
    own: Values | undefined = this.cluster?.configs('topic', topic),
  ): SetValue[] {
    return this.explainResource(row, 'topic', own)
  }

  explainGroup(
    row: Setting,
    group: string,
    own: Values | undefined = this.cluster?.configs('group', group),
  ): SetValue[] {
    return this.explainResource(row, 'group', own)
  }

  private explainResource(row: Setting, source: 'topic' | 'group', own: Values | undefined): SetValue[] {
    const value = own?.get(row.name)
    const out: SetValue[] = value === undefined ? [] : [{ name: row.name, value, source }]
    if (row.synonyms.length > 0) out.push(...this.explainNames(row.synonyms))
    else if (row.default !== null) out.push({ name: row.name, value: row.default, source: 'default' })
    return out
  }

  private explainNames(names: readonly string[]): SetValue[] {
    const out: SetValue[] = []
    const from = (values: Values, source: ConfigSource): void => {
      for (const name of names) {
        const value = values.get(name)
        if (value !== undefined) out.push({ name, value, source })
      }
    }
    from(this.perBroker, 'broker')
    from(this.perDefault, 'default-broker')
    from(this.fromFile, 'static')
    for (const name of names) {
      const value = brokerTable.get(name)!.default
      if (value !== null) out.push({ name, value, source: 'default' })
    }
    return out
  }
}

/** Broker settings that say the same in another unit; the finer one counts. */
function alsoKnownAs(name: string): readonly string[] {
  return UNITS[name] ?? []
}

const UNITS: Readonly<Record<string, readonly string[]>> = {
  'log.retention.ms': ['log.retention.minutes', 'log.retention.hours'],
  'log.roll.ms': ['log.roll.hours'],
  'log.roll.jitter.ms': ['log.roll.jitter.hours'],
  'log.flush.interval.ms': ['log.flush.scheduler.interval.ms'],
}

const MS_PER: Readonly<Record<string, number>> = { minutes: 60_000, hours: 3_600_000 }

/** `log.retention.hours=168` as `retention.ms`; a negative span is -1, without end. */
function inUnitOf(row: Setting, set: SetValue, value: SettingValue): SettingValue {
  const factor = row.name.endsWith('.ms') ? MS_PER[set.name.slice(set.name.lastIndexOf('.') + 1)] : undefined
  if (factor === undefined) return value
  return (value as number) < 0 ? -1 : (value as number) * factor
}

/** The text of a value in the setting's own unit. */
export function effectiveText(row: Setting, set: SetValue): string {
  if (set.name === row.name) return set.value
  const value = valueOf(brokerTable.get(set.name)!, set.value)
  const own = inUnitOf(row, set, value)
  return own === value ? set.value : String(own)
}

function resolvedFor(kept: Map<string, Resolved>, name: string, lookUp: LookUp): Resolved {
  let resolved = kept.get(name)
  if (!resolved) kept.set(name, (resolved = new Resolved(lookUp)))
  return resolved
}

type LookUp = (name: string) => { readonly row: Setting; readonly values: readonly SetValue[] }

/** Typed values by name, each resolved once until told to forget. */
class Resolved implements TopicSettings {
  private readonly kept = new Map<string, SettingValue>()

  constructor(private readonly lookUp: LookUp) {}

  forget(): void {
    this.kept.clear()
  }

  private value(name: string): SettingValue {
    let value = this.kept.get(name)
    if (value === undefined) {
      const { row, values } = this.lookUp(name)
      const first = values[0]
      assert(first, `${name} is not set and has no default`)
      const source = first.name === row.name ? row : brokerTable.get(first.name)!
      value = inUnitOf(row, first, valueOf(source, first.value))
      this.kept.set(name, value)
    }
    return value
  }

  int = (name: string): number => this.number(name)
  long = (name: string): number => this.number(name)
  double = (name: string): number => this.number(name)

  private number(name: string): number {
    const value = this.value(name)
    assert(typeof value === 'number', `${name} is no number`)
    return value
  }

  bool(name: string): boolean {
    const value = this.value(name)
    assert(typeof value === 'boolean', `${name} is not true or false`)
    return value
  }

  string(name: string): string {
    const value = this.value(name)
    assert(typeof value === 'string', `${name} is no string`)
    return value
  }

  list(name: string): readonly string[] {
    const value = this.value(name)
    assert(Array.isArray(value), `${name} is no list`)
    return value as readonly string[]
  }
}
