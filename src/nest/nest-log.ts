/** Our lines through Nest's logger, whichever the application uses. Fields follow the message; an error brings its stack. */
import { Logger } from '@nestjs/common'
import type { LogLevel as NestLevel } from '@nestjs/common'
import { logTo, type Log, type LogFields, type LogLevel } from '../base/log.js'

const NEST_LEVELS: Readonly<Record<LogLevel, Exclude<NestLevel, 'fatal'>>> = {
  trace: 'verbose',
  debug: 'debug',
  info: 'log',
  warn: 'warn',
  error: 'error',
}

export function nestLog(context = 'Kafka'): Log {
  const logger = new Logger(context)
  return logTo((level, message, fields) => {
    const nestLevel = NEST_LEVELS[level]
    if (!Logger.isLevelEnabled(nestLevel)) return
    const { error, ...rest } = fields
    const line = message + fieldsText(rest)
    if (level === 'error' && error instanceof Error) logger.error(line, error.stack)
    else logger[nestLevel](error === undefined ? line : `${line} ${String(error)}`)
  }, 'trace')
}

function fieldsText(fields: LogFields): string {
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}
