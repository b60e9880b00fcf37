/** Makes the cluster's driver, once, and refuses what it can't do, naming the option. */
import type { KafkaDriver } from '../../client/port.js'
import type { ClusterSettings, ProducerSettings } from './cluster-settings.js'
import { configError } from './rules.js'
import type { ListenerSettings } from '../listener/listener-settings.js'
import type { DriverName, DriverTools, KafkaConfig } from './kafka-config.js'

export async function openDriver(
  given: KafkaConfig['driver'],
  settings: ClusterSettings,
  tools: DriverTools,
): Promise<KafkaDriver> {
  const driver = await (typeof given === 'object'
    ? given
    : typeof given === 'function'
      ? given(settings.connection, tools)
      : byName(given, settings, tools))
  refuseIncapable(driver, settings)
  return driver
}

/** Loaded only here: an application with a driver of its own never pays for those of the house. */
async function byName(
  driver: DriverName | undefined,
  { connection }: ClusterSettings,
  tools: DriverTools,
): Promise<KafkaDriver> {
  const { createDriver } = await import('../../client/create-driver.js')
  return createDriver({ ...connection, ...tools, driver })
}

function refuseIncapable(driver: KafkaDriver, settings: ClusterSettings): void {
  const { capabilities, name } = driver
  const problems: string[] = []
  const { consumer } = settings
  for (const [template, { producer }] of settings.templates) {
    const path = template === 'default' ? 'producer' : `templates.${template}`
    problems.push(...producerProblems(path, producer, driver))
  }
  if (consumer.groupProtocol === 'consumer' && !capabilities.consumerGroupProtocol) {
    problems.push(`consumer.groupProtocol 'consumer': the ${name} driver only has 'classic', take driver 'wire'`)
  }
  if (consumer.groupInstanceId !== undefined && !capabilities.staticMembership) {
    problems.push(`consumer.groupInstanceId: the ${name} driver has no static members, take driver 'wire'`)
  }
  if (
    consumer.partitionAssignors.some((each) => each.startsWith('cooperative')) &&
    !capabilities.cooperativeRebalance
  ) {
    problems.push(
      `consumer.partitionAssignors: the ${name} driver has no cooperative rebalances, take 'range' or 'roundrobin'`,
    )
  }
  if (problems.length > 0) throw configError(`the configuration of Kafka cluster '${settings.name}'`, problems)
}

function producerProblems(path: string, producer: ProducerSettings, { capabilities, name }: KafkaDriver): string[] {
  const problems: string[] = []
  if (!capabilities.codecs.has(producer.compression)) {
    const known = [...capabilities.codecs].join(', ')
    problems.push(`${path}.compression '${producer.compression}': the ${name} driver has ${known}`)
  }
  if (producer.idempotence === true && !capabilities.idempotence) {
    problems.push(`${path}.idempotence: the ${name} driver has none`)
  }
  if (producer.transactionIdPrefix !== undefined && !capabilities.transactions) {
    problems.push(`${path}.transactionIdPrefix: the ${name} driver has no transactions, take driver 'wire'`)
  }
  return problems
}

/** What the driver can't do of what one listener asks for. */
export function listenerProblems({ capabilities, name }: KafkaDriver, listener: ListenerSettings): string[] {
  const problems: string[] = []
  const { groupProtocol, groupInstanceId } = listener.consumer
  const can = capabilities
  if (groupProtocol === 'consumer' && !can.consumerGroupProtocol) {
    problems.push(`groupProtocol 'consumer': the ${name} driver only has 'classic', take driver 'wire'`)
  }
  if (groupInstanceId !== undefined && !can.staticMembership) {
    problems.push(`groupInstanceId: the ${name} driver has no static members, take driver 'wire'`)
  }
  if ('partitions' in listener.subscription && !can.manualAssignment) {
    problems.push(`topicPartitions: the ${name} driver has no manual assignment, take driver 'wire'`)
  }
  if (listener.transactional !== undefined && !(can.transactions && can.fencedTransactionOffsets)) {
    problems.push(`transactional: the ${name} driver has no transactions for a group's offsets, take driver 'wire'`)
  }
  return problems
}
