/** Where lines go when nobody says otherwise: one plain line each on stderr; below an error's, where it was thrown. */
import { logTo } from './log.js'
import type { Log, LogFields, LogLevel } from './log.js'

export function stderrLog(level: LogLevel = 'warn'): Log {
  return logTo((own, message, fields) => void process.stderr.write(plainLine(own, message, fields)), level)
}

/** `warn the consumer is rebuilt (groupId=billing, retryInMs=200)` */
export function plainLine(level: LogLevel, message: string, fields: LogFields): string {
  const shown = Object.entries(fields)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    .map(([key, value]) => `${key}=${String(value)}`)
  const line = `${level} ${message}${shown.length === 0 ? '' : ` (${shown.join(', ')})`}\n`
  const { error } = fields
  if (level !== 'error' || !(error instanceof Error) || error.stack === undefined) return line
  const frames = error.stack.split('\n').filter((text) => text.startsWith('    at '))
  return line + frames.map((frame) => `${frame}\n`).join('')
}
