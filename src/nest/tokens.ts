/**
 * What things are injected as. The default cluster's template, registry and admin are also injected by their classes;
 * these tokens name those of other clusters, and templates by name. Text, because Nest prints it when it can't resolve one.
 */
import { Inject } from '@nestjs/common'

export const DEFAULT_CLUSTER = 'default'

/** The `KafkaRuntime` of a cluster. */
export const getKafkaToken = (cluster: string = DEFAULT_CLUSTER): string => `Kafka(${cluster})`

/** A cluster's template; with a name, one of its `templates`. */
export const getKafkaTemplateToken = (name?: string, cluster: string = DEFAULT_CLUSTER): string =>
  name === undefined ? `KafkaTemplate(${cluster})` : `KafkaTemplate(${cluster}/${name})`

/** The configuration of a cluster, as the application gave it. */
export const getKafkaOptionsToken = (cluster: string = DEFAULT_CLUSTER): string => `KafkaOptions(${cluster})`

/** What a test puts over every cluster's configuration, see `kts-kafka/testing/nest`. */
export const KAFKA_OVERRIDES = 'KafkaOverrides'

/** Injects the `KafkaRuntime` of a cluster. */
export const InjectKafka = (cluster?: string): ParameterDecorator & PropertyDecorator => Inject(getKafkaToken(cluster))

/** Injects a template: the cluster's, or one of its `templates` by name. */
export const InjectKafkaTemplate = (name?: string, cluster?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getKafkaTemplateToken(name, cluster))
