/** The SDK's public surface. `kts-kafka/nest` and `kts-kafka/inversify` add a container, `kts-kafka/testing` tests. */
export * from './model/index.js'
export * from './serde/index.js'
export * from './partitioner/index.js'
export * from './messaging/index.js'
export type { Log, LogFields, LogLevel } from './base/log.js'
// both a type and a decorator
export { Topic } from './messaging/decorators/topic.js'
