/**
 * `kafkaModule(...)`: a cluster as a container module of inversify 8.
 *
 * ```ts
 * await container.loadAsync(kafkaModule({ bootstrapServers, listeners: [Billing] }))
 * const kafka = await container.getAsync(Kafka)
 * await kafka.start()
 *    …
 * await container.unbindAllAsync()   // or kafka.stop(): drains listeners, then closes templates
 * ```
 *
 * Loading binds and resolves nothing, so modules may be loaded in any order. `getAsync(Kafka)` resolves the listener
 * classes, through whose constructors everything that they need is made before the first record comes.
 */
import 'reflect-metadata'
import { ContainerModule } from 'inversify'
import type { ResolutionContext, ServiceIdentifier } from 'inversify'
import {
  kafka,
  KafkaAdmin,
  KafkaListenerEndpointRegistry,
  KafkaTemplate,
  listenersOf,
  methodHandler,
  referenceName,
  topicsOf,
  type KafkaConfig,
  type KafkaRuntime,
  type KafkaServices,
  type ListenerClass,
  type Resolver,
} from '../messaging/index.js'
import { KafkaError } from '../model/index.js'
import { DEFAULT_CLUSTER, kafkaTemplateToken, kafkaToken } from './tokens.js'

/** The configuration of a cluster, and its listener classes. */
export interface KafkaModuleOptions extends KafkaConfig, Omit<KafkaServices, 'resolver'> {
  /**
   * Classes with `@KafkaListener` methods. One that is bound is resolved by its binding; else it is constructed by the
   * container. Of a class with listeners for several clusters, those that name another cluster are left to that one.
   */
  listeners?: readonly ListenerClass[] | undefined
}

/** Options made from what the container holds. */
export interface KafkaModuleFactory {
  /** The cluster's name, needed before the options are there. Default `'default'`. */
  name?: string | undefined
  /** Names of the options' `templates`, needed here for the same reason. */
  templates?: readonly string[] | undefined
  /** Called once, when the cluster is first asked for. */
  options: (context: ResolutionContext) => KafkaModuleOptions | Promise<KafkaModuleOptions>
}

/** What a cluster is before its listeners are resolved: listeners may have its template injected. */
interface Cluster {
  readonly runtime: KafkaRuntime
  readonly listeners: readonly ListenerClass[]
  /** By class: an option that names a listener's own class means the one that listens, whatever the scope of its binding. */
  readonly instances: Map<unknown, object>
}

/** Options, or how to make them from what the container holds: `{ options: async (context) => … }`. */
export function kafkaModule(given: KafkaModuleOptions | KafkaModuleFactory): ContainerModule {
  const isFactory = 'options' in given
  const name = given.name ?? DEFAULT_CLUSTER
  const templates = isFactory ? (given.templates ?? []) : Object.keys(given.templates ?? {})
  const cluster = Symbol.for(`kts-kafka.cluster(${name})`)

  return new ContainerModule(({ bind, isBound }) => {
    if (isBound(cluster)) {
      throw new KafkaError(
        'config',
        `kafkaModule is loaded twice for the cluster '${name}': give the second one a name`,
      )
    }
    const create = (context: ResolutionContext, options: KafkaModuleOptions): Cluster =>
      createCluster(name, options, context)
    bind<Cluster>(cluster)
      .toDynamicValue((context): Cluster | Promise<Cluster> => {
        if (!isFactory) return create(context, given)
        const options = given.options(context)
        return options instanceof Promise ? options.then((them) => create(context, them)) : create(context, options)
      })
      .inSingletonScope()
      .onDeactivation(({ runtime }) => runtime.stop())

    bind(kafkaToken(name))
      .toDynamicValue(async (context) => {
        const resolved = await context.getAsync<Cluster>(cluster)
        await addListeners(resolved, context)
        return resolved.runtime
      })
      .inSingletonScope()

    const part = <T>(token: ServiceIdentifier<T>, of: (runtime: KafkaRuntime) => T): void => {
      bind(token)
        .toResolvedValue(({ runtime }: Cluster) => of(runtime), [cluster])
        .inSingletonScope()
    }
    part(kafkaTemplateToken(undefined, name), ({ template }) => template)
    for (const template of templates)
      part(kafkaTemplateToken(template, name), (runtime) => runtime.templateNamed(template))
    if (name !== DEFAULT_CLUSTER) return
    part(KafkaTemplate, ({ template }) => template)
    part(KafkaListenerEndpointRegistry, ({ registry }) => registry)
    part(KafkaAdmin, ({ admin }) => admin)
  })
}

function createCluster(name: string, options: KafkaModuleOptions, context: ResolutionContext): Cluster {
  const { listeners = [], log, clock, random, env, ...config } = options
  if (config.name !== undefined && config.name !== name) {
    throw new KafkaError('config', `kafkaModule has name '${name}' and its options '${config.name}': make them agree`)
  }
  const twice = listeners.find((type, index) => listeners.indexOf(type) !== index)
  if (twice !== undefined) throw new KafkaError('config', `listeners of kafkaModule: ${twice.name} is there twice`)
  const instances = new Map<unknown, object>()
  const resolver = containerResolver(context, instances)
  const runtime = kafka({ ...config, name }, { log, clock, random, env, resolver })
  return { runtime, listeners, instances }
}

async function addListeners({ runtime, listeners, instances }: Cluster, context: ResolutionContext): Promise<void> {
  for (const type of listeners) {
    const own = listenersOf(type).filter(({ options }) => (options.cluster ?? runtime.name) === runtime.name)
    if (own.length === 0) {
      throw new KafkaError(
        'config',
        `listeners of kafkaModule: ${type.name} has no @KafkaListener method for the cluster '${runtime.name}'`,
      )
    }
    runtime.declareTopics(...topicsOf(type))
    const instance = await context.getAsync(type as ServiceIdentifier<object>, { autobind: true })
    instances.set(type, instance)
    for (const listener of own) {
      runtime.addListener({
        topics: listener.topics,
        options: listener.options,
        handler: methodHandler(instance, listener),
        source: `${type.name}.${String(listener.methodName)}`,
      })
    }
  }
}

function containerResolver(context: ResolutionContext, instances: ReadonlyMap<unknown, object>): Resolver {
  return {
    async resolve(token) {
      const listener = instances.get(token)
      if (listener !== undefined) return listener
      try {
        return await context.getAsync<unknown>(token)
      } catch (error) {
        throw new KafkaError('config', `the container can't give ${referenceName(token)}: bind it`, { cause: error })
      }
    },
  }
}
