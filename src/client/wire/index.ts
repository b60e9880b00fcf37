/** The first-party driver, on Kafka's protocol itself. */
import {
  DriverError,
  type Capabilities,
  type ConnectionOptions,
  type KafkaDriver,
  type ProducerOptions,
} from '../port.js'
import { WireAdminPort } from './admin-port.js'
import { WireConsumer } from './consumer/consumer.js'
import { contextOf, type WireDriverOptions } from './context.js'
import { WireProducer } from './producer/producer.js'

export type { WireDriverOptions } from './context.js'
export * from './admin/index.js'

export const WIRE_CAPABILITIES: Capabilities = {
  codecs: new Set(['none', 'gzip', 'snappy', 'lz4', 'zstd']),
  idempotence: true,
  transactions: true,
  fencedTransactionOffsets: true,
  cooperativeRebalance: true,
  consumerGroupProtocol: true,
  staticMembership: true,
  manualAssignment: true,
  nullHeaderValues: true,
  incrementalConfigs: true,
}

export function wireDriver(connection: ConnectionOptions, options: WireDriverOptions = {}): KafkaDriver {
  const context = contextOf(connection, options)
  return {
    name: 'wire',
    capabilities: WIRE_CAPABILITIES,
    producer: (own) => new WireProducer(context, checked(own)),
    consumer: (own) => new WireConsumer(context, own),
    admin: () => new WireAdminPort(context),
    async close() {}, // every client has connections of its own
  }
}

function checked(options: ProducerOptions): ProducerOptions {
  const refuse = (what: string): never => {
    throw new DriverError('fatal', what)
  }
  if (options.idempotent && options.acks !== 'all')
    refuse(`acks '${options.acks}': an idempotent producer needs 'all'.`)
  if (options.transactionalId !== undefined && !options.idempotent) {
    refuse(`transactionalId '${options.transactionalId}': a transactional producer must be idempotent.`)
  }
  return options
}
