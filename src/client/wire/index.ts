/** The first-party driver, on Kafka's protocol itself. */
import { wallClock, type Clock } from '../../base/clock.js'
import { silentLog, type Log } from '../../base/log.js'
import { systemRandom, type Random } from '../../base/random.js'
import { outboundTls, tcpTransport, type Transport } from '../../net/index.js'
import {
  DriverError,
  type Capabilities,
  type ConnectionOptions,
  type KafkaDriver,
  type ProducerOptions,
} from '../port.js'
import { WireAdmin } from './admin.js'
import { WireConsumer } from './consumer/consumer.js'
import type { WireContext } from './context.js'
import { WireProducer } from './producer/producer.js'

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

export interface WireDriverOptions {
  /** Default: silent. */
  readonly log?: Log | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /** Default: the machine's network, with TLS where the connection asks for it. */
  readonly transport?: Pick<Transport, 'connect'> | undefined
}

export function wireDriver(connection: ConnectionOptions, options: WireDriverOptions = {}): KafkaDriver {
  const context: WireContext = {
    connection,
    transport: options.transport ?? (connection.tls ? outboundTls(connection.tls) : tcpTransport),
    log: options.log ?? silentLog,
    clock: options.clock ?? wallClock(),
    random: options.random ?? systemRandom,
  }
  return {
    name: 'wire',
    capabilities: WIRE_CAPABILITIES,
    producer: (own) => new WireProducer(context, checked(own)),
    consumer: (own) => new WireConsumer(context, own),
    admin: () => new WireAdmin(context),
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
