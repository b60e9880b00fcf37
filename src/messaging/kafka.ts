/** `kafka(config)`: the function API, and what the adapters build on. */
import { KafkaError } from '../model/index.js'
import type { KafkaConfig, KafkaServices } from './config/kafka-config.js'
import type { KafkaRuntime } from './kafka-runtime.js'

/** Throws one KafkaError of kind `config` that lists everything wrong with the configuration. Connects to nothing yet. */
export function kafka(config: KafkaConfig, services: KafkaServices = {}): KafkaRuntime {
  void services
  throw new KafkaError('config', `not built yet: ${config.name}`)
}
