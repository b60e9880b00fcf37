/** Raw Kafka settings (`properties`), and the typed options that they are other names of. */
import type { ConsumerConfig, ProducerConfig } from './kafka-config.js'

interface RawProperty<T> {
  readonly option: keyof T
  readonly read: (text: string) => unknown
}

const number = (text: string): number => (text.trim() === '' ? NaN : Number(text))
const asText = (text: string): string => text
const flag = (text: string): unknown => (text === 'true' ? true : text === 'false' ? false : text)
const lower = (text: string): string => text.toLowerCase()
const acks = (text: string): string => ({ '-1': 'all', '1': 'leader', '0': 'none' })[text] ?? text
const texts = (text: string): string[] => text.split(',').map((each) => each.trim())

const CONSUMER: Readonly<Record<string, RawProperty<ConsumerConfig>>> = {
  'auto.offset.reset': { option: 'autoOffsetReset', read: lower },
  'max.poll.records': { option: 'maxPollRecords', read: number },
  'fetch.min.bytes': { option: 'fetchMinBytes', read: number },
  'fetch.max.bytes': { option: 'fetchMaxBytes', read: number },
  'fetch.max.wait.ms': { option: 'fetchMaxWaitMs', read: number },
  'max.partition.fetch.bytes': { option: 'maxPartitionFetchBytes', read: number },
  'isolation.level': { option: 'isolationLevel', read: lower },
  'heartbeat.interval.ms': { option: 'heartbeatIntervalMs', read: number },
  'session.timeout.ms': { option: 'sessionTimeoutMs', read: number },
  'partition.assignment.strategy': { option: 'partitionAssignors', read: texts },
  'group.protocol': { option: 'groupProtocol', read: lower },
  'group.remote.assignor': { option: 'groupRemoteAssignor', read: asText },
  'group.instance.id': { option: 'groupInstanceId', read: asText },
  'client.rack': { option: 'rackId', read: asText },
  'metadata.max.age.ms': { option: 'metadataMaxAgeMs', read: number },
}

const PRODUCER: Readonly<Record<string, RawProperty<ProducerConfig>>> = {
  acks: { option: 'acks', read: acks },
  'compression.type': { option: 'compression', read: lower },
  'enable.idempotence': { option: 'idempotence', read: flag },
  'linger.ms': { option: 'lingerMs', read: number },
  'batch.size': { option: 'batchSizeBytes', read: number },
  'buffer.memory': { option: 'bufferMemoryBytes', read: number },
  'max.block.ms': { option: 'maxBlockMs', read: number },
  'max.request.size': { option: 'maxRequestBytes', read: number },
  'delivery.timeout.ms': { option: 'deliveryTimeoutMs', read: number },
  'request.timeout.ms': { option: 'requestTimeoutMs', read: number },
  'metadata.max.age.ms': { option: 'metadataMaxAgeMs', read: number },
  // as in Spring: an id for one producer is the prefix of those of many
  'transactional.id': { option: 'transactionIdPrefix', read: asText },
  'transaction.timeout.ms': { option: 'transactionTimeoutMs', read: number },
}

/** The part with its `properties` read as options; what can't be is told in `problems`. */
function withRaw<T extends { properties?: Readonly<Record<string, string>> | undefined }>(
  path: string,
  given: T,
  table: Readonly<Record<string, RawProperty<T>>>,
  problems: string[],
): T {
  const read: Partial<T> = {}
  for (const [name, value] of Object.entries(given.properties ?? {})) {
    const property = table[name]
    if (property === undefined) {
      problems.push(`${path}.properties['${name}'] is not supported; there are ${Object.keys(table).join(', ')}`)
    } else if (given[property.option] !== undefined) {
      problems.push(
        `${path}.properties['${name}'] and ${path}.${String(property.option)} say the same: set one of them`,
      )
    } else read[property.option] = property.read(value) as T[keyof T]
  }
  return { ...given, ...read, properties: undefined }
}

export function consumerWithRaw(path: string, given: ConsumerConfig, problems: string[]): ConsumerConfig {
  return withRaw(path, given, CONSUMER, problems)
}

export function producerWithRaw(path: string, given: ProducerConfig, problems: string[]): ProducerConfig {
  return withRaw(path, given, PRODUCER, problems)
}
