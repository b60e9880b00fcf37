/** Builds every part of a broker, in order, once. Nothing else knows how the parts fit together. */
import type { BrokerOptions, RunningBroker } from './running-broker.js'

/**
 * Starts a broker in this process and resolves when it can serve.
 *
 * @throws StartError when a setting is wrong, a port is taken or a data directory can't be used.
 */
export function startBroker(_options: BrokerOptions = {}): Promise<RunningBroker> {
  return Promise.reject(new Error('not composed yet'))
}
