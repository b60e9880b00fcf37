/**
 * `@KafkaListener(topics, options)` on a method: a listener container of its own delivers to it. Repeatable.
 *
 * The method takes `(value, ctx)`, or `(records, ctx)` with `batch: true`; a payload of the wrong type does not compile.
 * Topics given by name, or by a function of the environment, have no types to check against.
 */
import { KafkaError } from '../../model/index.js'
import type { ConsumerRecord } from '../../model/index.js'
import type { Resolvable } from '../config/env.js'
import type { NamedSource, SourceKey, SourceValue, TypedSource } from '../listener/handlers.js'
import { listenedTo } from '../listener/listener-declaration.js'
import type { TopicsOf } from '../listener/listener-declaration.js'
import type {
  AnyListenerOptions,
  BatchListenerOptions,
  ManualListenerOptions,
  RecordListenerOptions,
} from '../listener/listener-options.js'
import { addListener } from './metadata.js'

/** A method that can take `First`; what follows is checked when the application starts. */
type Taking<First> = (first: First, ...rest: never[]) => unknown
type ListenerDecorator<First> = <M extends Taking<First>>(
  target: object,
  methodName: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void

/**
 * The method handles the records of these topics, in batches. Throws a KafkaError of kind `config` on a static method; what
 * is wrong with options is told, all in one message, when the application starts. Spring's `@KafkaListener`.
 */
export function KafkaListener<S extends TypedSource>(
  topics: S | readonly S[],
  options: BatchListenerOptions<SourceKey<S>, SourceValue<S>>,
): ListenerDecorator<ConsumerRecord<SourceKey<S>, SourceValue<S>>[]>
/** The same, one record at a time. */
export function KafkaListener<S extends TypedSource>(
  topics: S | readonly S[],
  options?: RecordListenerOptions<SourceKey<S>, SourceValue<S>>,
): ListenerDecorator<SourceValue<S>>
/** Partitions given by hand, Spring's `@KafkaListener(topicPartitions = …)`. */
export function KafkaListener<S extends NamedSource>(
  options: BatchListenerOptions<SourceKey<S>, SourceValue<S>> & ManualListenerOptions<S>,
): ListenerDecorator<ConsumerRecord<SourceKey<S>, SourceValue<S>>[]>
export function KafkaListener<S extends NamedSource>(
  options: RecordListenerOptions<SourceKey<S>, SourceValue<S>> & ManualListenerOptions<S>,
): ListenerDecorator<SourceValue<S>>
export function KafkaListener(
  options: AnyListenerOptions & ManualListenerOptions<NamedSource | string>,
): ListenerDecorator<never>
/** Topics by name, or by a function of the environment: there is no type to check the payload against. */
export function KafkaListener(
  topics: Resolvable<TopicsOf<TypedSource>>,
  options?: AnyListenerOptions,
): ListenerDecorator<never>
export function KafkaListener(
  given: Resolvable<TopicsOf<TypedSource>> | (AnyListenerOptions & ManualListenerOptions<NamedSource | string>),
  further: AnyListenerOptions = {},
): ListenerDecorator<never> {
  const { topics, options } = listenedTo(given, further)
  return (target, methodName) => {
    if (typeof target === 'function') {
      throw new KafkaError(
        'config',
        `@KafkaListener on ${target.name}.${String(methodName)}: a listener is a method of an instance, not a static one`,
      )
    }
    addListener(target.constructor, { methodName, topics, options })
  }
}
