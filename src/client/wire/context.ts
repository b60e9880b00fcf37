/** What every part of the wire driver is given. */
import { wallClock, type Clock } from '../../base/clock.js'
import { silentLog, type Log } from '../../base/log.js'
import { systemRandom, type Random } from '../../base/random.js'
import { outboundTls, tcpTransport, type Transport } from '../../net/index.js'
import type { ConnectionOptions } from '../port.js'

export interface WireContext {
  readonly connection: ConnectionOptions
  readonly transport: Pick<Transport, 'connect'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface WireDriverOptions {
  /** Default: silent. */
  readonly log?: Log | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /** Default: the machine's network, with TLS where the connection asks for it. */
  readonly transport?: Pick<Transport, 'connect'> | undefined
}

export function contextOf(connection: ConnectionOptions, options: WireDriverOptions): WireContext {
  return {
    connection,
    transport: options.transport ?? (connection.tls ? outboundTls(connection.tls) : tcpTransport),
    log: options.log ?? silentLog,
    clock: options.clock ?? wallClock(),
    random: options.random ?? systemRandom,
  }
}

export const REQUEST_TIMEOUT_MS = 30_000
export const CONNECT_TIMEOUT_MS = 10_000
/** `retry.backoff.ms` and `retry.backoff.max.ms` of Java's clients. */
export const RETRY_BACK_OFF_MS = 100
export const RETRY_BACK_OFF_MAX_MS = 1_000
