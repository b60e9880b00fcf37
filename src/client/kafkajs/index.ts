/** The driver on kafkajs 2.2.4, the Kafka client in plain JavaScript. */
import { wallClock, type Clock } from '../../base/clock.js'
import { silentLog, type Log } from '../../base/log.js'
import { systemRandom, type Random } from '../../base/random.js'
import {
  DriverError,
  type Capabilities,
  type ConnectionOptions,
  type KafkaDriver,
  type ProducerOptions,
} from '../port.js'
import { KafkajsAdmin } from './admin.js'
import { KafkajsConsumer } from './consumer.js'
import type { KafkajsContext } from './context.js'
import { KafkajsProducer } from './producer.js'

export const KAFKAJS_CAPABILITIES: Capabilities = {
  codecs: new Set(['none', 'gzip', 'snappy', 'lz4', 'zstd']),
  idempotence: true,
  transactions: false,
  fencedTransactionOffsets: false,
  cooperativeRebalance: false,
  consumerGroupProtocol: false,
  staticMembership: false,
  manualAssignment: false,
  nullHeaderValues: false,
  incrementalConfigs: false,
}

export interface KafkajsDriverOptions {
  /** Default: silent. kafkajs's own lines come at debug and trace. */
  readonly log?: Log | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
}

export function kafkajsDriver(connection: ConnectionOptions, options: KafkajsDriverOptions = {}): KafkaDriver {
  const context: KafkajsContext = {
    connection,
    log: options.log ?? silentLog,
    clock: options.clock ?? wallClock(),
    random: options.random ?? systemRandom,
  }
  return {
    name: 'kafkajs',
    capabilities: KAFKAJS_CAPABILITIES,
    producer: (own) => new KafkajsProducer(context, refuseBeyond(own)),
    consumer: (own) => new KafkajsConsumer(context, own),
    admin: () => new KafkajsAdmin(context),
    async close() {}, // every client has connections of its own
  }
}

function refuseBeyond(options: ProducerOptions): ProducerOptions {
  if (options.transactionalId !== undefined) {
    throw new DriverError(
      'fatal',
      `transactionalId '${options.transactionalId}': the kafkajs driver has no transactions.`,
    )
  }
  if (!KAFKAJS_CAPABILITIES.codecs.has(options.compression)) {
    const known = [...KAFKAJS_CAPABILITIES.codecs].join(', ')
    throw new DriverError('fatal', `compression '${options.compression}': the kafkajs driver has ${known}.`)
  }
  return options
}
