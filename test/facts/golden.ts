/** Bytes that Kafka's own classes made of the values of samples.mjs, and those values as our layouts take them. */
import { readFileSync } from 'node:fs'
import type { FieldSpec, Message, Shape } from '../../src/protocol/schema/index.js'
import { readFacts, type FactMessage } from './layouts.js'
import { sampleOf, VARIANTS, versionsOf, type Variant } from './samples.mjs'

type Table = Record<string, Record<Variant, Record<string, string | number>>>

const table = JSON.parse(readFileSync(new URL('./message-bytes.json', import.meta.url), 'utf8')) as Table
const facts = new Map<string, FactMessage>(
  [...readFacts('messages'), ...readFacts('records')].map((fact) => [fact.name, fact]),
)

export interface GoldenCase {
  readonly variant: Variant
  readonly version: number
  readonly hex: string
  /** Fields that the version has; empty for the variant of defaults. */
  readonly draft: Record<string, unknown>
}

export function goldenCases(message: Message<Shape>): GoldenCase[] {
  const fact = facts.get(message.name)!
  return VARIANTS.flatMap((variant) =>
    versionsOf(fact).map((version) => {
      const row = table[message.name]![variant][version]!
      const hex = typeof row === 'string' ? row : (table[message.name]![variant][row] as string)
      const sample = sampleOf(fact, version, variant)
      return { variant, version, hex, draft: sample === null ? {} : structFrom(message.shape, sample) }
    }),
  )
}

function structFrom(shape: Shape, sample: Record<string, unknown>): Record<string, unknown> {
  const ours = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]))
  return Object.fromEntries(
    Object.entries(sample).map(([name, value]) => {
      const key = ours.get(name.toLowerCase())
      if (key === undefined) throw new Error(`no field ${name} in the layout`)
      return [key, valueFrom(shape[key]!.spec, value)]
    }),
  )
}

function valueFrom(spec: FieldSpec, value: unknown): unknown {
  if (value === null) return null
  const { type } = spec
  switch (type.kind) {
    case 'bytes':
    case 'records':
      return Buffer.from(value as string, 'base64')
    case 'struct':
      return structFrom(type.shape, value as Record<string, unknown>)
    case 'array':
      return (value as unknown[]).map((item) => valueFrom(type.element, item))
    default:
      return value
  }
}
