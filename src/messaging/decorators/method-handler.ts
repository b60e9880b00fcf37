/**
 * From a decorated method to the arguments that it is called with, for adapters: `argumentsFor(metadata)` gives a function
 * from a delivery to the method's arguments, `methodHandler` a handler bound to an instance.
 */
import { KafkaError } from '../../model/index.js'
import type { ConsumerRecord } from '../../model/index.js'
import type { BatchContext } from '../listener/batch-context.js'
import type { ListenerContext } from '../listener/listener-context.js'
import type { ListenerMetadata, ParameterMetadata } from './metadata.js'

type AnyRecord = ConsumerRecord<unknown, unknown>
/** The payload is the value, or the records of a batch. */
export type Delivered = (
  payload: unknown,
  ctx: ListenerContext<unknown, unknown> | BatchContext<unknown, unknown>,
) => unknown

/** From a delivery to a method's arguments. */
export type ArgumentsOf = (...delivered: Parameters<Delivered>) => unknown[]

/**
 * `parameterCount` is the method's own `length`; `where` names it, as in `Billing.bill`. Parameters at the places `others`
 * are the adapter's to fill in.
 */
export function argumentsFor(
  listener: ListenerMetadata,
  parameterCount: number,
  where: string,
  others: readonly number[] = [],
): ArgumentsOf {
  const { parameters } = listener
  if (parameters === undefined) return (payload, ctx) => [payload, ctx]
  const taken = [...parameters.map(({ index }) => index), ...others]
  for (let index = 0; index < Math.max(parameterCount, ...taken.map((each) => each + 1)); index++) {
    if (taken.filter((each) => each === index).length === 1) continue
    throw new KafkaError(
      'config',
      `${where}: parameter ${index + 1} must have exactly one of @Payload, @Key, @KafkaHeader, @KafkaHeaders, @Ack, ` +
        'because others of its parameters have one; or give none any, and take (value, ctx)',
    )
  }
  return (payload, ctx) => {
    const args: unknown[] = []
    for (const parameter of parameters) {
      args[parameter.index] =
        'record' in ctx
          ? ofRecord(parameter, ctx.record, ctx)
          : ofBatch(parameter, payload as readonly AnyRecord[], ctx)
    }
    return args
  }
}

/** A handler that calls the instance's method. */
export function methodHandler(instance: object, listener: ListenerMetadata): Delivered {
  const { methodName } = listener
  const method = (instance as Record<string | symbol, unknown>)[methodName]
  const where = `${instance.constructor.name}.${String(methodName)}`
  if (typeof method !== 'function') throw new KafkaError('config', `${where} is not a method`)
  const call = method as (...args: unknown[]) => unknown
  if (listener.parameters === undefined) return (payload, ctx) => call.call(instance, payload, ctx)
  const argumentsOf = argumentsFor(listener, method.length, where)
  return (payload, ctx) => call.apply(instance, argumentsOf(payload, ctx))
}

function ofRecord(parameter: ParameterMetadata, record: AnyRecord, ctx: unknown): unknown {
  switch (parameter.kind) {
    case 'payload':
      return record.value
    case 'key':
      return record.key
    case 'header':
      return record.headers.text(parameter.name!)
    case 'headers':
      return record.headers
    case 'ack':
      return ctx
  }
}

function ofBatch(parameter: ParameterMetadata, records: readonly AnyRecord[], ctx: unknown): unknown {
  return parameter.kind === 'ack' ? ctx : records.map((record) => ofRecord(parameter, record, ctx))
}
