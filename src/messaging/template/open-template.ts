/** A template from its settings; it connects with its first record. */
import { sleep } from '../../base/clock.js'
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import { DriverError } from '../../client/port.js'
import type { ConnectionOptions, KafkaDriver, ProducerOptions, ProducerPort } from '../../client/port.js'
import type { Topic } from '../../model/index.js'
import type { Partitioner, PartitionerFunction } from '../../partitioner/index.js'
import type { ProducerSettings, TemplateSettings } from '../config/cluster-settings.js'
import { resolveReference } from '../config/reference.js'
import type { Resolver } from '../config/reference.js'
import { kafkaErrorFrom } from '../driver-errors.js'
import { KafkaTemplate } from './kafka-template.js'
import { RecordSender } from './record-sender.js'

const RECONNECT_MS = 200

export interface TemplateServices {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly resolver: Resolver
  readonly connection: ConnectionOptions
  driver(): Promise<KafkaDriver>
  topicNamed(name: string): Topic<unknown, unknown> | undefined
}

export function openTemplate(
  name: string,
  { producer, template }: { producer: ProducerSettings; template: TemplateSettings },
  services: TemplateServices,
): KafkaTemplate {
  return new KafkaTemplate({
    name,
    defaultTopic: template.defaultTopic,
    closeTimeoutMs: template.closeTimeoutMs,
    key: producer.key,
    value: producer.value,
    log: services.log,
    topicNamed: services.topicNamed,
    connect: () => openSender(name, producer, services),
  })
}

async function openSender(name: string, settings: ProducerSettings, services: TemplateServices): Promise<RecordSender> {
  const { connection, resolver } = services
  const driver = await services.driver()
  const partitioner = asPartitioner(await resolveReference(settings.partitioner, resolver, 'producer.partitioner'))
  const interceptors = await Promise.all(
    settings.interceptors.map((each) => resolveReference(each, resolver, 'producer.interceptors')),
  )
  const options: ProducerOptions = {
    clientId: settings.clientId ?? `${connection.clientId}-producer-${name}`,
    acks: settings.acks,
    compression: settings.compression,
    idempotent: settings.idempotence ?? (driver.capabilities.idempotence && settings.acks === 'all'),
    deliveryTimeoutMs: settings.deliveryTimeoutMs,
    requestTimeoutMs: settings.requestTimeoutMs ?? connection.requestTimeoutMs ?? 30_000,
  }
  const port = await connect(name, () => driver.producer(options), settings.maxBlockMs, services)
  return new RecordSender(port, partitioner, interceptors, settings, services)
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
