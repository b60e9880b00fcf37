/** The one table of settings, by what they are set on. test/facts/configs.json holds Kafka's own; a test compares. */
import { clientMetricsSettings } from './table/client-metrics.js'
import { clusterSettings } from './table/cluster.js'
import { groupCoordinationSettings } from './table/group.js'
import { groupSettings } from './table/group-configs.js'
import { logSettings } from './table/log.js'
import { networkSettings } from './table/network.js'
import { securitySettings } from './table/security.js'
import { topicSettings } from './table/topic.js'
import type { Setting } from './setting.js'

export type SettingTable = ReadonlyMap<string, Setting>

const byName = (...parts: readonly (readonly Setting[])[]): SettingTable =>
  new Map(
    parts
      .flat()
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((row) => [row.name, row]),
  )

export const brokerTable = byName(
  networkSettings,
  logSettings,
  groupCoordinationSettings,
  clusterSettings,
  securitySettings,
)
export const topicTable = byName(topicSettings)
export const groupTable = byName(groupSettings)
export const clientMetricsTable = byName(clientMetricsSettings)
