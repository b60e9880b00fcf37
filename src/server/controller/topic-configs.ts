/** Checks the configs that a topic is to have, together: each by its own rule, and those that depend on one another. */
import { ErrorCode } from '../../protocol/errors.js'
import type { BrokerSettings } from '../config/broker-settings.js'
import { SettingError, valueOf } from '../config/setting.js'
import { topicTable } from '../config/table.js'
import { Refusal } from './decisions.js'

/** @throws Refusal with INVALID_CONFIG */
export function checkTopicConfigs(configs: ReadonlyMap<string, string>, settings: BrokerSettings): void {
  try {
    for (const [name, text] of configs) {
      const row = topicTable.get(name)
      if (!row) throw new SettingError(`there is no topic config '${name}'`)
      valueOf(row, text)
    }
    checkCompactionLags(configs, settings)
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    throw new Refusal(ErrorCode.INVALID_CONFIG, error.message)
  }
}

function checkCompactionLags(configs: ReadonlyMap<string, string>, settings: BrokerSettings): void {
  const value = (name: string): number => {
    const row = topicTable.get(name)!
    return valueOf(row, settings.explainTopic(row, '', configs)[0]!.value) as number
  }
  if (!configs.has('min.compaction.lag.ms') && !configs.has('max.compaction.lag.ms')) return
  const least = value('min.compaction.lag.ms')
  const most = value('max.compaction.lag.ms')
  if (least > most)
    throw new SettingError(`min.compaction.lag.ms (${least}) must not be above max.compaction.lag.ms (${most})`)
}
