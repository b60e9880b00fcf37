/**
 * `kts-kafka/testing`: a broker in the process, a driver without a broker, and the suite that holds drivers to the port.
 * Nothing here needs a certain test runner.
 */
export { EmbeddedKafka, type EmbeddedKafkaOptions, type EmbeddedTopic, type ProduceRecord } from './embedded-kafka.js'
export {
  FaultRuleError,
  WaitTimeout,
  type Fault,
  type FaultRule,
  type GroupCondition,
  type Hooks,
  type JournalEntry,
  type JournalFilter,
  type WaitOptions,
} from '../server/index.js'
export { readRecords, TestRecord, type ReadOptions } from './read-records.js'
export {
  MEMORY_CAPABILITIES,
  MemoryCluster,
  memoryDriver,
  type MemoryClusterOptions,
  type MemoryFaults,
  type MemoryTopic,
} from './memory-driver/index.js'
export { describeDriverContract, type DriverContractHarness, type TestApi } from './driver-contract.js'
export { virtualClock, wallClock, type Clock, type VirtualClock } from '../base/clock.js'
