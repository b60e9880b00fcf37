import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedError } from '../base/bytes.js'
import { apis } from './messages/index.js'
import * as consumerProtocol from './messages/consumer-protocol.js'
import * as records from './records/index.js'
import { Message, type Draft, type FieldSpec, type Shape } from './schema/index.js'
import * as stored from './stored/index.js'

const messages = [
  ...apis.flatMap((api) => [api.request, api.response]),
  ...[stored, records, consumerProtocol]
    .flatMap(Object.values<unknown>)
    .filter((value): value is Message<Shape> => value instanceof Message),
]

const ofKind = {
  bool: fc.boolean(),
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -0x8000, max: 0x7fff }),
  uint16: fc.integer({ min: 0, max: 0xffff }),
  int32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  uint32: fc.integer({ min: 0, max: 0xffff_ffff }),
  int64: fc.maxSafeInteger(),
  float64: fc.double({ noNaN: true }),
  string: fc.string({ unit: 'grapheme', maxLength: 12 }),
  uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((b) => Buffer.from(b).toString('base64url')),
  bytes: fc.uint8Array({ maxLength: 20 }).map((b) => Buffer.from(b)),
  records: fc.uint8Array({ maxLength: 20 }).map((b) => Buffer.from(b)),
}

function anyOf(spec: FieldSpec, version: number): fc.Arbitrary<unknown> {
  const { type } = spec
  const value =
    type.kind === 'array'
      ? fc.array(anyOf(type.element, version), { maxLength: 3 })
      : type.kind === 'struct'
        ? anyStruct(type.shape, version)
        : ofKind[type.kind]
  return version >= spec.nullableSince ? fc.option<unknown, null>(value, { nil: null }) : value
}

/** A value with every field that the version has. */
function anyStruct(shape: Shape, version: number): fc.Arbitrary<Draft<Shape>> {
  const fields = Object.entries(shape).filter(([, { spec }]) => version >= spec.since && version <= spec.until)
  return fc.record(Object.fromEntries(fields.map(([name, { spec }]) => [name, anyOf(spec, version)])))
}

function versionsOf(message: Message<Shape>): number[] {
  const [lowest, highest] = message.versions
  return Array.from({ length: highest - lowest + 1 }, (_, i) => lowest + i)
}

describe('whatever a message carries', () => {
  it.each(messages.map((message) => [message.name, message] as const))('%s', (_, message) => {
    for (const version of versionsOf(message)) {
      fc.assert(
        fc.property(anyStruct(message.shape, version), fc.nat(), fc.nat(255), (draft, place, byte) => {
          const bytes = message.encode(draft, version)
          const decoded = message.decode(bytes, version)
          expect(decoded).toMatchObject(draft)
          expect(message.encode(decoded, version).equals(bytes)).toBe(true)

          // and whatever becomes of the bytes: read as something else, or refused, but never more than that
          if (bytes.length === 0) return
          const changed = Buffer.from(bytes)
          changed[place % changed.length] = byte
          for (const damaged of [changed, bytes.subarray(0, place % bytes.length)]) {
            try {
              message.decode(damaged, version)
            } catch (error) {
              expect(error).toBeInstanceOf(MalformedError)
            }
          }
        }),
        { numRuns: 12 },
      )
    }
  })
})
