import { Controller, Inject, Injectable, Module } from '@nestjs/common'
import type { Logger, OnApplicationBootstrap, OnModuleDestroy, OnModuleInit } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import type { TestingModule } from '@nestjs/testing'
import { Body } from '@nestjs/common'
import { Payload as NestPayload } from '@nestjs/microservices'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  DefaultErrorHandler,
  json,
  KafkaAdmin,
  KafkaListener,
  KafkaListenerEndpointRegistry,
  KafkaTemplate,
  string,
  Topic,
  topic,
} from '../index.js'
import type { Env, KafkaConfig, KafkaRuntime, ListenerContext } from '../index.js'
import { MemoryCluster, memoryDriver } from '../testing/memory-driver/index.js'
import {
  getKafkaTemplateToken,
  getKafkaToken,
  InjectKafkaTemplate,
  KafkaHealthIndicator,
  KafkaModule,
} from './index.js'

interface Order {
  id: string
}
const Orders = topic('orders', { value: json<Order>(), partitions: 3 })
const Refunds = topic('refunds', { value: json<Order>(), partitions: 2 })

const onMemory = (cluster: MemoryCluster): KafkaConfig => ({
  bootstrapServers: 'memory:9092',
  driver: memoryDriver(cluster),
  topics: [Orders],
  consumer: { autoOffsetReset: 'earliest' },
})

let app: TestingModule | undefined
afterEach(async () => {
  await app?.close()
  app = undefined
})

/** An application of the given modules and providers on a cluster in memory, started. */
async function start(
  parts: {
    imports?: (new () => object)[]
    providers?: (new (...args: never[]) => object)[]
    controllers?: (new (...args: never[]) => object)[]
    config?: Partial<KafkaConfig>
    cluster?: MemoryCluster
    logger?: Partial<Logger>
  } = {},
): Promise<{ app: TestingModule; cluster: MemoryCluster; template: KafkaTemplate }> {
  const cluster = parts.cluster ?? new MemoryCluster()
  const builder = Test.createTestingModule({
    imports: [KafkaModule.forRoot({ ...onMemory(cluster), ...parts.config }), ...(parts.imports ?? [])],
    providers: parts.providers ?? [],
    controllers: parts.controllers ?? [],
  })
  builder.setLogger((parts.logger ?? false) as Logger)
  app = await builder.compile()
  await app.init()
  return { app, cluster, template: app.get(KafkaTemplate) }
}

