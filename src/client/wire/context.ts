/** What every part of the wire driver is given. */
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import type { Transport } from '../../net/index.js'
import type { ConnectionOptions } from '../port.js'

export interface WireContext {
  readonly connection: ConnectionOptions
  readonly transport: Pick<Transport, 'connect'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export const REQUEST_TIMEOUT_MS = 30_000
export const CONNECT_TIMEOUT_MS = 10_000
/** `retry.backoff.ms` and `retry.backoff.max.ms` of Java's clients. */
export const RETRY_BACK_OFF_MS = 100
export const RETRY_BACK_OFF_MAX_MS = 1_000
