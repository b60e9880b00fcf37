/**
 * `kts-kafka/client`: drivers, without the framework on top. What a driver does is told in port.ts; records are bytes here.
 *
 * ```ts
 * const driver = createDriver({ bootstrapServers: ['localhost:9092'] })
 * const admin = driver.admin()
 * ```
 */
export * from './port.js'
export {
  rangeAssignor,
  roundRobinAssignor,
  type Assignor,
  type GroupMember,
  type ReplicaRacks,
} from './assignors/index.js'
export {
  createDriver,
  DEFAULT_DRIVER,
  type CreateDriverOptions,
  type DriverTools,
  type MakeDriver,
} from './create-driver.js'
export { KAFKAJS_CAPABILITIES, kafkajsDriver } from './kafkajs/index.js'
export * from './wire/index.js'
