/**
 * The SDK with inversify: a listener class that the container resolves, with what it needs injected. KAFKA_BOOTSTRAP names a
 * Kafka to use; left out, a broker is started in this process.
 */
import { Container, inject, injectable } from 'inversify'
import { json, KafkaListener, KafkaTemplate, topic, type ListenerContext } from 'kts-kafka'
import { Kafka, kafkaModule } from 'kts-kafka/inversify'
import { EmbeddedKafka } from 'kts-kafka/testing'

interface Sale {
  id: string
  total: number
}
interface Invoice {
  sale: string
  amount: number
}
const Sales = topic('sales', { value: json<Sale>(), partitions: 3 })
const Invoices = topic('invoices', { value: json<Invoice>() })

@injectable()
class Prices {
  withTax(total: number): number {
    return Math.round(total * 120) / 100
  }
}

@injectable()
class Billing {
  constructor(
    @inject(Prices) private readonly prices: Prices,
    @inject(KafkaTemplate) private readonly kafka: KafkaTemplate,
  ) {}

  @KafkaListener(Sales, { groupId: 'billing' })
  async bill(sale: Sale): Promise<void> {
    await this.kafka.send(Invoices, { sale: sale.id, amount: this.prices.withTax(sale.total) }, { key: sale.id })
  }
}

@injectable()
class Mail {
  private count = 0
  private finish = (): void => {}
  readonly finished = new Promise<void>((resolve) => (this.finish = resolve))

  @KafkaListener(Invoices, { groupId: 'mail' })
  async mail(invoice: Invoice, ctx: ListenerContext): Promise<void> {
    console.log(`mailed invoice for sale ${invoice.sale}, ${invoice.amount}, from ${ctx.record.coordinates}`)
    if (++this.count === 2) this.finish()
  }
}

export async function main(): Promise<void> {
  const broker = process.env.KAFKA_BOOTSTRAP ? undefined : await EmbeddedKafka.start()
  const container = new Container({ defaultScope: 'Singleton' })
  container.bind(Prices).toSelf()
  container.bind(Mail).toSelf()
  await container.loadAsync(
    kafkaModule({
      bootstrapServers: process.env.KAFKA_BOOTSTRAP ?? broker!.bootstrapServers,
      topics: [Sales, Invoices],
      consumer: { autoOffsetReset: 'earliest' },
      listeners: [Billing, Mail],
    }),
  )

  const kafka = await container.getAsync(Kafka)
  await kafka.start()
  const template = container.get(KafkaTemplate)
  await template.send(Sales, { id: '1', total: 20 }, { key: '1' })
  await template.send(Sales, { id: '2', total: 45 }, { key: '2' })
  await container.get(Mail).finished
  await container.unbindAllAsync()
  await broker?.stop()
}
