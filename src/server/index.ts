/** The broker's public surface: start one in this process. */
export { startBroker } from './compose.js'
export { StartError } from './running-broker.js'
export type { BrokerOptions, ListenerAddress, RunningBroker, TopicToCreate } from './running-broker.js'
export { FaultRuleError, type Fault, type FaultRule } from './hooks/fault.js'
export type { GroupCondition } from './hooks/group-conditions.js'
export type { Hooks } from './hooks/hooks.js'
export { WaitTimeout, type WaitOptions } from './hooks/wait-until.js'
export type { JournalEntry, JournalFilter } from './hooks/journal.js'
