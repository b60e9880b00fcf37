// One draft for every version: what a version has no place for is left out instead of refused.
import type { FieldSpec, Shape } from '../../src/protocol/schema/index.js'
import type { Draft } from './protocol.js'

export function fitted<S extends Shape>(shape: S, version: number, draft: Draft<S>): Draft<S> {
  const kept = Object.entries(draft as Record<string, unknown>)
    .filter(([name]) => {
      const spec = specOf(shape, name)
      return version >= spec.since && version <= spec.until
    })
    .map(([name, value]) => [name, fittedValue(specOf(shape, name), version, value)])
  return Object.fromEntries(kept) as Draft<S>
}

function specOf(shape: Shape, name: string): FieldSpec {
  const field = shape[name]
  if (field === undefined) throw new Error(`no field ${name}`)
  return field.spec
}

function fittedValue(spec: FieldSpec, version: number, value: unknown): unknown {
  if (value === null || value === undefined) return value
  const { type } = spec
  if (type.kind === 'struct') return fitted(type.shape, version, value as Record<string, unknown>)
  if (type.kind === 'array') return (value as unknown[]).map((item) => fittedValue(type.element, version, item))
  return value
}
