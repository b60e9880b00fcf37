/** The table of settings against Kafka's own, as a script took it from its jars and a running broker. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Setting } from './setting.js'
import { valueOf } from './setting.js'
import { brokerTable, clientMetricsTable, groupTable, topicTable, type SettingTable } from './table.js'

interface Fact {
  readonly name: string
  readonly type: string
  readonly default?: string | null
  readonly valid?: string
  readonly importance: string
  readonly updateMode?: string
  readonly synonyms?: readonly string[]
  readonly internal?: boolean
}

const facts = JSON.parse(readFileSync(new URL('../../../test/facts/configs.json', import.meta.url), 'utf8')) as Record<
  'topic' | 'broker' | 'group' | 'clientMetrics',
  readonly Fact[]
>

const tables: readonly [keyof typeof facts, SettingTable][] = [
  ['broker', brokerTable],
  ['topic', topicTable],
  ['group', groupTable],
  ['clientMetrics', clientMetricsTable],
]

describe.each(tables)('%s settings', (kind, table) => {
  it('are those that Kafka has', () => {
    expect([...table.keys()].sort()).toEqual(facts[kind].map(({ name }) => name).sort())
  })

  it.each(facts[kind].map((fact) => [fact.name, fact] as const))('%s is as Kafka has it', (name, fact) => {
    const row = table.get(name)!
    expect({ type: row.type, default: row.default, importance: row.importance, internal: row.internal }).toEqual({
      type: fact.type.toLowerCase(),
      default: fact.default ?? null,
      importance: fact.importance.toLowerCase(),
      internal: fact.internal ?? false,
    })
    if (kind === 'broker') expect(row.update).toBe(fact.updateMode)
    else expect(row.synonyms).toEqual(fact.synonyms ?? [])
    for (const [text, allowed] of probes(fact.valid)) expect([text, accepts(row, text)]).toEqual([text, allowed])
  })
})

function accepts(row: Setting, text: string): boolean {
  try {
    valueOf(row, text)
    return true
  } catch {
    return false
  }
}

/** Values at and beyond the bounds that Kafka states, with whether it takes them. */
function probes(valid: string | undefined): [string, boolean][] {
  const range = /^\[(-?\d+),\.\.\.(?:,(-?\d+))?\]$/.exec(valid ?? '')
  if (range) {
    const [, least, most] = range
    const low: [string, boolean][] = [
      [least!, true],
      [String(Number(least) - 1), false],
    ]
    return most === undefined ? low : [...low, [most, true], [String(Number(most) + 1), false]]
  }
  const words = /^(?:\(case insensitive\) )?\[([a-zA-Z0-9_, .]+)\]$/.exec(valid ?? '')
  if (!words || valid!.includes('...')) return []
  return [...words[1]!.split(', ').map((word): [string, boolean] => [word, true]), ['no-such-word', false]]
}
