/** `kafka(config)`: the function API, and what the adapters build on. */
import { assert } from '../base/assert.js'
import { wallClock } from '../base/clock.js'
import type { Clock } from '../base/clock.js'
import type { Log } from '../base/log.js'
import { stderrLog } from '../base/stderr-log.js'
import { systemRandom } from '../base/random.js'
import type { Random } from '../base/random.js'
import type { AdminPort, KafkaDriver } from '../client/port.js'
import { KafkaError } from '../model/index.js'
import type { Topic } from '../model/index.js'
import { DeclaredTopics } from './admin/declared-topics.js'
import { KafkaAdmin } from './admin/kafka-admin.js'
import { clusterSettings, DEFAULT_TEMPLATE } from './config/cluster-settings.js'
import { configError } from './config/rules.js'
import type { ClusterSettings } from './config/cluster-settings.js'
import { listenerProblems, openDriver } from './config/driver.js'
import { processEnv, resolveValue } from './config/env.js'
import type { Env } from './config/env.js'
import type { KafkaConfig, KafkaServices } from './config/kafka-config.js'
import { plainResolver } from './config/reference.js'
import type { Resolver } from './config/reference.js'
import { errorMessage } from './error/cause-chain.js'
import { EventHub } from './events.js'
import type { KafkaEventName, KafkaEvents } from './events.js'
import type { KafkaHealth, KafkaRuntime, ListenerEndpoint, RuntimeState } from './kafka-runtime.js'
import type { Delivered } from './decorators/method-handler.js'
import { KafkaListenerEndpointRegistry } from './listener/endpoint-registry.js'
import type { NamedSource, TypedSource } from './listener/handlers.js'
import { ListenerContainer } from './listener/listener-container.js'
import { listenedTo } from './listener/listener-declaration.js'
import type { TopicsOf } from './listener/listener-declaration.js'
import type { AnyListenerOptions, ManualListenerOptions } from './listener/listener-options.js'
import { listenerSettings, planListener } from './listener/listener-plan.js'
import type { ListenerPlan } from './listener/listener-plan.js'
import type { ListenerSettings } from './listener/listener-settings.js'
import type { MessageListenerContainer } from './listener/message-listener-container.js'
import { openTemplate } from './template/open-template.js'
import type { KafkaTemplate } from './template/kafka-template.js'
import type { TransactionalProducers } from './transaction/transactional-producers.js'

/** Throws one KafkaError of kind `config` that lists everything wrong with the configuration. Connects to nothing yet. */
export function kafka(config: KafkaConfig, services: KafkaServices = {}): KafkaRuntime {
  return new Runtime(config, clusterSettings(config), services)
}

type AnyTopic = Topic<unknown, unknown>

class Runtime implements KafkaRuntime {
  readonly name: string
  readonly registry = new KafkaListenerEndpointRegistry()
  readonly admin: KafkaAdmin
  state: RuntimeState = 'created'
  private readonly templates = new Map<string, KafkaTemplate>()
  /** Also those that the registry has forgotten, until they are stopped. */
  private readonly containers = new Set<ListenerContainer>()
  private readonly topics: DeclaredTopics
  private readonly events: EventHub
  private readonly clock: Clock
  private readonly random: Random
  private readonly log: Log
  private readonly env: Env
  private readonly resolver: Resolver
  private driver: Promise<KafkaDriver> | undefined
  private adminPort: Promise<AdminPort> | undefined
  private readonly checked = new Set<ListenerContainer>()
  /** What is declared, checked and created; anything new unsets it. */
  private preparing: Promise<void> | undefined
  private starting: Promise<void> | undefined
  private stopping: Promise<void> | undefined
  private life = new AbortController()

  constructor(
    private readonly config: KafkaConfig,
    private readonly settings: ClusterSettings,
    services: KafkaServices,
  ) {
    this.name = settings.name
    this.clock = services.clock ?? wallClock()
    this.random = services.random ?? systemRandom
    this.log = services.log ?? stderrLog('warn')
    this.env = services.env ?? processEnv
    this.resolver = services.resolver ?? plainResolver
    this.events = new EventHub((error, name) =>
      this.log.error(`a listener of event ${name} failed: ${errorMessage(error)}`, { error }),
    )
    this.admin = new KafkaAdmin(() => this.openAdmin(), settings.admin, this.log)
    const policy = { ...settings.admin, startup: settings.startup }
    this.topics = new DeclaredTopics(settings.topics, this.admin, policy, { clock: this.clock, log: this.log })
    for (const [name, template] of settings.templates) {
      this.templates.set(
        name,
        openTemplate(name, template, {
          driver: () => this.openDriver(),
          clock: this.clock,
          random: this.random,
          log: this.log,
          resolver: this.resolver,
          connection: settings.connection,
          consumer: settings.consumer,
          topicNamed: (topic) => this.topics.named(topic),
        }),
      )
    }
  }

