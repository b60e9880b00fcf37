import { Inject, Injectable, Module, UseInterceptors } from '@nestjs/common'
import type { OnModuleDestroy, OnModuleInit, Type } from '@nestjs/common'
import { LazyModuleLoader } from '@nestjs/core'
import { Test } from '@nestjs/testing'
import type { TestingModule } from '@nestjs/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { json, KafkaListener, KafkaListenerEndpointRegistry, KafkaTemplate, topic } from '../index.js'
import type { KafkaConfig } from '../index.js'
import { MemoryCluster, memoryDriver } from '../testing/memory-driver/index.js'
import { KafkaHealthIndicator, KafkaLazyModuleLoader, KafkaModule } from './index.js'

interface Order {
  id: string
}
const Orders = topic('orders', { value: json<Order>(), partitions: 3 })
const Reports = topic('reports', { value: json<Order>(), partitions: 2 })
const Totals = topic('totals', { value: json<Order>(), partitions: 5 })

let app: TestingModule | undefined
afterEach(async () => {
  await app?.close()
  app = undefined
})

async function start(
  cluster: MemoryCluster,
  own: { providers?: Type<object>[]; config?: Partial<KafkaConfig> } = {},
): Promise<TestingModule> {
  const config = { bootstrapServers: 'memory:9092', driver: memoryDriver(cluster), topics: [Orders] }
  const builder = Test.createTestingModule({
    imports: [
      KafkaModule.forRoot({ ...config, consumer: { autoOffsetReset: 'earliest', groupId: 'test' }, ...own.config }),
    ],
    providers: own.providers ?? [],
  })
  builder.setLogger({ log() {}, warn() {}, error() {} })
  app = await builder.compile()
  return app.init()
}

const cluster = (): MemoryCluster => new MemoryCluster({ autoCreateTopics: false })

describe('KafkaLazyModuleLoader', () => {
  it('starts the listeners of what it loads and imports, with their topics, and drains them with all others', async () => {
    const log: string[] = []
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    @Injectable()
    class Reporting {
      constructor(@Inject(KafkaTemplate) private readonly kafka: KafkaTemplate) {}
      @KafkaListener(Reports, { id: 'reporting' })
      @UseInterceptors({ intercept: (_context, next) => (log.push('intercepted'), next.handle()) })
      async on(order: Order): Promise<void> {
        log.push(`report ${order.id}`)
        await this.kafka.send(Totals, order)
        if (order.id === 'slow') await held
        log.push(`reported ${order.id}`)
      }
    }
    @Injectable()
    class Totalling {
      @KafkaListener(Totals, { id: 'totalling', groupId: 'totals' })
      on(order: Order): void {
        log.push(`total ${order.id}`)
      }
    }
    @Module({ imports: [KafkaModule.forFeature([Totals])], providers: [Totalling] })
    class TotalsModule {}
    @Module({ imports: [TotalsModule], providers: [Reporting] })
    class ReportsModule {}
    @Injectable()
    class Database implements OnModuleDestroy {
      onModuleDestroy(): void {
        log.push('database closed')
      }
    }

    const memory = cluster()
    const running = await start(memory, { providers: [Database] })
    const loader = running.get(KafkaLazyModuleLoader)
    const registry = running.get(KafkaListenerEndpointRegistry)
    expect(registry.ids).toEqual([])
    const ref = await loader.load(() => ReportsModule)
    expect(ref.get(Reporting)).toBeInstanceOf(Reporting)
    expect(registry.all.map(({ id, isRunning }) => [id, isRunning])).toEqual(
      expect.arrayContaining([
        ['reporting', true],
        ['totalling', true],
      ]),
    )
    expect(memory.topicNames.map((name) => [name, memory.topic(name)!.partitions.length])).toEqual(
      expect.arrayContaining([
        ['reports', 2],
        ['totals', 5],
      ]),
    )
    const template = running.get(KafkaTemplate)
    await template.send(Reports, { id: '1' })
    await vi.waitFor(() => expect(log).toEqual(expect.arrayContaining(['reported 1', 'total 1'])))
    expect(log.slice(0, 2)).toEqual(['intercepted', 'report 1'])
    expect(running.get(KafkaHealthIndicator).check()).toMatchObject({ kafka: { status: 'up' } })

    // once more is nothing new
    await loader.load(() => ReportsModule)
    await loader.load(() => TotalsModule)
    expect(registry.ids).toHaveLength(2)

    const { metadata } = await template.send(Reports, { id: 'slow' })
    await vi.waitFor(() => expect(log).toContain('report slow'))
    const closed = running.close()
    app = undefined
    setTimeout(release, 20)
    await closed
    expect(log.indexOf('database closed')).toBeGreaterThan(log.indexOf('reported slow'))
    expect(memory.committed('test', metadata)).toBe(metadata.offset + 1)
  })

  it('what it loads while the application starts is found with all others', async () => {
    const seen: string[] = []
    @Injectable()
    class Early {
      @KafkaListener(Orders, { id: 'early' })
      on(order: Order): void {
        seen.push(order.id)
      }
    }
    @Module({ providers: [Early] })
    class EarlyModule {}
    @Injectable()
    class Loading implements OnModuleInit {
      constructor(@Inject(KafkaLazyModuleLoader) private readonly loader: KafkaLazyModuleLoader) {}
      async onModuleInit(): Promise<void> {
        await this.loader.load(() => EarlyModule)
      }
    }
    const running = await start(cluster(), { providers: [Loading] })
    expect(running.get(KafkaListenerEndpointRegistry).ids).toEqual(['early'])
    await running.get(KafkaTemplate).send(Orders, { id: '1' })
    await vi.waitFor(() => expect(seen).toEqual(['1']))
  })

  it('refuses what is wrong, and leaves what runs as it was', async () => {
    @Injectable()
    class Billing {
      @KafkaListener(Orders, { id: 'billing' })
      on(): void {}
    }
    @Module({ providers: [Billing] })
    class AgainModule {}
    @Injectable()
    class Lost {
      @KafkaListener(Orders, { cluster: 'elsewhere' })
      on(): void {}
    }
    @Module({ providers: [Lost] })
    class LostModule {}
    const running = await start(cluster(), { providers: [Billing] })
    const loader = running.get(KafkaLazyModuleLoader)
    await expect(loader.load(() => AgainModule)).rejects.toThrow(
      /Billing has @KafkaListener methods and is provided 2 times, by RootTestModule and by AgainModule/,
    )
    await expect(loader.load(() => LostModule)).rejects.toThrow(/Lost.on is for the cluster 'elsewhere'/)
    const registry = running.get(KafkaListenerEndpointRegistry)
    expect(registry.all.map(({ id, isRunning }) => [id, isRunning])).toEqual([['billing', true]])
  })

  it("is needed: Nest's own loader tells no one of what it loads", async () => {
    @Injectable()
    class Unheard {
      @KafkaListener(Orders, { id: 'unheard' })
      on(): void {}
    }
    @Module({ providers: [Unheard] })
    class UnheardModule {}
    const running = await start(cluster())
    await running.get(LazyModuleLoader).load(() => UnheardModule)
    const registry = running.get(KafkaListenerEndpointRegistry)
    expect(registry.ids).toEqual([])
    // and takes what was loaded so
    await running.get(KafkaLazyModuleLoader).load(() => UnheardModule)
    expect(registry.ids).toEqual(['unheard'])
  })
})
