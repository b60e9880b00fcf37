/** Checks the configs that a group is to have: each by its own rule, and against the bounds that the broker sets. */
import { ErrorCode } from '../../protocol/errors.js'
import type { BrokerSettings } from '../config/broker-settings.js'
import { SettingError, valueOf } from '../config/setting.js'
import { brokerTable, groupTable } from '../config/table.js'
import { Refusal } from './decisions.js'

/** @throws Refusal with INVALID_CONFIG */
export function checkGroupConfigs(configs: ReadonlyMap<string, string>, settings: BrokerSettings): void {
  try {
    for (const [name, text] of configs) {
      const row = groupTable.get(name)
      if (!row) throw new SettingError(`there is no group config '${name}'`)
      const value = valueOf(row, text)
      if (typeof value === 'number') checkBounds(name, value, settings)
    }
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    throw new Refusal(ErrorCode.INVALID_CONFIG, error.message)
  }
}

/** `consumer.session.timeout.ms` lies between `group.consumer.min.session.timeout.ms` and `group.consumer.max.…`. */
function checkBounds(name: string, value: number, settings: BrokerSettings): void {
  const [kind, ...rest] = name.split('.')
  const least = `group.${kind}.min.${rest.join('.')}`
  const most = `group.${kind}.max.${rest.join('.')}`
  if (brokerTable.has(least) && value < settings.int(least)) {
    throw new SettingError(`Invalid value '${value}' for ${name}: ${least} is ${settings.int(least)}`)
  }
  if (brokerTable.has(most) && value > settings.int(most)) {
    throw new SettingError(`Invalid value '${value}' for ${name}: ${most} is ${settings.int(most)}`)
  }
}
