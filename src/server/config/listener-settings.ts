/**
 * Settings as one listener sees them: what is set under `listener.name.<listener>.` first, then the broker's own. For SASL
 * a mechanism may stand in between, as in `listener.name.sasl_ssl.plain.sasl.jaas.config`.
 */
import type { BrokerSettings } from './broker-settings.js'
import { valueOf, type Setting, type SettingValue } from './setting.js'
import { brokerTable } from './table.js'

const PREFIX = /^listener\.name\.[^.]+\./
const MECHANISM = /^(?:plain|scram-sha-256|scram-sha-512|oauthbearer|gssapi)\./
/** What a listener may have of its own. */
const OWN = /^(?:ssl|sasl)\.|^connections\.max\.reauth\.ms$|^max\.connections$/

/** The setting behind a name that begins with a listener's prefix; undefined: it is no such name. */
export function listenerSetting(name: string): Setting | undefined {
  if (!PREFIX.test(name)) return undefined
  const base = name.replace(PREFIX, '').replace(MECHANISM, '')
  return OWN.test(base) ? brokerTable.get(base) : undefined
}

export class ListenerSettings {
  private readonly prefix: string

  constructor(
    private readonly settings: BrokerSettings,
    readonly listener: string,
  ) {
    this.prefix = `listener.name.${listener.toLowerCase()}.`
  }

  /** @param mechanism values set for this SASL mechanism count first */
  text(name: string, mechanism?: string): string | undefined {
    const forMechanism =
      mechanism === undefined ? undefined : this.settings.foreign(`${this.prefix}${mechanism.toLowerCase()}.${name}`)
    return forMechanism ?? this.own(name) ?? this.settings.text(name)
  }

  /** What is set for this listener alone. */
  own(name: string): string | undefined {
    return this.settings.foreign(this.prefix + name)
  }

  number(name: string, mechanism?: string): number {
    return this.value(name, mechanism) as number
  }

  list(name: string): readonly string[] {
    return (this.value(name) ?? []) as readonly string[]
  }

  private value(name: string, mechanism?: string): SettingValue | undefined {
    const text = this.text(name, mechanism)
    return text === undefined ? undefined : valueOf(brokerTable.get(name)!, text)
  }

  /** As users must write it, for messages. */
  nameOf(setting: string, mechanism?: string): string {
    return mechanism === undefined ? this.prefix + setting : `${this.prefix}${mechanism.toLowerCase()}.${setting}`
  }
}