  get template(): KafkaTemplate {
    return this.templates.get(DEFAULT_TEMPLATE)!
  }

  templateNamed(name: string): KafkaTemplate {
    const found = this.templates.get(name)
    if (found !== undefined) return found
    const known = [...this.templates.keys()].join(', ')
    throw new KafkaError('config', `cluster '${this.name}' has no template '${name}'; there are ${known}`)
  }

  declareTopics(...topics: readonly AnyTopic[]): void {
    this.topics.add(...topics)
    this.preparing = undefined
  }

  listen(
    given: TopicsOf<TypedSource> | (AnyListenerOptions & ManualListenerOptions<NamedSource | string>),
    ...rest: readonly unknown[]
  ): MessageListenerContainer {
    const handler = rest.at(-1) as (value: never, ctx: never) => unknown
    const { topics, options } = listenedTo(given, rest.length > 1 ? (rest[0] as AnyListenerOptions) : {})
    const source = nameOf(resolveValue(topics, this.env))
    if (typeof handler !== 'function') throw configError(`listener ${source}`, ['it has no function to call'])
    return this.addListener({ topics, options, handler: handler as Delivered, source })
  }

  addListener(endpoint: ListenerEndpoint): MessageListenerContainer {
    const plan = planListener(endpoint, {
      cluster: this.settings,
      env: this.env,
      topicNamed: (name) => this.topics.named(name),
      uniqueId: (wanted) => this.uniqueId(wanted),
    })
    const container = new ListenerContainer(plan, (own) => this.decide(own), {
      clock: this.clock,
      log: this.log.child({ listener: plan.id }),
      events: this.events,
      startup: this.settings.startup,
      consumer: async (options) => (await this.openDriver()).consumer(options),
      admin: () => this.openAdmin(),
      transactions: (template) => this.transactionsOf(template),
    })
    this.registry.register(container)
    this.forgetUnregistered()
    this.containers.add(container)
    this.topics.add(...plan.typedTopics)
    this.preparing = undefined
    if (this.state === 'running' && plan.autoStartup) {
      this.startLate(container).catch((error: unknown) => this.log.error(errorMessage(error), { error }))
    }
    return container
  }

  // ── life ──

  async prepare(): Promise<void> {
    if (this.state === 'stopped') this.revive()
    const { signal } = this.life
    // what is added meanwhile is to be prepared as well
    do await (this.preparing ??= this.checkAndCreate())
    while (this.preparing === undefined && !signal.aborted)
  }

  private async checkAndCreate(): Promise<void> {
    try {
      await this.openDriver()
      await this.prepareListeners()
      await this.topics.create(this.life.signal)
    } catch (error) {
      if (this.life.signal.aborted) return
      // what comes late and is wrong does not end what runs
      if (this.state === 'running') this.preparing = undefined
      else await this.stop()
      throw error
    }
  }

  async start(): Promise<void> {
    if (this.stopping !== undefined) await this.stopping
    if (this.state === 'running') return
    this.starting ??= this.begin().finally(() => (this.starting = undefined))
    await this.starting
  }

  private async begin(): Promise<void> {
    if (this.state === 'stopped') this.revive()
    this.state = 'starting'
    const started = new Set<ListenerContainer>()
    const wanted = (): ListenerContainer[] =>
      [...this.containers].filter((container) => container.autoStartup && !started.has(container))
    // one may be added meanwhile
    do {
      await this.prepare()
      if (this.life.signal.aborted) return
      const now = wanted()
      try {
        await Promise.all(now.map((container) => started.add(container) && container.start()))
      } catch (error) {
        if (this.life.signal.aborted) return
        await this.stop()
        throw error
      }
      if (this.life.signal.aborted) return
    } while (wanted().length > 0)
    this.state = 'running'
  }

  /** What was stopped may start again. */
  private revive(): void {
    this.state = 'created'
    this.life = new AbortController()
    this.preparing = undefined
    for (const template of this.templates.values()) template.reopen()
  }

  /** A listener that came when all others ran. */
  private async startLate(container: ListenerContainer): Promise<void> {
    await container.prepare()
    await this.topics.create(this.life.signal)
    await container.start()
  }

  private async prepareListeners(): Promise<void> {
    const problems: string[] = []
    for (const container of this.containers) {
      // of those that come when others run already, each once: what is wrong with one is not said of the next
      if (this.state === 'running' && this.checked.has(container)) continue
      this.checked.add(container)
      await container.prepare().catch((error: unknown) => problems.push(errorMessage(error)))
    }
    if (problems.length > 0) throw configError(`Kafka cluster '${this.name}'`, problems)
  }

