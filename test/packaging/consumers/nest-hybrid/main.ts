// One application, in each form that Nest gives it: MODE says which.
import 'reflect-metadata'
import { Controller, createParamDecorator, Get, Injectable, Module } from '@nestjs/common'
import type { ExecutionContext, INestApplicationContext, OnModuleDestroy, OnModuleInit } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { EventPattern, Payload, Transport, type MicroserviceOptions } from '@nestjs/microservices'
import { json, KafkaListener, KafkaTemplate, ListenerContext, topic } from 'kts-kafka'
import type { KafkaRuntime } from 'kts-kafka'
import { InjectKafka, KafkaLazyModuleLoader, KafkaModule } from 'kts-kafka/nest'

interface Order {
  id: string
}
const Orders = topic('orders', { value: json<Order>(), partitions: 2 })
const log = (line: string): void => console.log(line)

@Injectable()
class Billing implements OnModuleInit, OnModuleDestroy {
  constructor(
    private readonly kafka: KafkaTemplate,
    @InjectKafka() private readonly runtime: KafkaRuntime,
  ) {}

  onModuleInit(): void {
    this.runtime.on('consumerStarted', ({ listenerId }) => log(`started ${listenerId}`))
  }

  place(id: string): Promise<unknown> {
    return this.kafka.send(Orders, { id }, { key: id })
  }

  @KafkaListener(Orders, { groupId: 'billing', id: 'billing' })
  async bill(order: Order): Promise<void> {
    log(`billing ${order.id}`)
    if (order.id === 'slow') await new Promise((resolve) => setTimeout(resolve, 300))
    log(`billed ${order.id}`)
  }

  onModuleDestroy(): void {
    log('destroyed')
  }
}

@Controller()
class OrdersController {
  @KafkaListener(Orders, { groupId: 'audit', id: 'audit' })
  audit(order: Order): void {
    log(`audited ${order.id}`)
  }

  /** The other transport. */
  @EventPattern('ping')
  ping(@Payload() text: string): void {
    log(`pinged ${text}`)
  }

  @Get()
  get(): string {
    return 'served'
  }
}

@Module({
  imports: [
    KafkaModule.forRoot({
      bootstrapServers: process.env['KAFKA_BROKERS']!,
      topics: [Orders],
      consumer: { autoOffsetReset: 'earliest' },
    }),
  ],
  providers: [Billing],
  controllers: [OrdersController],
})
class AppModule {}

const Topic = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToRpc().getContext<ListenerContext>().topic,
)

@Injectable()
class Reporting {
  @KafkaListener(Orders, { groupId: 'reporting', id: 'reporting' })
  report(order: Order, _ctx: ListenerContext, @Topic() from: string): void {
    log(`reported ${order.id} of ${from}`)
  }
}

/** Loaded after the start. */
@Module({ providers: [Reporting] })
class ReportsModule {}

const logger = { logger: ['error', 'warn'] as ('error' | 'warn')[] }
const tcp: MicroserviceOptions = { transport: Transport.TCP, options: { port: Number(process.env['TCP_PORT']) } }

const forms: Record<string, () => Promise<INestApplicationContext>> = {
  async hybrid() {
    const app = await NestFactory.create(AppModule, logger)
    app.connectMicroservice<MicroserviceOptions>(tcp)
    await app.startAllMicroservices()
    await app.listen(0, '127.0.0.1')
    log(`url ${await app.getUrl()}`)
    return app
  },
  async 'hybrid, its microservice late'() {
    const app = await NestFactory.create(AppModule, logger)
    app.connectMicroservice<MicroserviceOptions>(tcp, { inheritAppConfig: true })
    await app.listen(0, '127.0.0.1')
    await app.startAllMicroservices()
    log(`url ${await app.getUrl()}`)
    return app
  },
  async microservice() {
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, { ...logger, ...tcp })
    await app.listen()
    return app
  },
  context: () => NestFactory.createApplicationContext(AppModule, logger),
}

const app = await forms[process.env['MODE']!]!()
app.enableShutdownHooks()
await app.get(KafkaLazyModuleLoader).load(() => ReportsModule)
await app.get(Billing).place('1')
log('ready')
process.on('message', (id: string) => void app.get(Billing).place(id))
