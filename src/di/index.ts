/** `kts-kafka/inversify`: inversify 8. Listeners, topics and serdes themselves come from `kts-kafka`. */
export { kafkaModule, type KafkaModuleFactory, type KafkaModuleOptions } from './kafka-module.js'
export { Kafka, kafkaTemplateToken, kafkaToken } from './tokens.js'
