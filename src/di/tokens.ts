/**
 * Typed service identifiers. The default cluster's template, registry and admin are also bound to their classes; these name
 * the parts of other clusters, and templates by name.
 */
import type { ServiceIdentifier } from 'inversify'
import type { KafkaRuntime, KafkaTemplate } from '../messaging/index.js'

export const DEFAULT_CLUSTER = 'default'

/** A cluster's `KafkaRuntime`, with its listeners resolved: get it by `getAsync`, then `start()` it. */
export const kafkaToken = (cluster: string = DEFAULT_CLUSTER): ServiceIdentifier<KafkaRuntime> =>
  Symbol.for(`kts-kafka.Kafka(${cluster})`)

/** A cluster's template; with a name, one of its `templates`. */
export const kafkaTemplateToken = (
  name?: string,
  cluster: string = DEFAULT_CLUSTER,
): ServiceIdentifier<KafkaTemplate> =>
  Symbol.for(`kts-kafka.KafkaTemplate(${name === undefined ? cluster : `${cluster}/${name}`})`)

/** The default cluster's runtime. */
export const Kafka: ServiceIdentifier<KafkaRuntime> = kafkaToken()
