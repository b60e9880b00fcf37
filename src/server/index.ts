/** The broker's public surface: start one in this process. */
export { startBroker } from './compose.js'
export { StartError } from './running-broker.js'
export type { BrokerOptions, ListenerAddress, RunningBroker, TopicToCreate } from './running-broker.js'
