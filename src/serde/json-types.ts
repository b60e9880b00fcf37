/**
 * JSON values of several types in one topic, told apart by the `__TypeId__` header as Spring's JSON serdes do, both ways.
 * A header only ever chooses among the types that are listed here: what it names is never looked up or loaded.
 */
import type { Serde } from '../model/index.js'
import { encodeJson } from './json.js'
import { validateWith } from './standard-schema.js'
import type { StandardSchema } from './standard-schema.js'
import { typeIdHeader } from './type-headers.js'

export interface JsonType<T> {
  /** Whether a value to be sent is of this type. */
  is(value: unknown): boolean
  /** Checks what is read. */
  schema?: StandardSchema<unknown, T> | undefined
  /** Makes what the handler gets of the plain object, an instance of a class say. */
  revive?: ((plain: never) => T) | undefined
}

export interface JsonTypesOptions<Id extends string> {
  /** The type of records without the header. Left out: they can't be read. */
  default?: Id | undefined
}

type TypeOf<J> = J extends JsonType<infer T> ? T : never

/** `types`: by what stands in the header, a Java class name or an alias that both sides map (`spring.json.type.mapping`). */
export function jsonTypes<const Types extends Readonly<Record<string, JsonType<unknown>>>>(
  types: Types,
  options: JsonTypesOptions<Extract<keyof Types, string>> = {},
): Serde<TypeOf<Types[keyof Types]>> {
  type T = TypeOf<Types[keyof Types]>
  const known = Object.keys(types).join(', ')
  return {
    name: `jsonTypes(${known})`,
    serialize(value, context) {
      const found = Object.entries(types).find(([, type]) => type.is(value))
      if (found === undefined) throw new TypeError(`the value is of none of the types ${known}`)
      context.headers.set(typeIdHeader(context), found[0])
      return encodeJson(value)
    },
    deserialize(data, context) {
      const header = typeIdHeader(context)
      const id = context.headers.text(header) ?? options.default
      if (id === undefined) throw new TypeError(`there is no ${header} header, and no default type`)
      const type = Object.hasOwn(types, id) ? types[id] : undefined
      if (type === undefined) throw new TypeError(`${header} is '${id}', which is none of the types ${known}`)
      const plain: unknown = JSON.parse(data.toString('utf8'))
      const revive = (value: unknown): T => (type.revive === undefined ? value : type.revive(value as never)) as T
      if (type.schema === undefined) return revive(plain)
      const checked = validateWith(type.schema, plain)
      return checked instanceof Promise ? checked.then(revive) : revive(checked)
    },
  }
}

/** One of `jsonTypes`: `jsonType<Order>({ is: (value) => … })`. */
export function jsonType<T>(type: JsonType<T>): JsonType<T> {
  return type
}
