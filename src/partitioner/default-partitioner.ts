/** Kafka's default partitioner: keyed records by murmur2 of the serialized key, so they land where Java puts them. */
import { murmur2 } from '../base/murmur2.js'
import { STICKY } from './partitioner.js'
import type { Partitioner } from './partitioner.js'

export function defaultPartitioner(): Partitioner {
  return {
    partition: ({ key }, partitions) => (key === null ? STICKY : (murmur2(key) & 0x7fff_ffff) % partitions),
  }
}
