/**
 * Sugar for methods of `@KafkaListener`: which part of a delivery a parameter takes. All parameters have one, or none has.
 * In a batch listener each is a list, one for each record; `@Ack()` is one for the batch.
 */
import { addParameter } from './metadata.js'
import type { ParameterKind } from './metadata.js'

type ParameterDecorator = (target: object, methodName: string | symbol | undefined, index: number) => void

const parameter =
  (kind: ParameterKind, name?: string): ParameterDecorator =>
  (target, methodName, index) => {
    if (methodName !== undefined) addParameter(target.constructor, methodName, { index, kind, name })
  }

/** The record's value. */
export const Payload = (): ParameterDecorator => parameter('payload')
/** The record's key, null when it has none. */
export const Key = (): ParameterDecorator => parameter('key')
/** The last header of this name as UTF-8 text, undefined when there is none. For bytes take `@KafkaHeaders()`. */
export const KafkaHeader = (name: string): ParameterDecorator => parameter('header', name)
/** The record's `Headers`. */
export const KafkaHeaders = (): ParameterDecorator => parameter('headers')
/** The `Acknowledgment` (which is the context). */
export const Ack = (): ParameterDecorator => parameter('ack')
