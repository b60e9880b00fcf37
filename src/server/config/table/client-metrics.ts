/** Settings of a client metrics subscription (KIP-714). */
import { setting, type Setting } from '../setting.js'

export const clientMetricsSettings: readonly Setting[] = [
  setting('interval.ms', 'int', '300000'),
  setting('match', 'list', ''),
  setting('metrics', 'list', ''),
]
