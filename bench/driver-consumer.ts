/** How benches open a driver's consumer: a member of a group of the classic protocol, by the defaults that peers have too. */
import type { ConsumerOptions, ConsumerPort, KafkaDriver } from 'kts-kafka/client'

const OPTIONS: Omit<ConsumerOptions, 'groupId'> = {
  assignors: ['range'],
  groupProtocol: 'classic',
  sessionTimeoutMs: 30_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatIntervalMs: 3_000,
  fetchMinBytes: 1,
  fetchMaxBytes: 50 * 1024 * 1024,
  fetchMaxBytesPerPartition: 1024 * 1024,
  fetchMaxWaitMs: 100,
  isolation: 'read_uncommitted',
  metadataMaxAgeMs: 300_000,
}

export function driverConsumer(driver: KafkaDriver, groupId: string): ConsumerPort {
  return driver.consumer({ ...OPTIONS, groupId })
}
