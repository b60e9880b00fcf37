/** What every part of the driver is given. */
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import type { ConnectionOptions } from '../port.js'

export interface KafkajsContext {
  readonly connection: ConnectionOptions
  readonly log: Log
  readonly clock: Clock
  readonly random: Random
}
