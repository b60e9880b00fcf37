/**
 * Finds what decorators wrote down, in every provider, controller and module class of the application: `@KafkaListener`
 * methods and `@Topic` declarations. Each class with listeners counts once; what can't work is told, not skipped.
 */
import type { ModulesContainer } from '@nestjs/core'
import { listenersOf, topicsOf, type ListenerClass, type ListenerMetadata } from '../messaging/index.js'
import type { Topic } from '../model/index.js'
import { FeatureTopics } from './feature-topics.js'
import { lookAlikeOn } from './look-alikes.js'
import { DEFAULT_CLUSTER } from './tokens.js'

export type NestModule = ModulesContainer extends Map<string, infer M> ? M : never
/** What Nest keeps about a provider; the type is not exported by its name. */
type InstanceWrapper = NestModule['providers'] extends Map<unknown, infer W> ? W : never

/** A class with listeners, and the place in the application that provides it. */
export interface ListenerHost {
  readonly type: ListenerClass
  readonly listeners: readonly ListenerMetadata[]
  readonly wrapper: InstanceWrapper
  readonly module: NestModule
}

export interface Explored {
  readonly hosts: readonly ListenerHost[]
  readonly topics: readonly { readonly cluster: string; readonly topic: Topic<unknown, unknown> }[]
  /** One sentence each; not empty means that the application must not start. */
  readonly problems: readonly string[]
}

export function explore(modules: Iterable<NestModule>): Explored {
  const hosts = new Map<ListenerClass, ListenerHost[]>()
  const topics: { cluster: string; topic: Topic<unknown, unknown> }[] = []
  const seen = new Set<ListenerClass>()
  for (const module of modules) {
    for (const wrapper of [...module.providers.values(), ...module.controllers.values()]) {
      if (wrapper.isAlias) continue
      const feature = wrapper.instance as unknown
      if (feature instanceof FeatureTopics) topics.push(...feature.declared())
      const type = classOf(wrapper as InstanceWrapper)
      if (type === undefined) continue
      if (!seen.has(type)) topics.push(...topicsOf(type).map((topic) => ({ cluster: DEFAULT_CLUSTER, topic })))
      seen.add(type)
      const listeners = listenersOf(type)
      if (listeners.length === 0) continue
      const host = { type, listeners, wrapper: wrapper as InstanceWrapper, module }
      const others = hosts.get(type)
      if (others === undefined) hosts.set(type, [host])
      else if (!others.some((other) => isSameInstance(other, host))) others.push(host)
    }
  }
  const all = [...hosts.values()]
  return { hosts: all.map(([first]) => first!), topics, problems: all.flatMap(problemsOf) }
}

/** The class of what a provider gives. Unknown only for factories whose product does not exist yet (request scope). */
function classOf(wrapper: InstanceWrapper): ListenerClass | undefined {
  const { metatype, instance } = wrapper
  if (!wrapper.isNotMetatype) return (metatype as ListenerClass | null) ?? undefined
  if (typeof instance !== 'object' || instance === null) return undefined
  const type: unknown = (Object.getPrototypeOf(instance) as { constructor?: unknown } | null)?.constructor
  return typeof type === 'function' && type !== Object ? (type as ListenerClass) : undefined
}

/** A factory that hands on what another provider made is no second listener. */
function isSameInstance(one: ListenerHost, other: ListenerHost): boolean {
  return one.wrapper.isDependencyTreeStatic() && one.wrapper.instance === other.wrapper.instance
}

function problemsOf(hosts: readonly ListenerHost[]): string[] {
  const [{ type, listeners, wrapper }] = hosts as [ListenerHost]
  const problems: string[] = []
  if (hosts.length > 1) {
    const places = hosts.map(({ module, wrapper: { name } }) =>
      name === type.name ? module.metatype.name : `${module.metatype.name} as ${String(name)}`,
    )
    problems.push(
      `${type.name} has @KafkaListener methods and is provided ${hosts.length} times, by ${places.join(' and by ')}: ` +
        'provide it in one module, export it there, and import that module in the others',
    )
  }
  if (wrapper.isTransient) {
    problems.push(
      `${type.name} has @KafkaListener methods and is transient, so there is no instance to call: ` +
        'make it a singleton, or request-scoped for an instance per delivery',
    )
  }
  for (const listener of listeners) {
    const lookAlike = lookAlikeOn(type, listener)
    if (lookAlike !== undefined) problems.push(`${type.name}.${String(listener.methodName)}: ${lookAlike}`)
  }
  return problems
}
