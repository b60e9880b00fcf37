/**
 * The memory driver: the driver port on a `MemoryCluster`, for tests without a broker, a port or real time.
 *
 * ```ts
 * const cluster = new MemoryCluster({ clock: virtualClock(), topics: [{ name: 'orders', partitions: 3 }] })
 * const driver = memoryDriver(cluster)
 * ```
 */
import { silentLog, type Log } from '../../base/log.js'
import type { Capabilities, KafkaDriver } from '../../client/port.js'
import { memoryAdmin } from './memory-admin.js'
import type { MemoryCluster } from './memory-cluster.js'
import { MemoryConsumer } from './memory-consumer.js'
import { MemoryProducer } from './memory-producer.js'

export { MemoryCluster, type MemoryClusterOptions, type MemoryFaults, type MemoryTopic } from './memory-cluster.js'
export type { MemoryGroup } from './memory-group.js'
export type { MemoryRecord } from './memory-partition.js'

export const MEMORY_CAPABILITIES: Capabilities = {
  codecs: new Set(['none', 'gzip', 'snappy', 'lz4', 'zstd']),
  idempotence: true,
  transactions: true,
  fencedTransactionOffsets: true,
  cooperativeRebalance: false,
  consumerGroupProtocol: false,
  staticMembership: false,
  manualAssignment: true,
  nullHeaderValues: true,
  incrementalConfigs: true,
}

export function memoryDriver(
  cluster: MemoryCluster,
  options: { readonly clientId?: string | undefined; readonly log?: Log | undefined } = {},
): KafkaDriver {
  const clientId = options.clientId ?? 'memory'
  const log = options.log ?? silentLog
  return {
    name: 'memory',
    capabilities: MEMORY_CAPABILITIES,
    producer: (producer) => new MemoryProducer(cluster, producer),
    consumer: (consumer) => new MemoryConsumer(cluster, consumer, clientId, log),
    admin: () => memoryAdmin(cluster),
    async close() {},
  }
}
