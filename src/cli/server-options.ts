/** The command line of kts-server, and what it asks of `startBroker`. A wrong value is refused with what is allowed. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { LogLevel } from '../base/log.js'
import { parseProperties } from '../server/config/properties.js'
import { StartError, type TopicToCreate } from '../server/running-broker.js'

export interface ServerFlags {
  readonly config?: string
  readonly override: readonly (readonly [name: string, value: string])[]
  readonly port?: number
  readonly host?: string
  readonly dataDir?: string
  readonly ephemeral: boolean
  readonly topic: readonly TopicToCreate[]
  readonly logLevel: LogLevel
  readonly json: boolean
  readonly httpPort?: number
  readonly hooks: boolean
}

const DEFAULT_DATA_DIR = './kts-data'

export function serverCommand(version: string): Command {
  return new Command('kts-server')
    .description('A Kafka broker in one process: for development, tests and single machines.')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .option('-c, --config <file>', "settings as in Kafka's server.properties")
    .option('-o, --override <key=value>', 'one setting, over the file; may be repeated', collect(parseOverride), [])
    .option('-p, --port <number>', 'port to listen on, 0 picks a free one (default: 9092)', parsePort)
    .option('--host <host>', 'address to listen on (default: 127.0.0.1, and ::1)')
    .option('-d, --data-dir <dir>', `where data is kept (default: ${DEFAULT_DATA_DIR})`)
    .option('--ephemeral', 'keep data in memory only', false)
    .option(
      '--topic <name[:partitions]>',
      'create a topic when it is missing; may be repeated',
      collect(parseTopic),
      [],
    )
    .addOption(
      new Option('--log-level <level>', 'least severe level to log')
        .choices(['trace', 'debug', 'info', 'warn', 'error'])
        .default('warn'),
    )
    .option('--json', 'log a JSON object a line', false)
    .option('--http-port <number>', 'serve /metrics, /healthz and /readyz by HTTP here, 0 picks a free port', parsePort)
    .option('--hooks', 'with --http-port: development hooks (faults, waits, clock, journal) under /hooks', false)
    .allowExcessArguments(false)
}

function collect<T>(parse: (text: string) => T): (text: string, before: readonly T[]) => readonly T[] {
  return (text, before) => [...before, parse(text)]
}

function parseOverride(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at <= 0) throw new InvalidArgumentError('It must be key=value, e.g. num.partitions=3.')
  return [text.slice(0, at).trim(), text.slice(at + 1)]
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('It must be a number from 0 to 65535.')
  return port
}

function parseTopic(text: string): TopicToCreate {
  const at = text.lastIndexOf(':')
  if (at < 0) return { name: text }
  const partitions = text.slice(at + 1)
  if (!/^[1-9]\d{0,4}$/.test(partitions)) {
    throw new InvalidArgumentError('It must be name or name:partitions, e.g. orders:3.')
  }
  return { name: text.slice(0, at), partitions: Number(partitions) }
}

export interface BrokerChoices {
  readonly configs: Readonly<Record<string, string>>
  readonly dataDir: string | undefined
  readonly host: string | undefined
  readonly port: number | undefined
  readonly topics: readonly TopicToCreate[]
  readonly httpPort: number | undefined
  readonly hooks: boolean
}

/** @throws StartError */
export function brokerChoices(flags: ServerFlags): BrokerChoices {
  if (flags.hooks && flags.httpPort === undefined) {
    throw new StartError('--hooks are reached by HTTP: add --http-port, 0 picks a free port')
  }
  const configs = new Map([...(flags.config === undefined ? [] : readConfig(flags.config)), ...flags.override])
  if (flags.host !== undefined || flags.port !== undefined) {
    // what the command line says of the address is all that counts of it
    configs.delete('listeners')
    configs.delete('advertised.listeners')
  }
  return {
    configs: Object.fromEntries(configs),
    dataDir: chooseDataDir(flags, configs),
    host: flags.host,
    port: flags.port,
    topics: flags.topic,
    httpPort: flags.httpPort,
    hooks: flags.hooks,
  }
}

function readConfig(file: string): Map<string, string> {
  try {
    return parseProperties(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new StartError(`can't read the config file ${file}: ${(error as Error).message}`)
  }
}

function chooseDataDir(flags: ServerFlags, configs: Map<string, string>): string | undefined {
  if (flags.ephemeral) {
    if (flags.dataDir !== undefined) throw new StartError('--ephemeral keeps no data: leave --data-dir out')
    configs.delete('log.dirs')
    configs.delete('log.dir')
    return undefined
  }
  if (flags.dataDir !== undefined) {
    configs.delete('log.dirs')
    configs.delete('log.dir')
    return flags.dataDir
  }
  return configs.has('log.dirs') || configs.has('log.dir') ? undefined : DEFAULT_DATA_DIR
}

/** A data directory within a project is no source: it ignores itself. */
export function ignoreInGit(dataDir: string): void {
  const file = join(dataDir, '.gitignore')
  try {
    mkdirSync(dataDir, { recursive: true })
    if (!existsSync(file)) writeFileSync(file, '*\n')
  } catch (error) {
    throw new StartError(`can't write to the data directory ${dataDir}: ${(error as Error).message}`)
  }
}
