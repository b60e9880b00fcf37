/** PLAIN's users as Kafka's PlainLoginModule has them: an option `user_<name>` each, with the password. */
import type { ListenerSettings } from '../config/listener-settings.js'
import { SettingError } from '../config/setting.js'
import { JaasError, parseJaas, type JaasEntry } from './jaas.js'

const JAAS = 'sasl.jaas.config'
const USER = 'user_'

/** Passwords by user, read anew when the setting changes. */
export class PlainUsers {
  private text: string | undefined
  private users: ReadonlyMap<string, string> = new Map()

  constructor(private readonly settings: ListenerSettings) {}

  password(user: string): string | undefined {
    return this.read().get(user)
  }

  /** @throws SettingError when the setting is missing or can't be read */
  read(): ReadonlyMap<string, string> {
    const text = this.settings.text(JAAS, 'PLAIN')
    if (text === this.text && text !== undefined) return this.users
    const entry = jaasEntry(this.settings, 'PLAIN')
    if (!entry) {
      throw new SettingError(
        `listener ${this.settings.listener} offers PLAIN, and has no users: set ${this.settings.nameOf(JAAS, 'PLAIN')} ` +
          'to org.apache.kafka.common.security.plain.PlainLoginModule required user_<name>="<password>";',
      )
    }
    const users = [...entry.options].filter(([name]) => name.startsWith(USER))
    this.users = new Map(users.map(([name, password]) => [name.slice(USER.length), password]))
    this.text = text
    return this.users
  }
}

/** @throws SettingError, without any of the text */
export function jaasEntry(settings: ListenerSettings, mechanism: string): JaasEntry | undefined {
  const text = settings.text(JAAS, mechanism)
  if (text === undefined) return undefined
  try {
    return parseJaas(text)
  } catch (error) {
    if (!(error instanceof JaasError)) throw error
    throw new SettingError(`${settings.nameOf(JAAS, mechanism)} can't be read: ${error.message}`)
  }
}
