/**
 * The one log interface. Parts are given a `Log`; where lines go is decided once, by whoever starts the parts
 * (cli: pino or plain text; Nest: Nest's logger; tests: silent).
 */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'

export interface Log {
  trace(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A log whose lines carry these fields too. */
  child(fields: LogFields): Log
}

export type LogFields = Readonly<Record<string, unknown>>

const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error']

/** A log that hands each line at or above `level` to `write`. */
export function logTo(
  write: (level: LogLevel, message: string, fields: LogFields) => void,
  level: LogLevel = 'info',
  base: LogFields = {},
): Log {
  const least = LEVELS.indexOf(level)
  const at =
    (own: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (LEVELS.indexOf(own) >= least) write(own, message, fields ? { ...base, ...fields } : base)
    }
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => logTo(write, level, { ...base, ...fields }),
  }
}

export const silentLog: Log = logTo(() => {}, 'error')
