/**
 * A NestJS application on Kafka, from `npm start`. KAFKA_BOOTSTRAP names a Kafka to use; left out, a broker is started in
 * this process and the application is pointed at it.
 */
import { NestFactory } from '@nestjs/core'
import { KafkaAdmin, KafkaListenerEndpointRegistry } from 'kts-kafka'
import { EmbeddedKafka } from 'kts-kafka/testing'
import { Journal } from './journal.js'
import { OrdersModule } from './orders.module.js'
import { Shop } from './shop.js'

export async function main(): Promise<void> {
  const startMs = performance.now()
  const broker = process.env.KAFKA_BOOTSTRAP ? undefined : await EmbeddedKafka.start()
  if (broker === undefined) console.log(`using the Kafka at ${process.env.KAFKA_BOOTSTRAP}`)
  else {
    console.log(`broker ready in ${Math.round(performance.now() - startMs)} ms at ${broker.bootstrapServers}`)
    process.env.KAFKA_BOOTSTRAP = broker.bootstrapServers
  }

  const app = await NestFactory.createApplicationContext(OrdersModule, { logger: false, abortOnError: false })
  try {
    const topics = await app.get(KafkaAdmin).describeTopics('orders', 'orders-dlt')
    console.log(`topics ${topics.map(({ name, partitions }) => `${name} (${partitions} partitions)`).join(', ')}`)

    const sent = await app.get(Shop).placeOrders()
    await app.get(Journal).allDone()
    printTable(sent, app.get(KafkaListenerEndpointRegistry))
  } finally {
    await app.close()
    await broker?.stop()
  }
  console.log('\nNext: samples/02-nest-orders/billing.ts and orders.module.ts, docs/README.md, npx kts-server --help')
}

function printTable(sent: number, registry: KafkaListenerEndpointRegistry): void {
  const row = (...cells: readonly unknown[]): string =>
    cells.map((cell, index) => (index === 0 ? String(cell).padEnd(14) : String(cell).padStart(8))).join('')
  console.log(`\n${row('group', 'sent', 'handled', 'retried', 'dead')}`)
  for (const { groupId, metrics } of registry.all) {
    if (groupId !== 'dead-letters') console.log(row(groupId, sent, metrics.handled, metrics.retried, metrics.recovered))
  }
}
