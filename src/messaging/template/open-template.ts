/** A template from its settings; it connects with its first record. */
import { sleep } from '../../base/clock.js'
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import { DriverError } from '../../client/port.js'
import type { ConnectionOptions, KafkaDriver, ProducerOptions, ProducerPort } from '../../client/port.js'
import type { Topic } from '../../model/index.js'
import type { Partitioner, PartitionerFunction } from '../../partitioner/index.js'
import { DEFAULT_TEMPLATE } from '../config/cluster-settings.js'
import type { ConsumerSettings, ProducerSettings, TemplateSettings } from '../config/cluster-settings.js'
import { resolveReference } from '../config/reference.js'
import type { Resolver } from '../config/reference.js'
import { kafkaErrorFrom } from '../driver-errors.js'
import { TransactionalProducers } from '../transaction/transactional-producers.js'
import { KafkaTemplate } from './kafka-template.js'
import { RecordReceiver } from './record-receiver.js'
import { RecordSender } from './record-sender.js'

const RECONNECT_MS = 200

export interface TemplateServices {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly resolver: Resolver
  readonly connection: ConnectionOptions
  readonly consumer: ConsumerSettings
  driver(): Promise<KafkaDriver>
  topicNamed(name: string): Topic<unknown, unknown> | undefined
}

export function openTemplate(
  name: string,
  { producer, template }: { producer: ProducerSettings; template: TemplateSettings },
  services: TemplateServices,
): KafkaTemplate {
  const { clock, consumer, connection, driver, topicNamed } = services
  return new KafkaTemplate({
    name,
    defaultTopic: template.defaultTopic,
    closeTimeoutMs: template.closeTimeoutMs,
    key: producer.key,
    value: producer.value,
    log: services.log,
    transactions: openTransactions(name, producer, services),
    allowNonTransactional: template.allowNonTransactional,
    receiver: new RecordReceiver({ clock, consumer, clientId: connection.clientId, driver, topicNamed }),
    topicNamed,
    connect: () => openSender(name, producer, services),
  })
}

function openTransactions(
  name: string,
  producer: ProducerSettings,
  services: TemplateServices,
): TransactionalProducers | undefined {
  const { transactionIdPrefix, transactionTimeoutMs: timeoutMs } = producer
  if (transactionIdPrefix === undefined) return undefined
  // what is set for all templates must still be another id for each
  const prefix = name === DEFAULT_TEMPLATE ? transactionIdPrefix : `${transactionIdPrefix}${name}-`
  return new TransactionalProducers({
    prefix,
    timeoutMs,
    clock: services.clock,
    open: async (transactionalId) => ({
      transactionalId,
      ...(await openProducer(name, producer, services, transactionalId)),
    }),
  })
}

async function openSender(name: string, settings: ProducerSettings, services: TemplateServices): Promise<RecordSender> {
  return (await openProducer(name, settings, services)).sender
}

async function openProducer(
  name: string,
  settings: ProducerSettings,
  services: TemplateServices,
  transactionalId?: string,
): Promise<{ port: ProducerPort; sender: RecordSender }> {
  const { connection, resolver } = services
  const driver = await services.driver()
  const partitioner = asPartitioner(await resolveReference(settings.partitioner, resolver, 'producer.partitioner'))
  const interceptors = await Promise.all(
    settings.interceptors.map((each) => resolveReference(each, resolver, 'producer.interceptors')),
  )
  const clientId = settings.clientId ?? `${connection.clientId}-producer-${name}`
  const isTransactional = transactionalId !== undefined
  const options: ProducerOptions = {
    clientId: isTransactional ? `${clientId}-${transactionalId}` : clientId,
    acks: settings.acks,
    compression: settings.compression,
    idempotent:
      isTransactional || (settings.idempotence ?? (driver.capabilities.idempotence && settings.acks === 'all')),
    transactionalId,
    transactionTimeoutMs: settings.transactionTimeoutMs,
    deliveryTimeoutMs: settings.deliveryTimeoutMs,
    requestTimeoutMs: settings.requestTimeoutMs ?? connection.requestTimeoutMs ?? 30_000,
  }
  const port = await connect(name, () => driver.producer(options), settings.maxBlockMs, services)
  return { port, sender: new RecordSender(port, partitioner, interceptors, settings, services) }
}

function asPartitioner(given: Partitioner | PartitionerFunction): Partitioner {
  return typeof given === 'function' ? { partition: given } : given
}

/** A broker that can't be reached is waited for, as long as `send` may wait. */
async function connect(
  name: string,
  producer: () => ProducerPort,
  maxBlockMs: number,
  { clock, log }: TemplateServices,
): Promise<ProducerPort> {
  const untilMs = clock.monotonic() + maxBlockMs
  for (let told = false; ; told = true) {
    const port = producer()
    try {
      await port.connect()
      await port.transactions?.initialize()
      return port
    } catch (error) {
      await port.close(0).catch(() => undefined)
      if (!(error instanceof DriverError)) throw error
      const failure = kafkaErrorFrom(error, `template '${name}' can't connect`)
      if (!failure.retriable || clock.monotonic() + RECONNECT_MS > untilMs) throw failure
      if (!told) log.warn(`${failure.message}; it is tried again for ${maxBlockMs} ms`)
      await sleep(clock, RECONNECT_MS)
    }
  }
}
