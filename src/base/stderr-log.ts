/** Where lines go when nobody says otherwise: one plain line each on stderr, errors with what caused them. */
import { logTo } from './log.js'
import type { Log, LogLevel } from './log.js'

export function stderrLog(level: LogLevel = 'warn'): Log {
  return logTo((own, message) => void process.stderr.write(`${own} ${message}\n`), level)
}
