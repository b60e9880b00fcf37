/**
 * Avro by a schema that both sides have, and a second version of it: the reader gives a default for what the older writer did
 * not know. KAFKA_BOOTSTRAP names a Kafka to use; left out, a broker is started in this process.
 */
import { avro, kafka, topic } from 'kts-kafka'
import { EmbeddedKafka } from 'kts-kafka/testing'

interface Payment {
  id: string
  /** Avro longs are bigint, so that every one is exact. */
  cents: bigint
}
interface PaymentWithCurrency extends Payment {
  currency: string
}

const version1 = {
  type: 'record',
  name: 'Payment',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'cents', type: 'long' },
  ],
}
const version2 = {
  ...version1,
  fields: [...version1.fields, { name: 'currency', type: 'string', default: 'EUR' }],
}

const Payments = topic('payments', { value: avro<Payment>(version1) })
/** The same topic for a reader that is ahead of its writers. */
const PaymentsRead = topic('payments', { value: avro<PaymentWithCurrency>(version2, { writtenWith: version1 }) })

export async function main(): Promise<void> {
  const broker = process.env.KAFKA_BOOTSTRAP ? undefined : await EmbeddedKafka.start()
  const k = kafka({
    bootstrapServers: process.env.KAFKA_BOOTSTRAP ?? broker!.bootstrapServers,
    topics: [Payments],
    consumer: { autoOffsetReset: 'earliest' },
  })
  const read = new Promise<void>((resolve) => {
    k.listen(PaymentsRead, { groupId: 'ledger' }, ({ id, cents, currency }, { record }) => {
      console.log(`${id}: ${cents} cents ${currency}, from ${record.rawValue?.length} bytes`)
      resolve()
    })
  })
  await k.start()
  await k.template.send(Payments, { id: 'p-1', cents: 9_007_199_254_740_993n })
  await read
  await k.stop()
  await broker?.stop()
}