describe('KafkaModule', () => {
  it('delivers to a listener what an injected template sends', async () => {
    @Injectable()
    class Billing {
      readonly seen: [Order, number][] = []
      constructor(@Inject(KafkaTemplate) private readonly kafka: KafkaTemplate) {}

      place(order: Order): Promise<unknown> {
        return this.kafka.send(Orders, order, { key: order.id })
      }

      @KafkaListener(Orders, { groupId: 'billing' })
      bill(order: Order, ctx: ListenerContext): void {
        this.seen.push([order, ctx.attempt])
      }
    }
    const { app } = await start({ providers: [Billing] })
    const billing = app.get(Billing)
    await billing.place({ id: '7' })
    await vi.waitFor(() => expect(billing.seen).toEqual([[{ id: '7' }, 1]]))
  })

  it('finds listeners on providers and controllers, each once, through re-exports and aliases', async () => {
    const seen: string[] = []
    @Injectable()
    class Shared {
      @KafkaListener(Orders, { groupId: 'shared' })
      on(order: Order): void {
        seen.push(`shared ${order.id}`)
      }
    }
    @Controller()
    class OrdersController {
      @KafkaListener(Orders, { groupId: 'controller' })
      on(order: Order): void {
        seen.push(`controller ${order.id}`)
      }
    }
    @Module({ providers: [Shared, { provide: 'alias', useExisting: Shared }], exports: [Shared, 'alias'] })
    class SharedModule {}
    @Module({
      imports: [SharedModule],
      exports: [SharedModule],
      providers: [{ provide: 'made', useFactory: (it: Shared) => it, inject: [Shared] }],
    })
    class FeatureModule {}
    const { app, template } = await start({ imports: [SharedModule, FeatureModule], controllers: [OrdersController] })
    expect(
      app
        .get(KafkaListenerEndpointRegistry)
        .all.map(({ groupId }) => groupId)
        .toSorted(),
    ).toEqual(['controller', 'shared'])
    await template.send(Orders, { id: '1' })
    await vi.waitFor(() => expect(seen.toSorted()).toEqual(['controller 1', 'shared 1']))
  })

  it('refuses a listener class that two modules provide, naming both', async () => {
    @Injectable()
    class Billing {
      @KafkaListener(Orders, { groupId: 'billing' })
      on(): void {}
    }
    @Module({ providers: [Billing] })
    class OrdersModule {}
    @Module({ providers: [Billing] })
    class InvoicesModule {}
    await expect(start({ imports: [OrdersModule, InvoicesModule] })).rejects.toThrow(
      /Billing has @KafkaListener methods and is provided 2 times, by OrdersModule and by InvoicesModule/,
    )
  })

  it("refuses Nest's own parameter decorators, naming the right import", async () => {
    @Injectable()
    class Mistaken {
      @KafkaListener(Orders, { groupId: 'a' })
      rpc(@NestPayload() order: Order): void {
        void order
      }
      @KafkaListener(Orders, { groupId: 'b' })
      http(_value: Order, @Body() order: Order): void {
        void order
      }
    }
    const started = start({ providers: [Mistaken] })
    await expect(started).rejects.toThrow("Mistaken.rpc: parameter 1 has Nest's own @Payload or @Body")
    await expect(started).rejects.toThrow("Mistaken.http: parameter 2 has Nest's own @Payload or @Body")
    await expect(started).rejects.toThrow("import { Payload } from 'kts-kafka'")
  })

  it('creates topics before any hook of the application, and starts listeners after all of them', async () => {
    const cluster = new MemoryCluster({ autoCreateTopics: false })
    const log: string[] = []
    @Topic(Refunds)
    @Injectable()
    class Early implements OnModuleInit, OnApplicationBootstrap {
      constructor(
        @Inject(KafkaTemplate) private readonly kafka: KafkaTemplate,
        @Inject(KafkaListenerEndpointRegistry) private readonly registry: KafkaListenerEndpointRegistry,
      ) {}

      async onModuleInit(): Promise<void> {
        log.push(`init: ${cluster.topicNames.toSorted().join(' ')}`)
        await this.kafka.send(Refunds, { id: '1' })
      }

      async onApplicationBootstrap(): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve, 20))
        log.push(`bootstrap: ${this.registry.all.map(({ state }) => state).join(' ')}`)
      }

      @KafkaListener(Refunds, { groupId: 'early' })
      on(order: Order): void {
        log.push(`handled ${order.id}`)
      }
    }
    @Module({ providers: [Early] })
    class Deep {}
    @Module({ imports: [Deep] })
    class EarlyModule {}
    await start({ imports: [EarlyModule], cluster })
    await vi.waitFor(() => expect(log).toEqual(['init: orders refunds', 'bootstrap: created', 'handled 1']))
    expect(cluster.topic('refunds')?.partitions).toHaveLength(2)
  })

  it('drains listeners before any onModuleDestroy of the application, which may still send', async () => {
    const cluster = new MemoryCluster()
    const log: string[] = []
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    @Injectable()
    class Slow {
      @KafkaListener(Orders, { groupId: 'slow' })
      async on(): Promise<void> {
        log.push('begun')
        await held
        log.push('done')
      }
    }
    @Injectable()
    class Database implements OnModuleDestroy {
      constructor(@Inject(KafkaTemplate) private readonly kafka: KafkaTemplate) {}
      async onModuleDestroy(): Promise<void> {
        log.push('database closed')
        await this.kafka.send(Refunds, { id: 'last' })
      }
    }
    const { app: running, template } = await start({ providers: [Database, Slow], cluster })
    const sent = await template.send(Orders, { id: '1' })
    await vi.waitFor(() => expect(log).toEqual(['begun']))
    const closed = running.close()
    app = undefined
    setTimeout(release, 20)
    await closed
    expect(log).toEqual(['begun', 'done', 'database closed'])
    expect(cluster.records('refunds')).toHaveLength(1)
    expect(cluster.committed('slow', sent.metadata)).toBe(1)
    await expect(template.send(Orders, { id: '2' })).rejects.toThrow(/closed/)
  })

  it('takes its options from a factory, a class, or a provider of another module', async () => {
    const cluster = new MemoryCluster()
    @Injectable()
    class Settings {
      createKafkaOptions(): KafkaConfig {
        return { ...onMemory(cluster), templates: { strings: { value: string() } } }
      }
    }
    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    const forms = [
      KafkaModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: (settings: Settings) => settings.createKafkaOptions(),
        templates: ['strings'],
      }),
      KafkaModule.forRootAsync({ useClass: Settings, templates: ['strings'] }),
      KafkaModule.forRootAsync({ imports: [SettingsModule], useExisting: Settings, templates: ['strings'] }),
    ]
    for (const form of forms) {
      const app = await Test.createTestingModule({ imports: [form] }).compile()
      await app.init()
      await app.get<KafkaTemplate>(getKafkaTemplateToken('strings')).send('words', 'hello')
      await app.close()
    }
    expect(cluster.records('words').map(({ value }) => value?.toString())).toEqual(['hello', 'hello', 'hello'])
  })

  it('keeps several clusters apart, each with its templates and listeners', async () => {
    const [one, two] = [new MemoryCluster(), new MemoryCluster()]
    const seen: string[] = []
    @Injectable()
    class Bridge {
      constructor(
        @Inject(KafkaTemplate) readonly here: KafkaTemplate,
        @InjectKafkaTemplate(undefined, 'analytics') readonly there: KafkaTemplate,
        @InjectKafkaTemplate('raw', 'analytics') readonly raw: KafkaTemplate,
      ) {}
      @KafkaListener(Orders, { groupId: 'here' })
      async onHere(order: Order): Promise<void> {
        seen.push(`here ${order.id}`)
        await this.there.send(Orders, order)
      }
      @KafkaListener(Orders, { groupId: 'there', cluster: 'analytics' })
      onThere(order: Order): void {
        seen.push(`there ${order.id}`)
      }
    }
    app = await Test.createTestingModule({
      imports: [
        KafkaModule.forRoot(onMemory(one)),
        KafkaModule.forRoot({ ...onMemory(two), name: 'analytics', templates: { raw: { value: string() } } }),
        KafkaModule.forFeature([Refunds], 'analytics'),
      ],
      providers: [Bridge],
    }).compile()
    await app.init()
    await app.get(Bridge).here.send(Orders, { id: '1' })
    await vi.waitFor(() => expect(seen).toEqual(['here 1', 'there 1']))
    expect(two.topicNames.toSorted()).toEqual(['orders', 'refunds'])
    expect(one.topicNames).toEqual(['orders'])
    expect(app.get<KafkaRuntime>(getKafkaToken('analytics')).name).toBe('analytics')
  })

  it('refuses what is for a cluster that is not there, and a cluster that is configured twice', async () => {
    @Injectable()
    class Lost {
      @KafkaListener(Orders, { groupId: 'lost', cluster: 'elsewhere' })
      on(): void {}
    }
    await expect(start({ providers: [Lost] })).rejects.toThrow(
      "Lost.on is for the cluster 'elsewhere', which is not configured; known: 'default'",
    )
    const config = onMemory(new MemoryCluster())
    const twice = Test.createTestingModule({
      imports: [KafkaModule.forRoot(config), KafkaModule.forRoot({ ...config })],
    })
    await expect(twice.setLogger(false as never).compile()).rejects.toThrow(/imported twice for the cluster 'default'/)
  })

  it("resolves options that name a class by the application's container, and env by its ConfigService", async () => {
    @Injectable()
    class Audit {
      readonly failures: string[] = []
    }
    @Injectable()
    class AuditingErrorHandler extends DefaultErrorHandler {
      constructor(@Inject(Audit) audit: Audit) {
        super({
          attempts: 1,
          recoverer: ({ record, error }) => void audit.failures.push(`${record.topic} ${String(error)}`),
        })
      }
    }
    @Injectable()
    class ConfigService implements Env {
      get(name: string): string | undefined {
        return name === 'GROUP' ? 'from-config' : undefined
      }
    }
    @Injectable()
    class Failing {
      @KafkaListener(Orders, { groupId: (env) => env.get('GROUP') ?? 'none', errorHandler: AuditingErrorHandler })
      on(): void {
        throw new RangeError('no')
      }
    }
    const { app, template } = await start({ providers: [Audit, AuditingErrorHandler, ConfigService, Failing] })
    expect(app.get(KafkaListenerEndpointRegistry).all[0]?.groupId).toBe('from-config')
    await template.send(Orders, { id: '1' })
    await vi.waitFor(() => expect(app.get(Audit).failures).toHaveLength(1))
    expect(app.get(Audit).failures[0]).toContain('orders')
  })

  it("says so when an option's class is no provider", async () => {
    class Unprovided extends DefaultErrorHandler {}
    @Injectable()
    class Failing {
      @KafkaListener(Orders, { groupId: 'g', errorHandler: Unprovided })
      on(): void {}
    }
    await expect(start({ providers: [Failing] })).rejects.toThrow('Unprovided is not a provider of this application')
  })

  it("tells listeners' health as terminus takes it", async () => {
    @Injectable()
    class Billing {
      @KafkaListener(Orders, { groupId: 'billing', id: 'bill' })
      on(): void {}
    }
    const { app } = await start({ providers: [Billing] })
    const health = app.get(KafkaHealthIndicator).check()
    expect(health).toMatchObject({ kafka: { status: 'up', listeners: { bill: { state: 'running', ok: true } } } })
  })

  it("logs through Nest's logger", async () => {
    const lines: unknown[][] = []
    const write = (...args: unknown[]): void => void lines.push(args)
    @Injectable()
    class Failing {
      @KafkaListener(Orders, { groupId: 'g', errorHandler: new DefaultErrorHandler({ attempts: 1 }) })
      on(): void {
        throw new RangeError('nope')
      }
    }
    const logger = { log: write, warn: write, error: write, debug: write, verbose: write } as Partial<Logger>
    const { template } = await start({ providers: [Failing], logger })
    await template.send(Orders, { id: '1' })
    await vi.waitFor(() =>
      expect(lines.some((args) => /orders-\d@0/.test(String(args[0])) && args.at(-1) === 'Kafka')).toBe(true),
    )
  })

  it('gives the admin of the default cluster', async () => {
    const { app } = await start()
    await expect(app.get(KafkaAdmin).describeTopics('orders')).resolves.toMatchObject([{ partitions: 3 }])
  })
})
