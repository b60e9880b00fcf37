import { Container, inject, injectable } from 'inversify'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  AbstractConsumerSeekAware,
  DefaultErrorHandler,
  json,
  KafkaListener,
  KafkaListenerEndpointRegistry,
  KafkaTemplate,
  Topic,
  topic,
} from '../index.js'
import type { ListenerContext } from '../index.js'
import { MemoryCluster, memoryDriver } from '../testing/memory-driver/index.js'
import { Kafka, kafkaModule, kafkaTemplateToken, kafkaToken, type KafkaModuleOptions } from './index.js'

interface Order {
  id: string
}
const Orders = topic('orders', { value: json<Order>(), partitions: 3 })
const Refunds = topic('refunds', { value: json<Order>(), partitions: 2 })

const onMemory = (cluster: MemoryCluster): KafkaModuleOptions => ({
  bootstrapServers: 'memory:9092',
  driver: memoryDriver(cluster),
  topics: [Orders],
  consumer: { autoOffsetReset: 'earliest', groupId: 'test' },
})

let container = new Container()
afterEach(async () => {
  await container.unbindAllAsync()
  container = new Container()
})

describe('kafkaModule', () => {
  it('resolves listener classes by the container, template included, and delivers to them', async () => {
    const seen: string[] = []
    @injectable()
    class Prices {
      of(order: Order): number {
        return order.id.length
      }
    }
    @Topic(Refunds)
    @injectable()
    class Billing {
      constructor(
        @inject(Prices) private readonly prices: Prices,
        @inject(KafkaTemplate) private readonly kafka: KafkaTemplate,
      ) {}
      @KafkaListener(Orders)
      async bill(order: Order, ctx: ListenerContext): Promise<void> {
        seen.push(`${order.id} ${this.prices.of(order)} ${ctx.attempt}`)
        await this.kafka.send(Refunds, order)
      }
    }
    const cluster = new MemoryCluster({ autoCreateTopics: false })
    await container.loadAsync(kafkaModule({ ...onMemory(cluster), listeners: [Billing] }))
    container.bind(Prices).toSelf()
    await (await container.getAsync(Kafka)).start()
    await container.get(KafkaTemplate).send(Orders, { id: 'abc' })
    await vi.waitFor(() => expect(cluster.records('refunds')).toHaveLength(1))
    expect(seen).toEqual(['abc 3 1'])
    expect(container.get(KafkaListenerEndpointRegistry).all).toHaveLength(1)
  })

  it('uses the binding of a listener class that has one', async () => {
    @injectable()
    class Counting {
      count = 0
      @KafkaListener(Orders)
      on(): void {
        this.count++
      }
    }
    container.bind(Counting).toSelf().inSingletonScope()
    container.load(kafkaModule({ ...onMemory(new MemoryCluster()), listeners: [Counting] }))
    await (await container.getAsync(Kafka)).start()
    await container.get(KafkaTemplate).send(Orders, { id: '1' })
    await vi.waitFor(() => expect(container.get(Counting).count).toBe(1))
  })

  it('drains handlers at work when the container lets go, then closes templates', async () => {
    const log: string[] = []
    @injectable()
    class Slow {
      @KafkaListener(Orders)
      async on(): Promise<void> {
        log.push('begun')
        await new Promise((resolve) => setTimeout(resolve, 200))
        log.push('done')
      }
    }
    const cluster = new MemoryCluster()
    container.load(kafkaModule({ ...onMemory(cluster), listeners: [Slow] }))
    await (await container.getAsync(Kafka)).start()
    const template = container.get(KafkaTemplate)
    const { metadata } = await template.send(Orders, { id: '1' })
    await vi.waitFor(() => expect(log).toEqual(['begun']))
    await container.unbindAllAsync()
    expect(log).toEqual(['begun', 'done'])
    expect(cluster.committed('test', metadata)).toBe(1)
    await expect(template.send(Orders, { id: '2' })).rejects.toThrow(/closed/)
  })

  it('resolves options that name a class or token, and says what is not bound', async () => {
    const seen: string[] = []
    @injectable()
    class Giving extends DefaultErrorHandler {
      constructor() {
        super({ attempts: 1, recoverer: ({ error }) => void seen.push(String(error)) })
      }
    }
    @injectable()
    class Failing {
      @KafkaListener(Orders, { errorHandler: Giving })
      on(): void {
        throw new RangeError('no')
      }
    }
    container.load(kafkaModule({ ...onMemory(new MemoryCluster()), listeners: [Failing] }))
    await expect((await container.getAsync(Kafka)).start()).rejects.toThrow(/the container can't give Giving: bind it/)
    await container.unbindAllAsync()
    container.load(kafkaModule({ ...onMemory(new MemoryCluster()), listeners: [Failing] }))
    container.bind(Giving).toSelf()
    await (await container.getAsync(Kafka)).start()
    await container.get(KafkaTemplate).send(Orders, { id: '1' })
    await vi.waitFor(() => expect(seen).toHaveLength(1))
  })

  it('takes a listener class that an option of its own names for the instance that listens', async () => {
    const told: object[] = []
    @injectable()
    class Own extends AbstractConsumerSeekAware {
      @KafkaListener(Orders, { seekAware: Own })
      on(): void {
        told.push(this)
      }
      override onPartitionsAssigned(): void {
        told.push(this)
      }
    }
    container.load(kafkaModule({ ...onMemory(new MemoryCluster()), listeners: [Own] }))
    await (await container.getAsync(Kafka)).start()
    await container.get(KafkaTemplate).send(Orders, { id: '1' })
    await vi.waitFor(() => expect(told).toHaveLength(2))
    expect(told[0]).toBe(told[1])
  })

  it('keeps clusters apart, with options made from what the container holds', async () => {
    const [one, two] = [new MemoryCluster(), new MemoryCluster()]
    const seen: string[] = []
    @injectable()
    class Both {
      @KafkaListener(Orders, { cluster: 'default' })
      here(order: Order): void {
        seen.push(`here ${order.id}`)
      }
      @KafkaListener(Orders, { cluster: 'analytics' })
      there(order: Order): void {
        seen.push(`there ${order.id}`)
      }
    }
    const Address = Symbol('Address')
    container.bind<string>(Address).toConstantValue('memory:9093')
    container.load(
      kafkaModule({ ...onMemory(one), listeners: [Both] }),
      kafkaModule({
        name: 'analytics',
        templates: ['other'],
        options: async (context) => ({
          ...onMemory(two),
          bootstrapServers: context.get<string>(Address),
          templates: { other: {} },
          listeners: [Both],
        }),
      }),
    )
    await (await container.getAsync(Kafka)).start()
    await (await container.getAsync(kafkaToken('analytics'))).start()
    await container.get(KafkaTemplate).send(Orders, { id: '1' })
    await (await container.getAsync(kafkaTemplateToken('other', 'analytics'))).send(Orders, { id: '2' })
    await vi.waitFor(() => expect(seen.toSorted()).toEqual(['here 1', 'there 2']))
    expect(() => container.load(kafkaModule(onMemory(one)))).toThrow(/loaded twice for the cluster 'default'/)
  })

  it('refuses a class without listeners, or one that is listed twice', async () => {
    @injectable()
    class Nothing {}
    @injectable()
    class Something {
      @KafkaListener(Orders)
      on(): void {}
    }
    container.load(kafkaModule({ ...onMemory(new MemoryCluster()), listeners: [Nothing] }))
    await expect(container.getAsync(Kafka)).rejects.toThrow(/Nothing has no @KafkaListener method/)
    container = new Container()
    container.load(kafkaModule({ ...onMemory(new MemoryCluster()), listeners: [Something, Something] }))
    await expect(container.getAsync(Kafka)).rejects.toThrow(/Something is there twice/)
    container = new Container()
  })
})
