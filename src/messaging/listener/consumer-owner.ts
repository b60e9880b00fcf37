/** What a consumer asks of its container. */
import type { DriverError } from '../../client/port.js'
import type { TopicPartition } from '../../model/index.js'
import type { ListenerConsumer } from './listener-consumer.js'
import type { ContainerServices, Counts, ListenerSettings } from './listener-settings.js'
import type { StopReason } from './message-listener-container.js'

export interface ConsumerOwner {
  readonly settings: ListenerSettings
  readonly services: ContainerServices
  readonly counts: Counts
  isPartitionPaused(tp: TopicPartition): boolean
  /** Of partitions given by hand: where one goes on that another consumer had, since the container's start. */
  positionOf(tp: TopicPartition): number | undefined
  reached(tp: TopicPartition, position: number): void
  /** The assignment of this consumer is another. */
  assignmentChanged(): void
  /** Work ended somewhere: what waits for that looks again. */
  workEnded(): void
  /** The container can't go on. */
  stopBecause(reason: StopReason, error: Error): void
  /** The driver gave up this consumer: another is to take its place. */
  consumerFailed(consumer: ListenerConsumer, error: DriverError): void
}