  private async decide(plan: ListenerPlan): Promise<ListenerSettings> {
    const decided = await listenerSettings(plan, this.settings, this.resolver)
    const { transactional } = decided
    const problems = listenerProblems(await this.openDriver(), decided)
    if (transactional !== undefined && !this.templates.get(transactional)?.isTransactional) {
      const known = this.templates.has(transactional)
      problems.push(
        known
          ? `its transactions are those of template '${transactional}', which has no transactionIdPrefix`
          : `transactional '${transactional}': there is no template of that name`,
      )
    }
    if (problems.length > 0) throw configError(`listener ${plan.source}`, problems)
    decided.errorHandler.bind?.({ template: this.templateNamed(transactional ?? DEFAULT_TEMPLATE) })
    this.topics.add(...plan.typedTopics.flatMap((topic) => decided.errorHandler.topicsFor?.(topic) ?? []))
    return decided
  }

  private transactionsOf(template: string): TransactionalProducers {
    const { transactionalProducers } = this.templateNamed(template)
    assert(transactionalProducers !== undefined, `template '${template}' is not transactional`)
    return transactionalProducers
  }

  stop(timeoutMs?: number): Promise<void> {
    if (this.state === 'stopped') return Promise.resolve()
    this.stopping ??= this.end(timeoutMs).finally(() => (this.stopping = undefined))
    return this.stopping
  }

  /** Listeners first: handlers that are finishing may still send. */
  private async end(timeoutMs: number | undefined): Promise<void> {
    this.state = 'stopping'
    this.life.abort(new KafkaError('closed', `Kafka cluster '${this.name}' stops`))
    const attempt = (what: string, work: Promise<unknown>): Promise<unknown> =>
      work.catch((error: unknown) => this.log.error(`${what} did not close: ${errorMessage(error)}`, { error }))
    await Promise.all(
      [...this.containers].map((container) => attempt(`listener ${container.id}`, container.stop(timeoutMs))),
    )
    await Promise.all([...this.templates].map(([name, template]) => attempt(`template '${name}'`, template.close())))
    if (this.adminPort !== undefined)
      await attempt(
        'the admin client',
        this.adminPort.then((port) => port.close()),
      )
    this.adminPort = undefined
    if (this.driver !== undefined)
      await attempt(
        'the driver',
        this.driver.then((driver) => driver.close()),
      )
    this.preparing = undefined
    this.state = 'stopped'
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  health(): KafkaHealth {
    this.forgetUnregistered()
    const shouldRun = ({ autoStartup, stopReason }: ListenerContainer): boolean =>
      this.state === 'running' && autoStartup && stopReason !== 'NORMAL'
    const listeners = [...this.containers].map((container) => ({
      id: container.id,
      state: container.state,
      ok: container.isInExpectedState && (container.isRunning || !shouldRun(container)),
      assignedPartitions: container.assignedPartitions.length,
      stopReason: container.stopReason,
      error: container.lastError?.message,
    }))
    return { ok: listeners.every(({ ok }) => ok), state: this.state, listeners }
  }

  on<N extends KafkaEventName>(name: N, listener: (event: KafkaEvents[N]) => void): () => void {
    return this.events.on(name, listener)
  }

  // ── parts ──

  private openDriver(): Promise<KafkaDriver> {
    this.driver ??= openDriver(this.config.driver, this.settings, {
      clock: this.clock,
      random: this.random,
      log: this.log,
    })
    return this.driver
  }

  private openAdmin(): Promise<AdminPort> {
    if (this.adminPort !== undefined) return this.adminPort
    const opening = this.openDriver().then(async (driver) => {
      const port = driver.admin()
      await port.connect()
      return port
    })
    this.adminPort = opening
    // the next caller tries again
    opening.catch(() => (this.adminPort = undefined))
    return opening
  }

  private forgetUnregistered(): void {
    for (const container of this.containers) {
      const isStopped = container.state === 'stopped' || container.state === 'created'
      if (isStopped && this.registry.find(container.id) !== container) this.containers.delete(container)
    }
  }

  private uniqueId(wanted: string): string {
    if (this.registry.find(wanted) === undefined) return wanted
    for (let n = 2; ; n++) if (this.registry.find(`${wanted}#${n}`) === undefined) return `${wanted}#${n}`
  }
}

/** What a listener is called that has no id. Of what is not a topic at all the plan will say so. */
function nameOf(topics: TopicsOf<TypedSource> | undefined): string {
  const isList = Array.isArray as (value: unknown) => value is readonly (TypedSource | string)[]
  if (isList(topics)) return topics.map(nameOf).join(',')
  if (typeof topics === 'string') return topics
  if (topics instanceof RegExp) return topics.source
  if (typeof topics !== 'object') return String(topics)
  return 'name' in topics ? String(topics.name) : 'pattern' in topics ? String(topics.pattern) : 'listener'
}
