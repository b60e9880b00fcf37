/**
 * What decorators write down and adapters read. Plain data on the decorated class, under `Symbol.for('kts-kafka.…')`, so
 * that two copies of this package understand each other; nothing rests on emitted design types.
 */
import type { Topic } from '../../model/index.js'
import type { Resolvable } from '../config/env.js'
import type { TopicsOf } from '../listener/listener-declaration.js'
import type { AnyListenerOptions } from '../listener/listener-options.js'
import type { TypedSource } from '../listener/handlers.js'

/** What a parameter takes of a delivery. */
export type ParameterKind = 'payload' | 'key' | 'header' | 'headers' | 'ack'

/** A decorated parameter. */
export interface ParameterMetadata {
  readonly index: number
  readonly kind: ParameterKind
  /** The header's name, of `@KafkaHeader`. */
  readonly name?: string | undefined
}

/** What `@KafkaListener` wrote down; read by `listenersOf`. */
export interface ListenerMetadata {
  readonly methodName: string | symbol
  readonly topics: Resolvable<TopicsOf<TypedSource>>
  readonly options: AnyListenerOptions
  /** By index; undefined when the method takes `(value, ctx)`. */
  readonly parameters: readonly ParameterMetadata[] | undefined
}

/** A class with `@KafkaListener` methods. */
export type ListenerClass = abstract new (...args: never[]) => object

const LISTENERS = Symbol.for('kts-kafka.listeners')
const TOPICS = Symbol.for('kts-kafka.topics')
const PARAMETERS = Symbol.for('kts-kafka.parameters')

type Declared<T> = { [key: symbol]: T[] | undefined }

/** The list kept on the class itself, never on the one it extends. */
function ownList<T>(target: object, key: symbol): T[] {
  const holder = target as Declared<T>
  if (!Object.hasOwn(target, key)) Object.defineProperty(target, key, { value: [], configurable: true })
  return holder[key]!
}

function classChain(type: object): object[] {
  const chain: object[] = []
  for (
    let at: object | null = type;
    at !== null && at !== Function.prototype;
    at = Object.getPrototypeOf(at) as object
  ) {
    chain.push(at)
  }
  return chain
}

export function addListener(type: object, listener: Omit<ListenerMetadata, 'parameters'>): void {
  ownList(type, LISTENERS).push(listener)
}

export function addTopics(type: object, topics: readonly Topic<unknown, unknown>[]): void {
  ownList(type, TOPICS).push(...topics)
}

export function addParameter(type: object, methodName: string | symbol, parameter: ParameterMetadata): void {
  ownList(type, PARAMETERS).push({ methodName, ...parameter })
}

/** The listeners of a class and of those it extends; a method declared again in a subclass counts once, as there. */
export function listenersOf(type: ListenerClass): readonly ListenerMetadata[] {
  const found: ListenerMetadata[] = []
  const taken = new Set<string | symbol>()
  for (const at of classChain(type)) {
    const own = Object.hasOwn(at, LISTENERS) ? ownList<Omit<ListenerMetadata, 'parameters'>>(at, LISTENERS) : []
    for (const listener of own) {
      if (!taken.has(listener.methodName))
        found.push({ ...listener, parameters: parametersOf(at, listener.methodName) })
    }
    for (const listener of own) taken.add(listener.methodName)
  }
  return found
}

/** The topics declared by `@Topic` on a class and on those it extends. */
export function topicsOf(type: ListenerClass): readonly Topic<unknown, unknown>[] {
  return classChain(type).flatMap((at) =>
    Object.hasOwn(at, TOPICS) ? ownList<Topic<unknown, unknown>>(at, TOPICS) : [],
  )
}

function parametersOf(type: object, methodName: string | symbol): readonly ParameterMetadata[] | undefined {
  if (!Object.hasOwn(type, PARAMETERS)) return undefined
  const own = ownList<ParameterMetadata & { methodName: string | symbol }>(type, PARAMETERS)
    .filter((parameter) => parameter.methodName === methodName)
    .toSorted((a, b) => a.index - b.index)
  return own.length === 0 ? undefined : own
}
