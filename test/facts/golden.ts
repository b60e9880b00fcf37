/** Bytes that Kafka's own classes wrote: of the values of samples.mjs, which are given as our layouts take them, and others. */
import { readFileSync } from 'node:fs'
import type { FieldSpec, Message, Shape } from '../../src/protocol/schema/index.js'
import { readFacts, type FactMessage } from './layouts.js'
import { sampleOf, VARIANTS, versionsOf, type Variant } from './samples.mjs'

/** Frames, batches and compressed blocks, in base64; scripts/facts/RecordBytes.java says what is in them. */
export const recordBytes = JSON.parse(readFileSync(new URL('./record-bytes.json', import.meta.url), 'utf8')) as {
  /** By API key and version: the header version of the request and of the response. */
  readonly headerVersions: Record<string, Record<string, readonly [request: number, response: number]>>
  readonly frames: Record<string, string>
  readonly batches: Record<string, string>
  readonly blocks: Record<string, Record<string, string>>
}

export function fromBase64(text: string | undefined): Buffer {
  if (text === undefined) throw new Error('there are no such golden bytes')
  return Buffer.from(text, 'base64')
}

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
