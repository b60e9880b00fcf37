import { Controller, Get, Injectable, type OnModuleDestroy } from '@nestjs/common'
import { EventPattern, Payload as RpcPayload } from '@nestjs/microservices'
import { HealthCheck, HealthCheckService } from '@nestjs/terminus'
import { json, KafkaListener, KafkaTemplate, ListenerContext, topic, type ConsumerRecord } from 'kts-kafka'
import { KafkaHealthIndicator } from 'kts-kafka/nest'

export interface Order {
  id: string
}
export const Orders = topic('orders', { value: json<Order>(), partitions: 2 })
export const log = (line: string): void => console.log(line)

// no @Inject anywhere: the compiler emits the types
@Injectable()
export class Billing implements OnModuleDestroy {
  constructor(private readonly kafka: KafkaTemplate) {}

  place(id: string): Promise<unknown> {
    return this.kafka.send(Orders, { id }, { key: id })
  }

  @KafkaListener(Orders, { groupId: (env) => env.get('BILLING_GROUP')! })
  async bill(order: Order, ctx: ListenerContext): Promise<void> {
    log(`billing ${order.id} in ${ctx.groupId}`)
    if (order.id === 'slow') await new Promise((resolve) => setTimeout(resolve, 300))
    log(`billed ${order.id}`)
  }

  onModuleDestroy(): void {
    log('destroyed')
  }
}

@Controller()
export class OrdersController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly kafka: KafkaHealthIndicator,
  ) {}

  @KafkaListener(Orders, { groupId: 'audit', batch: true })
  audit(records: ConsumerRecord<string, Order>[]): void {
    for (const { value } of records) log(`audited ${value.id}`)
  }

  /** The other transport of the hybrid application. */
  @EventPattern('ping')
  ping(@RpcPayload() text: string): void {
    log(`pinged ${text}`)
  }

  @Get('health')
  @HealthCheck()
  check(): Promise<unknown> {
    return this.health.check([() => this.kafka.check()])
  }
}
