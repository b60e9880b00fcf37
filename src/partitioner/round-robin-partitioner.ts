/** Each record of a topic to the next partition, keyed or not; Java's `RoundRobinPartitioner`. */
import type { Partitioner } from './partitioner.js'

export function roundRobinPartitioner(): Partitioner {
  const next = new Map<string, number>()
  return {
    partition({ topic }, partitions) {
      const count = next.get(topic) ?? 0
      next.set(topic, count === 0x7fff_ffff ? 0 : count + 1)
      return count % partitions
    },
  }
}
