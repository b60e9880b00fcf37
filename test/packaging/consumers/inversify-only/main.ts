// inversify is the only container here.
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { Container, inject, injectable } from 'inversify'
import { json, KafkaListener, KafkaTemplate, topic } from 'kts-kafka'
import { Kafka, kafkaModule } from 'kts-kafka/inversify'
import { EmbeddedKafka } from 'kts-kafka/testing'

interface Order {
  id: string
}
const Orders = topic('orders', { value: json<Order>(), partitions: 2 })
let received = (_: Order): void => {}
const arrived = new Promise<Order>((resolve) => (received = resolve))

@injectable()
class Billing {
  constructor(@inject(KafkaTemplate) readonly kafka: KafkaTemplate) {}
  @KafkaListener(Orders, { groupId: 'billing' })
  bill(order: Order): void {
    received(order)
  }
}

async function main(): Promise<void> {
  await assert.rejects(import('@nestjs/common' as string), { code: 'ERR_MODULE_NOT_FOUND' })
  const broker = await EmbeddedKafka.start()
  const container = new Container()
  await container.loadAsync(
    kafkaModule({
      bootstrapServers: broker.bootstrapServers,
      topics: [Orders],
      consumer: { autoOffsetReset: 'earliest' },
      listeners: [Billing],
    }),
  )
  await (await container.getAsync(Kafka)).start()
  await container.get(KafkaTemplate).send(Orders, { id: '1' })
  assert.deepEqual(await arrived, { id: '1' })
  await container.unbindAllAsync()
  await broker.stop()
}
void main()
