/** Where a command's log goes: lines for people, or a JSON object a line, on standard error. */
import type { Clock } from '../base/clock.js'
import { logTo, type Log, type LogFields, type LogLevel } from '../base/log.js'

export function lineLog(options: { level: LogLevel; json: boolean; clock: Clock }): Log {
  const format = options.json ? asJson : asText
  return logTo((level, message, fields) => {
    process.stderr.write(`${format(new Date(options.clock.now()).toISOString(), level, message, fields)}\n`)
  }, options.level)
}

function asText(time: string, level: LogLevel, message: string, fields: LogFields): string {
  let line = `${time} ${level.toUpperCase().padEnd(5)} ${message}`
  for (const [name, value] of Object.entries(fields)) {
    line += value instanceof Error ? `\n${value.stack ?? value.message}` : ` ${name}=${String(value)}`
  }
  return line
}

function asJson(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const plain = Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? value.stack : value])
  return JSON.stringify({ time, level, message, ...Object.fromEntries(plain) })
}
