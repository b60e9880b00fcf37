/** JSON values. Bytes that are not JSON, or do not fit the schema, are a `DeserializationError` at the listener. */
import type { Serde } from '../model/index.js'
import { validateWith } from './standard-schema.js'
import type { StandardSchema } from './standard-schema.js'
import { typeIdHeader } from './type-headers.js'

export interface JsonOptions<T> {
  /** Checks values when they are read (and gives what it returns, so defaults and transforms apply). */
  schema?: StandardSchema<unknown, T> | undefined
  /** Checks values also before they are sent. Default false. */
  validateOnSend?: boolean | undefined
  /** Written to the `__TypeId__` header, for Spring consumers that go by it. Of several types see `jsonTypes`. */
  typeId?: string | undefined
}

/** UTF-8 JSON. `json<Order>()` trusts the bytes; `json(schema)` checks them with any Standard Schema validator. */
export function json<T = unknown>(options?: JsonOptions<T>): Serde<T>
export function json<T>(schema: StandardSchema<unknown, T>): Serde<T>
export function json<T>(given: JsonOptions<T> | StandardSchema<unknown, T> = {}): Serde<T> {
  const { schema, validateOnSend, typeId }: JsonOptions<T> = isSchema(given) ? { schema: given } : given
  return {
    name: 'json',
    serialize(value, context) {
      if (typeId !== undefined) context.headers.set(typeIdHeader(context), typeId)
      if (schema === undefined || !validateOnSend) return encodeJson(value)
      const checked = validateWith(schema, value)
      return checked instanceof Promise ? checked.then(() => encodeJson(value)) : encodeJson(value)
    },
    deserialize(data) {
      const value: unknown = JSON.parse(data.toString('utf8'))
      return schema === undefined ? (value as T) : validateWith(schema, value)
    },
  }
}

export function encodeJson(value: unknown): Buffer {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) throw new TypeError(`a value of type ${typeof value} has no JSON form`)
  return Buffer.from(text)
}

/** Validators may be functions or objects. */
function isSchema<T>(value: JsonOptions<T> | StandardSchema<unknown, T>): value is StandardSchema<unknown, T> {
  return '~standard' in value
}
