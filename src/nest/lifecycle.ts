/**
 * When things start and stop, relative to the application's own hooks:
 *
 * ```
 * onModuleInit            first  listeners are found and checked, declared topics are created
 * onApplicationBootstrap  last   listeners start: the application is ready for what they bring
 *    …
 * onModuleDestroy         first  listeners stop; handlers at work are waited for, offsets committed
 * onApplicationShutdown   last   templates are flushed and closed: until then anyone may send
 * ```
 *
 * Nest runs its hooks module by module, sorted by a module's `distance`: the farthest first when starting, the nearest
 * first when stopping. So there are two modules here, one placed before and one after all others. No user's
 * `onModuleDestroy`, closing a database say, runs while a handler is at work.
 */
import { Inject, Injectable } from '@nestjs/common'
import type { OnApplicationBootstrap, OnApplicationShutdown, OnModuleDestroy, OnModuleInit } from '@nestjs/common'
import { ApplicationConfig, ModulesContainer } from '@nestjs/core'
import type { KafkaRuntime, MessageListenerContainer } from '../messaging/index.js'
import { KafkaError } from '../model/index.js'
import { KafkaClusters } from './kafka-clusters.js'
import { explore, type Explored, type ListenerHost, type NestModule } from './listener-explorer.js'
import { ListenerInvoker } from './listener-invoker.js'
import { DEFAULT_CLUSTER } from './tokens.js'

/** In the module that comes first when starting. */
@Injectable()
export class KafkaWiring implements OnModuleInit, OnApplicationShutdown {
  private readonly wired = new Set<NestModule>()
  private isWired = false

  constructor(
    @Inject(KafkaClusters) private readonly clusters: KafkaClusters,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(ApplicationConfig) private readonly applicationConfig: ApplicationConfig,
  ) {
    place(modules, KafkaWiring, Number.MAX_VALUE)
  }

  async onModuleInit(): Promise<void> {
    this.isWired = true
    this.wire([...this.modules.values()])
    for (const { runtime } of this.clusters.all) await runtime.prepare()
  }

  /** Finds what modules bring that were loaded late. Resolves when their listeners run, where the others do. */
  async wireLate(modules: readonly NestModule[]): Promise<void> {
    // else they are found with all others
    if (!this.isWired) return
    const containers = this.wire(modules)
    const running = this.clusters.all.filter(({ runtime }) => runtime.state === 'running')
    for (const { runtime } of running) await runtime.prepare()
    const own = new Set(running.flatMap(({ runtime }) => runtime.registry.all))
    await Promise.all(containers.filter((one) => own.has(one) && one.autoStartup).map((one) => one.start()))
  }

  private wire(modules: readonly NestModule[]): readonly MessageListenerContainer[] {
    const before = explore(this.wired)
    const found = explore(new Set([...this.wired, ...modules]))
    const problems = [...found.problems, ...this.unknownClusters(found)]
    if (problems.length > 0) throw new KafkaError('config', problems.join('\n'))
    for (const module of modules) this.wired.add(module)
    const isNew = ({ cluster, topic }: Explored['topics'][number]): boolean =>
      !before.topics.some((other) => other.topic === topic && other.cluster === cluster)
    for (const { cluster, topic } of found.topics.filter(isNew)) this.runtime(cluster).declareTopics(topic)
    const known = new Set(before.hosts.map(({ type }) => type))
    return found.hosts.filter(({ type }) => !known.has(type)).flatMap((host) => this.listenTo(host))
  }

  private listenTo(host: ListenerHost): readonly MessageListenerContainer[] {
    return host.listeners.map((listener) => {
      const { runtime, options } = this.clusters.find(listener.options.cluster ?? DEFAULT_CLUSTER)!
      const globals = options.globalEnhancers === true ? this.applicationConfig : undefined
      return runtime.addListener({
        topics: listener.topics,
        options: listener.options,
        handler: new ListenerInvoker(this.modules, globals).handlerFor(host, listener),
        source: `${host.type.name}.${String(listener.methodName)}`,
      })
    })
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.clusters.all.map(({ runtime }) => runtime.stop()))
  }

  private runtime(cluster: string): KafkaRuntime {
    return this.clusters.find(cluster)!.runtime
  }

  private unknownClusters({ hosts, topics }: Explored): string[] {
    const wanted = [
      ...topics.map(({ cluster, topic }) => ({ cluster, what: `topic ${topic.name}` })),
      ...hosts.flatMap(({ type, listeners }) =>
        listeners.map(({ methodName, options }) => ({
          cluster: options.cluster ?? DEFAULT_CLUSTER,
          what: `${type.name}.${String(methodName)}`,
        })),
      ),
    ]
    const known = this.clusters.all.map(({ name }) => `'${name}'`).join(', ')
    return wanted
      .filter(({ cluster }) => this.clusters.find(cluster) === undefined)
      .map(({ cluster, what }) => `${what} is for the cluster '${cluster}', which is not configured; known: ${known}`)
  }
}

/** In the module that comes last when starting. */
@Injectable()
export class KafkaListening implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    @Inject(KafkaClusters) private readonly clusters: KafkaClusters,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    place(modules, KafkaListening, Number.MIN_SAFE_INTEGER)
  }

  async onApplicationBootstrap(): Promise<void> {
    for (const { runtime } of this.clusters.all) await runtime.start()
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.clusters.all.flatMap(({ runtime }) => runtime.registry.all.map((one) => one.stop())))
  }
}

/** Gives the module that holds this provider its place in the order of hooks; Nest sorts once, before the first hook. */
function place(
  modules: ModulesContainer,
  provider: typeof KafkaWiring | typeof KafkaListening,
  distance: number,
): void {
  for (const module of modules.values()) if (module.providers.has(provider)) module.distance = distance
}
