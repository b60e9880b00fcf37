/**
 * Nest has parameter decorators of its own that read like ours (`@Payload` of @nestjs/microservices, `@Headers` and `@Body`
 * of @nestjs/common). On a listener they would do nothing at all, so they are refused, with the right import named.
 */
import 'reflect-metadata'
import { Body } from '@nestjs/common'
import type { ListenerClass } from '../messaging/index.js'

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

/** What is wrong with the parameters of this method, as a sentence; undefined when nothing is. */
export function lookAlikeOn(type: ListenerClass, methodName: string | symbol): string | undefined {
  const decorated = Reflect.getMetadata(ARGUMENTS_KEY, type, methodName) as
    | Readonly<Record<string, { readonly index: number }>>
    | undefined
  const [first] = Object.entries(decorated ?? {}).toSorted(([, a], [, b]) => a.index - b.index)
  if (first === undefined) return undefined
  const [theirs, instead] = LOOK_ALIKES[first[0].split(':')[0]!] ?? OTHER
  return `parameter ${first[1].index + 1} has Nest's own ${theirs}, which says nothing to a listener: ${instead}`
}
