/**
 * Holds our layouts against Kafka's own message files. Both are turned into the same plain lines, one per field and
 * version (place, type, nullability, tag, default, what becomes of a value that the version can't carry), so that a
 * test's difference names the field that is wrong.
 */
import { readFileSync } from 'node:fs'
import { defaultOf } from '../../src/protocol/schema/codec.js'
import type { FieldSpec, Message, Shape } from '../../src/protocol/schema/index.js'

interface FactField {
  name: string
  type: string
  /** Left out where it would only repeat taggedVersions. */
  versions?: string
  nullableVersions?: string
  taggedVersions?: string
  tag?: number
  /** null, not 'null', is no default at all. */
  default?: string | number | boolean | null
  ignorable?: boolean
  fields?: FactField[]
}

export interface FactMessage {
  name: string
  module: string
  apiKey?: number
  type: string
  listeners?: string[]
  validVersions: string
  flexibleVersions?: string
  fields: FactField[]
  commonStructs?: { name: string; fields: FactField[] }[]
}

type Range = readonly [lowest: number, highest: number]

export function readFacts(table: 'messages' | 'records'): FactMessage[] {
  return JSON.parse(readFileSync(new URL(`./${table}.json`, import.meta.url), 'utf8')) as FactMessage[]
}

/** `3-13`, `0`, `9+`, `none`, as Kafka's files have them. */
export function rangeOf(text: string | undefined): Range | null {
  if (text === undefined || text === 'none') return null
  const [from, to] = text.split('-')
  if (text.endsWith('+')) return [Number(from!.slice(0, -1)), Infinity]
  return [Number(from), Number(to ?? from)]
}

const within = (version: number, range: Range | null): boolean =>
  range !== null && version >= range[0] && version <= range[1]

const camelCase = (name: string): string => name.replace('KRaft', 'Kraft').replace(/^[A-Z]/, (c) => c.toLowerCase())

/** What the message file says of every version that is valid. */
export function factLines(message: FactMessage): string[] {
  const valid = rangeOf(message.validVersions)!
  const flexible = rangeOf(message.flexibleVersions)
  const common = new Map(message.commonStructs?.map((s) => [s.name, s.fields]))
  const out: string[] = []

  const walk = (fields: readonly FactField[], version: number, parent: Range, prefix: string): void => {
    for (const field of fields) {
      const range = intersect(rangeOf(field.versions ?? field.taggedVersions)!, parent)
      if (range[0] > range[1]) continue
      const name = prefix + camelCase(field.name)
      const element = field.type.replace('[]', '')
      const inner = field.fields ?? common.get(element)
      const type = field.type === element ? (inner ? 'struct' : element) : `array of ${inner ? 'struct' : element}`
      const standard = JSON.stringify(factDefault(field, type))
      if (!within(version, range)) {
        out.push(`v${version} ${name} absent, ${field.ignorable ? 'dropped' : 'refused'} unless ${standard}`)
        continue
      }
      const nullable = within(version, rangeOf(field.nullableVersions))
      const tag = within(version, rangeOf(field.taggedVersions)) ? field.tag : undefined
      out.push(fieldLine(version, name, type, nullable, tag, standard))
      if (inner) walk(inner, version, range, `${name}.`)
    }
  }
  for (let version = valid[0]; version <= valid[1]; version++) {
    out.push(`v${version} ${within(version, flexible) ? 'flexible' : 'plain'}`)
    walk(message.fields, version, valid, '')
  }
  return out
}

/** The same of a layout of ours. */
export function layoutLines(message: Message<Shape>): string[] {
  const out: string[] = []
  const walk = (shape: Shape, version: number, prefix: string): void => {
    for (const [key, { spec }] of Object.entries(shape)) {
      const name = prefix + key
      const standard = JSON.stringify(plain(defaultOf(spec)))
      if (version < spec.since || version > spec.until) {
        out.push(`v${version} ${name} absent, ${spec.ignorable ? 'dropped' : 'refused'} unless ${standard}`)
        continue
      }
      const tag = version >= spec.taggedSince ? spec.tag : undefined
      out.push(fieldLine(version, name, typeName(spec), version >= spec.nullableSince, tag, standard))
      const { type } = spec
      if (type.kind === 'struct') walk(type.shape, version, `${name}.`)
      if (type.kind === 'array' && type.element.type.kind === 'struct') {
        walk(type.element.type.shape, version, `${name}.`)
      }
    }
  }
  const [lowest, highest] = message.versions
  for (let version = lowest; version <= highest; version++) {
    out.push(`v${version} ${message.isFlexible(version) ? 'flexible' : 'plain'}`)
    walk(message.shape, version, '')
  }
  return out
}

function fieldLine(
  version: number,
  name: string,
  type: string,
  nullable: boolean,
  tag: number | undefined,
  standard: string,
): string {
  // records that may not be null are bytes in our language
  const shown = type === 'records' && !nullable ? 'bytes' : type
  return `v${version} ${name}: ${nullable ? 'nullable ' : ''}${shown}, default ${
    type === 'struct' && standard !== 'null' ? 'of its fields' : shown === 'bytes' && standard === 'null' && !nullable ? '""' : standard
  }${tag === undefined ? '' : `, tag ${tag}`}`
}

function intersect(a: Range, b: Range): Range {
  return [Math.max(a[0], b[0]), Math.min(a[1], b[1])]
}

function typeName({ type }: FieldSpec): string {
  return type.kind === 'array' ? `array of ${type.element.type.kind}` : type.kind
}

function factDefault(field: FactField, type: string): unknown {
  const given = field.default == null ? undefined : String(field.default).toLowerCase()
  if (given === 'null' || type === 'records') return null
  if (type.startsWith('array')) return []
  if (type === 'struct') return 'struct'
  if (type === 'string') return field.default ?? ''
  if (type === 'bytes') return ''
  if (type === 'uuid') return 'AAAAAAAAAAAAAAAAAAAAAA'
  if (type === 'bool') return given === 'true'
  return Math.min(Number(given ?? 0), Number.MAX_SAFE_INTEGER)
}

function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1')
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return 'struct'
  return value
}
