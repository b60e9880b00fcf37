/** From a driver's name, or its maker, to a driver on a cluster. */
import { wallClock, type Clock } from '../base/clock.js'
import { silentLog, type Log } from '../base/log.js'
import { systemRandom, type Random } from '../base/random.js'
import { kafkajsDriver } from './kafkajs/index.js'
import { DriverError, type ConnectionOptions, type KafkaDriver } from './port.js'
import { wireDriver } from './wire/index.js'

export interface DriverTools {
  readonly log: Log
  readonly clock: Clock
  readonly random: Random
}

/** Makes a driver; anyone may write one, and hold it to `describeDriverContract` of `kts-kafka/testing`. */
export type MakeDriver = (connection: ConnectionOptions, tools: DriverTools) => KafkaDriver

export interface CreateDriverOptions extends Omit<ConnectionOptions, 'clientId'>, Partial<DriverTools> {
  /** Default: what `KTS_DRIVER` names in the environment, else `DEFAULT_DRIVER`. */
  readonly driver?: keyof typeof makers | MakeDriver | undefined
  /** Default `'kts-kafka'`. */
  readonly clientId?: string | undefined
}

/** Which driver is taken where none is named: docs/decisions/default-driver.md says why. */
export const DEFAULT_DRIVER: keyof typeof makers = 'wire'

const makers = { kafkajs: kafkajsDriver, wire: wireDriver } satisfies Record<string, MakeDriver>

/** Connects nothing yet. @throws DriverError 'fatal' when there is no such driver. */
export function createDriver(options: CreateDriverOptions): KafkaDriver {
  const named = process.env['KTS_DRIVER'] || DEFAULT_DRIVER
  const { driver = named as keyof typeof makers, clientId = 'kts-kafka', log, clock, random, ...connection } = options
  const make: MakeDriver | undefined = typeof driver === 'function' ? driver : makers[driver]
  if (make === undefined) {
    throw new DriverError(
      'fatal',
      `driver '${driver}': there is ${Object.keys(makers).join(', ')}; or give a function.`,
    )
  }
  return make(
    { ...connection, clientId },
    { log: log ?? silentLog, clock: clock ?? wallClock(), random: random ?? systemRandom },
  )
}
