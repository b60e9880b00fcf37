/** What is tested: takes orders off the shelf, and says when a shelf is empty. */
import { json, kafka, topic, type KafkaConfig, type KafkaRuntime, type KafkaServices } from 'kts-kafka'

export interface Order {
  item: string
  count: number
}

export const Orders = topic('stock-orders', { value: json<Order>(), partitions: 2 })
export const Empty = topic('empty-shelves', { value: json<{ item: string }>() })

export function stock(
  shelves: Map<string, number>,
  config: Partial<KafkaConfig>,
  services?: KafkaServices,
): KafkaRuntime {
  const k = kafka(
    {
      bootstrapServers: process.env.KAFKA_BOOTSTRAP ?? 'localhost:9092',
      topics: [Orders, Empty],
      consumer: { groupId: 'stock', autoOffsetReset: 'earliest' },
      ...config,
    },
    services,
  )
  k.listen(Orders, {}, async ({ item, count }) => {
    const left = (shelves.get(item) ?? 0) - count
    if (left < 0) throw new RangeError(`${count} of ${item} were ordered, ${left + count} are there`)
    shelves.set(item, left)
    if (left === 0) await k.template.send(Empty, { item }, { key: item })
  })
  return k
}
