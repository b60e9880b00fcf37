/** Serdes that hand on to others, by the record's topic or by one of its headers. */
import type { Serde, SerdeContext } from '../model/index.js'

type AnySerde = Serde<unknown>
type ValueOfSerde<S> = S extends Serde<infer T> ? T : never

/**
 * By topic, Spring's `DelegatingByTopicSerializer`: the first whose name is the topic's, or whose pattern matches the whole
 * of it. `fallback` for all others; without one they are an error.
 */
export function byTopic<S extends AnySerde>(
  serdes: readonly (readonly [topic: string | RegExp, serde: S])[],
  options: { fallback?: S | undefined } = {},
): Serde<ValueOfSerde<S>> {
  const matchers = serdes.map(([topic, serde]) => ({
    serde,
    matches: typeof topic === 'string' ? (name: string) => name === topic : wholly(topic),
  }))
  const choose = ({ topic }: SerdeContext): AnySerde => {
    const found = matchers.find(({ matches }) => matches(topic))?.serde ?? options.fallback
    if (found === undefined) throw new TypeError(`byTopic has no serde for topic ${topic}, and no fallback`)
    return found
  }
  return {
    name: 'byTopic',
    serialize: (value, context) => choose(context).serialize(value, context),
    deserialize: (data, context) => choose(context).deserialize(data, context) as ValueOfSerde<S>,
  }
}

function wholly({ source, flags }: RegExp): (name: string) => boolean {
  const whole = new RegExp(`^(?:${source})$`, flags.replaceAll(/[gy]/g, ''))
  return (name) => whole.test(name)
}

export interface ByHeaderOptions<T> {
  /** Default Spring's: `spring.kafka.serialization.selector`, for keys `spring.kafka.key.serialization.selector`. */
  header?: string | undefined
  /** Chooses for records that are sent without the header, and the header is added. Left out: they are refused. */
  selectorOf?: ((value: T) => string) | undefined
  /** Reads records whose header is missing or names none of the serdes. Left out: they can't be read. */
  fallback?: Serde<T> | undefined
}

/** By a header, Spring's `DelegatingSerializer` and `DelegatingDeserializer`. */
export function byHeader<const Serdes extends Readonly<Record<string, AnySerde>>>(
  serdes: Serdes,
  options: ByHeaderOptions<ValueOfSerde<Serdes[keyof Serdes]>> = {},
): Serde<ValueOfSerde<Serdes[keyof Serdes]>> {
  type T = ValueOfSerde<Serdes[keyof Serdes]>
  const known = Object.keys(serdes).join(', ')
  const headerOf = ({ isKey }: SerdeContext): string =>
    options.header ?? (isKey ? 'spring.kafka.key.serialization.selector' : 'spring.kafka.serialization.selector')
  const find = (selector: string | undefined): AnySerde | undefined =>
    selector !== undefined && Object.hasOwn(serdes, selector) ? serdes[selector] : undefined
  return {
    name: `byHeader(${known})`,
    serialize(value, context) {
      const header = headerOf(context)
      const given = context.headers.text(header)
      const selector = given ?? options.selectorOf?.(value)
      const serde = find(selector)
      if (serde === undefined) throw new TypeError(`header ${header} must be one of ${known}, not ${String(selector)}`)
      if (given === undefined) context.headers.set(header, selector!)
      return serde.serialize(value, context)
    },
    deserialize(data, context) {
      const header = headerOf(context)
      const selector = context.headers.text(header)
      const serde = find(selector) ?? options.fallback
      if (serde === undefined) throw new TypeError(`header ${header} must be one of ${known}, not ${String(selector)}`)
      return serde.deserialize(data, context) as T | Promise<T>
    },
  }
}
