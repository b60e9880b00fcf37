// Compilers that emit no types: everything that is injected is named.
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { Inject, Injectable, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { json, Key, KafkaListener, KafkaTemplate, Payload, topic } from 'kts-kafka'
import { InjectKafkaTemplate, KafkaModule } from 'kts-kafka/nest'
import { EmbeddedKafka } from 'kts-kafka/testing'

interface Order {
  id: string
}
const Orders = topic('orders', { value: json<Order>(), partitions: 2 })
let received = (_: unknown[]): void => {}
const arrived = new Promise<unknown[]>((resolve) => (received = resolve))

@Injectable()
class Billing {
  constructor(
    @Inject(KafkaTemplate) readonly kafka: KafkaTemplate,
    @InjectKafkaTemplate('bulk') readonly bulk: KafkaTemplate,
  ) {}

  @KafkaListener(Orders, { groupId: 'billing' })
  bill(@Payload() order: Order, @Key() key: string): void {
    received([order, key])
  }
}

async function main(): Promise<void> {
  assert.equal(Reflect.getMetadata('design:paramtypes', Billing), undefined)
  const broker = await EmbeddedKafka.start()

  @Module({
    imports: [
      KafkaModule.forRoot({
        bootstrapServers: broker.bootstrapServers,
        topics: [Orders],
        templates: { bulk: { lingerMs: 5 } },
        consumer: { autoOffsetReset: 'earliest' },
      }),
    ],
    providers: [Billing],
  })
  class AppModule {}

  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] })
  await app.get(Billing).bulk.send(Orders, { id: '1' }, { key: 'a' })
  assert.deepEqual(await arrived, [{ id: '1' }, 'a'])
  await app.close()
  await broker.stop()
}
void main()
