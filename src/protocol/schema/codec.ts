/**
 * Turns a shape at one version into a reader and a writer, once, and keeps them.
 *
 * Decoding trusts no count: a length or an element count beyond the bytes that are left is refused before anything is
 * allocated for it. Unknown tagged fields are skipped. Encoding refuses a value that the version can't carry, unless the
 * field is ignorable.
 */
import { MalformedError, Writer, type Reader } from '../../base/bytes.js'
import { ZERO_UUID, type FieldSpec, type ScalarKind, type Shape, type TypeSpec } from './field.js'

export interface Codec {
  read(reader: Reader): unknown
  write(writer: Writer, value: unknown): void
}

export class EncodeError extends Error {
  override readonly name = 'EncodeError'
}

export function defaultOf(spec: FieldSpec): unknown {
  if (spec.default !== undefined) return spec.default
  switch (spec.type.kind) {
    case 'bool':
      return false
    case 'string':
      return ''
    case 'uuid':
      return ZERO_UUID
    case 'bytes':
      return EMPTY
    case 'records':
      return null
    case 'array':
      return []
    case 'struct':
      return defaultStruct(spec.type.shape)
    default:
      return 0
  }
}

const EMPTY = Buffer.alloc(0)

function defaultStruct(shape: Shape): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const name in shape) out[name] = defaultOf(shape[name]!.spec)
  return out
}

/** Whether a value is what decoding would give if the field were absent. */
function isDefault(spec: FieldSpec, value: unknown): boolean {
  if (value === undefined) return true
  const standard = defaultOf(spec)
  if (value === standard) return true
  if (value === null || standard === null) return false
  switch (spec.type.kind) {
    case 'array':
    case 'bytes':
      return (value as { length: number }).length === 0 && (standard as { length: number }).length === 0
    case 'struct': {
      const shape = spec.type.shape
      for (const name in shape) {
        if (!isDefault(shape[name]!.spec, (value as Record<string, unknown>)[name])) return false
      }
      return true
    }
    default:
      return false
  }
}

const fixed: Partial<Record<ScalarKind, Codec>> = {
  bool: { read: (r) => r.bool(), write: (w, v) => w.bool(v as boolean) },
  int8: { read: (r) => r.int8(), write: (w, v) => w.int8(v as number) },
  int16: { read: (r) => r.int16(), write: (w, v) => w.int16(v as number) },
  uint16: { read: (r) => r.uint16(), write: (w, v) => w.uint16(v as number) },
  int32: { read: (r) => r.int32(), write: (w, v) => w.int32(v as number) },
  uint32: { read: (r) => r.uint32(), write: (w, v) => w.uint32(v as number) },
  int64: { read: (r) => r.int64(), write: (w, v) => w.int64(v as number) },
  float64: { read: (r) => r.float64(), write: (w, v) => w.float64(v as number) },
  uuid: { read: (r) => r.uuid(), write: (w, v) => w.uuid(v as string) },
}

/** Reads a length that stands before its bytes; -1 is null. */
function readLength(reader: Reader, flexible: boolean, short: boolean): number {
  if (flexible) return reader.uvarint() - 1
  return short ? reader.int16() : reader.int32()
}

function writeLength(writer: Writer, flexible: boolean, short: boolean, length: number): void {
  if (flexible) writer.uvarint(length + 1)
  else if (short) writer.int16(length)
  else writer.int32(length)
}

function lengthPrefixed(
  name: string,
  flexible: boolean,
  short: boolean,
  nullable: boolean,
  read: (reader: Reader, length: number) => unknown,
  write: (writer: Writer, value: unknown, size: number) => void,
  sizeOf: (value: unknown) => number,
): Codec {
  return {
    read(reader) {
      const length = readLength(reader, flexible, short)
      if (length < 0) {
        if (nullable && length === -1) return null
        throw new MalformedError(`${name} must not be null`)
      }
      if (length > reader.remaining) {
        throw new MalformedError(`${name} claims ${length}, but only ${reader.remaining} bytes are left`)
      }
      return read(reader, length)
    },
    write(writer, value) {
      if (value === null) {
        if (!nullable) throw new EncodeError(`${name} must not be null`)
        return writeLength(writer, flexible, short, -1)
      }
      const size = sizeOf(value)
      if (short && size > 0x7fff) throw new EncodeError(`${name} is ${size} bytes long, more than 32767`)
      writeLength(writer, flexible, short, size)
      write(writer, value, size)
    },
  }
}

function compileType(name: string, type: TypeSpec, version: number, flexible: boolean, nullable: boolean): Codec {
  switch (type.kind) {
    case 'string':
      return lengthPrefixed(
        name,
        flexible,
        true,
        nullable,
        (r, length) => r.utf8(length),
        (w, v, size) => w.utf8(v as string, size),
        (v) => Buffer.byteLength(v as string),
      )
    case 'bytes':
    case 'records':
      return lengthPrefixed(
        name,
        flexible,
        false,
        nullable,
        (r, length) => r.bytes(length),
        (w, v) => (Array.isArray(v) ? v.forEach((part: Uint8Array) => w.payload(part)) : w.payload(v as Uint8Array)),
        (v) =>
          Array.isArray(v)
            ? v.reduce((sum: number, part: Uint8Array) => sum + part.length, 0)
            : (v as Uint8Array).length,
      )
    case 'array': {
      const element = compileType(name, type.element.type, version, flexible, version >= type.element.nullableSince)
      return lengthPrefixed(
        name,
        flexible,
        false,
        nullable,
        (r, length) => {
          const out: unknown[] = []
          for (let i = 0; i < length; i++) out.push(element.read(r))
          return out
        },
        (w, v) => {
          for (const item of v as readonly unknown[]) element.write(w, item)
        },
        (v) => (v as readonly unknown[]).length,
      )
    }
    case 'struct': {
      const inner = compileStruct(type.shape, version, flexible)
      return nullable ? nullableStruct(inner) : inner
    }
    default:
      return fixed[type.kind]!
  }
}

