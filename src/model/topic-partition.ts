export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** `orders-0`, as Kafka prints it; for messages and map keys off the hot path. */
export function topicPartitionName(tp: TopicPartition): string {
  return `${tp.topic}-${tp.partition}`
}
