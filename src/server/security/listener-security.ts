/**
 * What a listener asks of those who come in: TLS, SASL, both or neither. Built from the settings before the listener is
 * bound, so that what is wrong is said at the start; certificates follow the settings while it is open.
 */
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import { tlsTransport, type Connection, type ScramUsers, type Transport } from '../../net/index.js'
import type { BrokerSettings } from '../config/broker-settings.js'
import type { ListenerConfig } from '../config/listeners.js'
import { ListenerSettings } from '../config/listener-settings.js'
import { SettingError } from '../config/setting.js'
import { listenerSasl } from './listener-sasl.js'
import { tlsOptions } from './listener-tls.js'
import { principalMapping } from './principal-mapping.js'
import { ANONYMOUS, userPrincipal } from './principal.js'
import { SaslSession } from './sasl-session.js'

export interface ListenerSecurity {
  /** What the listener is bound on; undefined: the plain one. */
  readonly transport: Transport | undefined
  /** Who a connection is as long as it has not said; undefined: it is not let in. */
  principalOf(connection: Connection): string | undefined
  readonly authenticate:
    | ((connection: Connection, gone: AbortSignal, onAuthenticated: (principal: string) => void) => SaslSession)
    | undefined
}

export interface SecurityParts {
  readonly settings: BrokerSettings
  readonly clock: Clock
  readonly log: Log
  readonly random: Random
  readonly scramUsers: ScramUsers
  readonly readFile: (path: string) => Buffer | undefined
  /** See `SaslRules`. */
  readonly turnsAway: (user: string) => boolean
}

/** For listeners that ask for nothing. */
export const noSecurity: ListenerSecurity = {
  transport: undefined,
  principalOf: () => ANONYMOUS,
  authenticate: undefined,
}

/** @throws SettingError */
export function listenerSecurity({ name, securityProtocol }: ListenerConfig, parts: SecurityParts): ListenerSecurity {
  if (securityProtocol === 'PLAINTEXT') return noSecurity
  const settings = new ListenerSettings(parts.settings, name)
  const isSasl = securityProtocol.startsWith('SASL_')
  const isTls = securityProtocol.endsWith('SSL')
  const mapping = principalMapping(settings.text('ssl.principal.mapping.rules') ?? 'DEFAULT')
  const rules = isSasl ? listenerSasl({ ...parts, settings }) : undefined
  return {
    transport: isTls ? tlsFollowing(settings, isSasl, parts) : undefined,
    principalOf({ certificateName }) {
      if (isSasl || certificateName === undefined) return ANONYMOUS
      const mapped = mapping(certificateName)
      return mapped === undefined ? undefined : userPrincipal(mapped)
    },
    authenticate:
      rules &&
      ((connection, gone, onAuthenticated) => new SaslSession(rules, connection.remoteHost, gone, onAuthenticated)),
  }
}

/** TLS with the certificates that the settings name, read again whenever settings change. */
function tlsFollowing(settings: ListenerSettings, isSasl: boolean, parts: SecurityParts): Transport {
  const read = (): ReturnType<typeof tlsOptions> => tlsOptions(settings, isSasl, parts.readFile)
  const unusable = (error: unknown): string =>
    error instanceof SettingError
      ? error.message
      : `the certificate and key of listener ${settings.listener} can't be used: ${(error as Error).message}`
  let transport: ReturnType<typeof tlsTransport>
  try {
    transport = tlsTransport(read())
  } catch (error) {
    throw new SettingError(unusable(error))
  }
  parts.settings.onChange(() => {
    try {
      transport.replace(read())
    } catch (error) {
      parts.log.error(`listener ${settings.listener} keeps its certificates: ${unusable(error)}`)
    }
  })
  return transport
}