/** A nullable struct stands behind one byte: below zero is null. */
function nullableStruct(inner: Codec): Codec {
  return {
    read: (r) => (r.int8() < 0 ? null : inner.read(r)),
    write(w, v) {
      w.int8(v === null ? -1 : 1)
      if (v !== null) inner.write(w, v)
    },
  }
}

/** The same as a tagged field: Kafka then writes 0 for null, where a plain field has -1. */
function taggedNullableStruct(inner: Codec): Codec {
  return {
    read: (r) => (r.uvarint() === 0 ? null : inner.read(r)),
    write(w, v) {
      w.uvarint(v === null ? 0 : 1)
      if (v !== null) inner.write(w, v)
    },
  }
}

interface Slot {
  readonly name: string
  readonly spec: FieldSpec
  readonly codec: Codec
}

const compiled = new WeakMap<Shape, Map<number, Codec>>()

export function compileStruct(shape: Shape, version: number, flexible: boolean): Codec {
  let versions = compiled.get(shape)
  if (!versions) compiled.set(shape, (versions = new Map()))
  const key = version * 2 + (flexible ? 1 : 0)
  let codec = versions.get(key)
  if (!codec) versions.set(key, (codec = build(shape, version, flexible)))
  return codec
}

function build(shape: Shape, version: number, flexible: boolean): Codec {
  const plain: Slot[] = []
  const tagged: Slot[] = []
  const absent: { name: string; spec: FieldSpec }[] = []
  const names = Object.keys(shape)
  for (const name of names) {
    const spec = shape[name]!.spec
    if (version < spec.since || version > spec.until) {
      absent.push({ name, spec })
      continue
    }
    const nullable = version >= spec.nullableSince
    const isTagged = spec.tag !== undefined && version >= spec.taggedSince
    const codec =
      isTagged && nullable && spec.type.kind === 'struct'
        ? taggedNullableStruct(compileStruct(spec.type.shape, version, flexible))
        : compileType(name, spec.type, version, flexible, nullable)
    ;(isTagged ? tagged : plain).push({ name, spec, codec })
  }
  tagged.sort((a, b) => a.spec.tag! - b.spec.tag!)
  const byTag = new Map(tagged.map((slot) => [slot.spec.tag!, slot]))
  const blank = names.map((name) => shape[name]!.spec)

  return {
    read(reader) {
      const out: Record<string, unknown> = {}
      // every field in the shape's order first, so that all decoded objects of a shape are alike to the engine
      for (let i = 0; i < names.length; i++) out[names[i]!] = undefined
      for (const slot of plain) out[slot.name] = slot.codec.read(reader)
      if (flexible) readTagged(reader, byTag, out)
      for (let i = 0; i < names.length; i++) if (out[names[i]!] === undefined) out[names[i]!] = defaultOf(blank[i]!)
      return out
    },
    write(writer, value) {
      const from = value as Record<string, unknown>
      for (const { name, spec } of absent) {
        if (!spec.ignorable && !isDefault(spec, from[name])) {
          throw new EncodeError(`${name} can't be sent in version ${version}`)
        }
      }
      for (const slot of plain) slot.codec.write(writer, from[slot.name] ?? given(slot, from))
      if (flexible) writeTagged(writer, tagged, from)
    },
  }
}

/** null is a value of its own; only a field left out takes its default. */
function given(slot: Slot, from: Record<string, unknown>): unknown {
  return from[slot.name] === null ? null : defaultOf(slot.spec)
}

function readTagged(reader: Reader, byTag: ReadonlyMap<number, Slot>, out: Record<string, unknown>): void {
  const count = reader.uvarint()
  let last = -1
  for (let i = 0; i < count; i++) {
    const tag = reader.uvarint()
    if (tag <= last) throw new MalformedError(`tag ${tag} stands after tag ${last}`)
    last = tag
    const size = reader.uvarint()
    if (size > reader.remaining) {
      throw new MalformedError(`tagged field ${tag} claims ${size} bytes, but only ${reader.remaining} are left`)
    }
    const slot = byTag.get(tag)
    const end = reader.position + size
    if (slot) out[slot.name] = slot.codec.read(reader)
    else reader.skip(size)
    if (reader.position !== end) throw new MalformedError(`tagged field ${tag} does not fill its ${size} bytes`)
  }
}

function writeTagged(writer: Writer, tagged: readonly Slot[], from: Record<string, unknown>): void {
  const present = tagged.filter((slot) => !isDefault(slot.spec, from[slot.name]))
  writer.uvarint(present.length)
  for (const slot of present) {
    const inner = new Writer()
    slot.codec.write(inner, from[slot.name])
    writer.uvarint(slot.spec.tag!)
    writer.uvarint(inner.length)
    writer.bytes(inner.finish())
  }
}
