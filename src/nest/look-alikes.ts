/**
 * Parameter decorators that are not ours.
 *
 * Nest has some that read like ours (`@Payload` of @nestjs/microservices, `@Headers` and `@Body` of @nestjs/common). On a
 * listener they would do nothing at all, so they are refused, with the right import named. Those that an application makes
 * by Nest's `createParamDecorator` work: beside `@Payload` and the others, or after `(value, ctx)`.
 */
import 'reflect-metadata'
import { Body } from '@nestjs/common'
import type { ListenerClass, ListenerMetadata } from '../messaging/index.js'

/** Where Nest keeps them: found by using one, since the key's name is not public. */
const ARGUMENTS_KEY: unknown = (() => {
  class Probe {
    probed(): void {}
  }
  Body()(Probe.prototype, 'probed', 0)
  return Reflect.getMetadataKeys(Probe, 'probed')[0]
})()

/** By Nest's number, which HTTP and microservices share: what theirs is called, and what to do instead. */
const LOOK_ALIKES: Readonly<Record<string, readonly [theirs: string, instead: string]>> = {
  '3': ['@Payload or @Body', "import { Payload } from 'kts-kafka'"],
  '4': ['@Ctx or @Query', 'leave all decorators out and take (value, ctx)'],
  '6': ['@Headers', "import { KafkaHeaders } from 'kts-kafka', or KafkaHeader for one"],
}
const OTHER = [
  'parameter decorator',
  "take (value, ctx), or import Payload, Key, KafkaHeader, KafkaHeaders, Ack from 'kts-kafka'",
] as const

/** What Nest keeps of a decorated parameter; `factory` only of those that `createParamDecorator` made. */
interface Decorated {
  readonly index: number
  readonly factory?: ((data: unknown, context: never) => unknown) | undefined
}
type DecoratedParameters = Readonly<Record<string, Decorated>>

/** Value and context come first. */
const PLAIN_PARAMETERS = 2

/** What is wrong with the parameters of this method, as a sentence; undefined when nothing is. */
export function lookAlikeOn(type: ListenerClass, { methodName, parameters }: ListenerMetadata): string | undefined {
  const first = decoratedOn(type, methodName).find(([, { factory }]) => factory === undefined)
  if (first !== undefined) {
    const [theirs, instead] = LOOK_ALIKES[first[0].split(':')[0]!] ?? OTHER
    return `parameter ${first[1].index + 1} has Nest's own ${theirs}, which says nothing to a listener: ${instead}`
  }
  const [early] = customIndexes(type, methodName)
  if (parameters !== undefined || early === undefined || early >= PLAIN_PARAMETERS) return undefined
  return (
    `parameter ${early + 1} has a decorator of createParamDecorator, where value and context are given: ` +
    "put it after (value, ctx), or import Payload, Key, … from 'kts-kafka' for the others"
  )
}

/** The parameters that decorators of `createParamDecorator` fill in, in the form in which Nest keeps them. */
export function customParameters(type: ListenerClass, methodName: string | symbol): DecoratedParameters {
  return Object.fromEntries(decoratedOn(type, methodName).filter(([, { factory }]) => factory !== undefined))
}

export const customIndexes = (type: ListenerClass, methodName: string | symbol): readonly number[] =>
  Object.values(customParameters(type, methodName)).map(({ index }) => index)

/** By their place. */
function decoratedOn(type: ListenerClass, methodName: string | symbol): readonly (readonly [string, Decorated])[] {
  const decorated = Reflect.getMetadata(ARGUMENTS_KEY, type, methodName) as DecoratedParameters | undefined
  return Object.entries(decorated ?? {}).toSorted(([, a], [, b]) => a.index - b.index)
}
