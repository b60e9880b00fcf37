/** The topic that everything here is about. */
import { json, topic } from 'kts-kafka'

export interface Order {
  id: string
  total: number
}

export const Orders = topic('orders', { value: json<Order>(), partitions: 3 })
