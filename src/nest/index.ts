/** `kts-kafka/nest`: NestJS 11 and 12. Listeners, topics and serdes themselves come from `kts-kafka`. */
export { KafkaHealthIndicator, type KafkaHealthResult } from './kafka-health-indicator.js'
export { KafkaModule } from './kafka-module.js'
export { KafkaLazyModuleLoader } from './lazy-modules.js'
export type { KafkaModuleAsyncOptions, KafkaModuleOptions, KafkaOptionsFactory } from './kafka-module-options.js'
export {
  getKafkaOptionsToken,
  getKafkaTemplateToken,
  getKafkaToken,
  InjectKafka,
  InjectKafkaTemplate,
  KAFKA_OVERRIDES,
} from './tokens.js'
