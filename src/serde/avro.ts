/**
 * Avro values by a schema that both sides have, in plain Avro binary form: no file header, no schema id. Longs are bigint,
 * so that every long is exact. The Avro library loads with the first value.
 */
import type { Type } from 'avsc'
import { KafkaError } from '../model/index.js'
import type { Serde } from '../model/index.js'

/** A schema as an object, or as JSON text. */
export type AvroSchema = string | object

export interface AvroOptions {
  /** The schema that the bytes were written with, where that is another version: read by Avro's rules for schema resolution. */
  writtenWith?: AvroSchema | undefined
}

interface Codec {
  encode(value: unknown): Buffer
  decode(data: Buffer): unknown
}

export function avro<T = unknown>(schema: AvroSchema, options: AvroOptions = {}): Serde<T> {
  const name = `avro(${schemaName(schema)})`
  let codec: Codec | undefined
  let loading: Promise<Codec> | undefined
  const load = (): Promise<Codec> => (loading ??= open(name, schema, options).then((opened) => (codec = opened)))
  return {
    name,
    serialize: (value) => (codec === undefined ? load().then((own) => own.encode(value)) : codec.encode(value)),
    deserialize: (data) =>
      (codec === undefined ? load().then((own) => own.decode(data)) : codec.decode(data)) as T | Promise<T>,
  }
}

async function open(name: string, schema: AvroSchema, { writtenWith }: AvroOptions): Promise<Codec> {
  const { default: avsc } = await import('avsc')
  const long = avsc.types.LongType.__with({
    fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
    toBuffer(value: bigint) {
      const buffer = Buffer.allocUnsafe(8)
      buffer.writeBigInt64LE(value)
      return buffer
    },
    fromJSON: BigInt,
    toJSON: Number,
    isValid: (value: unknown) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
    compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
  })
  const typeOf = (given: AvroSchema): Type => {
    try {
      const parsed: unknown = typeof given === 'string' && /^\s*[{["]/.test(given) ? JSON.parse(given) : given
      return avsc.Type.forSchema(parsed as Parameters<typeof avsc.Type.forSchema>[0], { registry: { long } })
    } catch (cause) {
      throw new KafkaError('config', `${name}: the schema is wrong: ${String(cause)}`, { cause })
    }
  }
  const type = typeOf(schema)
  const resolver = writtenWith === undefined ? undefined : type.createResolver(typeOf(writtenWith))
  return {
    encode(value) {
      const problems: string[] = []
      const found = type.isValid(value, {
        errorHook: (path, bad) => problems.push(`${path.join('.') || 'it'}: ${shown(bad)}`),
      })
      if (!found) throw new TypeError(`does not fit its schema: ${problems.join('; ')}`)
      return type.toBuffer(value)
    },
    decode: (data) => type.fromBuffer(data, resolver) as unknown,
  }
}

function shown(value: unknown): string {
  return typeof value === 'bigint' ? `${value}n` : `${JSON.stringify(value)} (${typeof value})`
}

function schemaName(schema: AvroSchema): string {
  if (typeof schema === 'string') return schema.startsWith('{') ? 'schema' : schema
  return 'name' in schema ? String(schema.name) : 'schema'
}
