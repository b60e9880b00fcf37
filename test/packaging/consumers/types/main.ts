// What must compile, and what must not, from every entry.
import { Injectable, Module } from '@nestjs/common'
import { inject, injectable } from 'inversify'
import {
  deadLetter,
  DefaultErrorHandler,
  json,
  kafka,
  KafkaListener,
  KafkaTemplate,
  ListenerContext,
  topic,
  type ConsumerRecord,
  type KafkaConfig,
} from 'kts-kafka'
import type { KafkaDriver } from 'kts-kafka/client'
import { kafkaModule } from 'kts-kafka/inversify'
import { InjectKafkaTemplate, KafkaModule } from 'kts-kafka/nest'
import { defaultPartitioner } from 'kts-kafka/partitioner'
import { bytes, int64 } from 'kts-kafka/serde'
import { startBroker } from 'kts-kafka/server'
import { EmbeddedKafka, memoryDriver } from 'kts-kafka/testing'
import { overrideKafka } from 'kts-kafka/testing/nest'

interface Order {
  id: string
}
const Orders = topic('orders', { value: json<Order>() })
const Counts = topic('counts', { value: int64(), key: bytes() })

@Injectable()
@injectable()
export class Billing {
  constructor(
    @InjectKafkaTemplate('bulk') readonly bulk: KafkaTemplate,
    @inject(KafkaTemplate) readonly kafka: KafkaTemplate,
  ) {}
  @KafkaListener(Orders, { groupId: 'g' })
  async bill(order: Order, ctx: ListenerContext): Promise<void> {
    await this.kafka.send(Counts, BigInt(order.id.length), { key: Buffer.from(String(ctx.key)) })
  }
  @KafkaListener(Orders, { groupId: 'h', batch: true })
  batch(records: ConsumerRecord<string, Order>[]): number {
    return records.length
  }
  // @ts-expect-error a handler of another type
  @KafkaListener(Orders, { groupId: 'i' })
  wrong(order: { total: number }): number {
    return order.total
  }
}

const config: KafkaConfig = {
  bootstrapServers: 'localhost:9092',
  listener: { errorHandler: new DefaultErrorHandler({ recoverer: deadLetter() }) },
  producer: { partitioner: defaultPartitioner() },
}

@Module({ imports: [KafkaModule.forRoot(config)], providers: [Billing] })
export class AppModule {}

export const all = [kafka, kafkaModule, startBroker, EmbeddedKafka, memoryDriver, overrideKafka]
export type Driver = KafkaDriver
