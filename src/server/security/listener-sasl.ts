/** SASL of one listener: which mechanisms are enabled, and what each checks against. Settings count as they stand now. */
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import {
  oauthBearerServer,
  plainServer,
  scramServer,
  type SaslMechanism,
  type ScramMechanismName,
  type ScramUsers,
} from '../../net/index.js'
import type { ListenerSettings } from '../config/listener-settings.js'
import { SettingError } from '../config/setting.js'
import { PlainUsers } from './plain-users.js'
import type { SaslRules } from './sasl-session.js'
import { tokenValidator } from './token-validator.js'

export interface SaslParts {
  readonly settings: ListenerSettings
  readonly clock: Clock
  readonly log: Log
  readonly random: Random
  readonly scramUsers: ScramUsers
  readonly readFile: (path: string) => Buffer | undefined
  /** See `SaslRules`. */
  readonly turnsAway: (user: string) => boolean
}

const SERVED = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']

/** @throws SettingError when a mechanism is enabled that is not served, or lacks what it needs */
export function listenerSasl(parts: SaslParts): SaslRules {
  const { settings, clock, log, turnsAway } = parts
  const enabled = (): readonly string[] => settings.list('sasl.enabled.mechanisms')
  const wrong = enabled().find((name) => !SERVED.includes(name))
  if (wrong !== undefined || enabled().length === 0) {
    throw new SettingError(
      `listener ${settings.listener} offers SASL ${wrong ?? 'without a mechanism'}: ` +
        `set sasl.enabled.mechanisms, or ${settings.nameOf('sasl.enabled.mechanisms')}, to some of ${SERVED.join(', ')}`,
    )
  }
  const made = new Map<string, SaslMechanism>()
  const mechanism = (name: string): SaslMechanism => {
    let one = made.get(name)
    if (!one) made.set(name, (one = make(name, parts)))
    return one
  }
  // what is missing is found now, and not by the first client
  enabled().forEach(mechanism)
  return {
    clock,
    log,
    mechanisms: enabled,
    mechanism: (name) => (SERVED.includes(name) ? mechanism(name) : undefined),
    sessionMaxMs: (name) => {
      const ms = settings.number('connections.max.reauth.ms', name)
      return ms > 0 ? ms : undefined
    },
    turnsAway,
    failureDelayMs: () => settings.number('connection.failed.authentication.delay.ms'),
    frameBytesMax: (name) => settings.number('sasl.server.max.receive.size', name),
  }
}

function make(name: string, parts: SaslParts): SaslMechanism {
  switch (name) {
    case 'PLAIN': {
      const users = new PlainUsers(parts.settings)
      users.read()
      return plainServer((user) => users.password(user))
    }
    case 'OAUTHBEARER':
      return oauthBearerServer(tokenValidator(parts))
    default:
      return scramServer(name as ScramMechanismName, parts.scramUsers, parts.random)
  }
}
