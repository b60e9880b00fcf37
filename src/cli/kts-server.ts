/**
 * The kts-server command: starts a broker, says where it listens, and stops it in order when told to.
 *
 *   start ──ready──▶ serve ──SIGINT, SIGTERM──▶ controlled stop ──▶ exit 0
 *     │                │                              └── a second signal: exit at once
 *     └── exit 1       └── the broker gives up: exit 1
 */
import { readFileSync } from 'node:fs'
import { wallClock } from '../base/clock.js'
import { startBroker } from '../server/compose.js'
import { StartError, type RunningBroker } from '../server/running-broker.js'
import { lineLog } from './line-log.js'
import { brokerChoices, ignoreInGit, serverCommand, type ServerFlags } from './server-options.js'

/** The package's own; it stands two folders up, from the source as from the bundle. */
function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

async function main(): Promise<void> {
  const command = serverCommand(packageVersion()).parse()
  const flags = command.opts<ServerFlags>()
  const clock = wallClock()
  const log = lineLog({ level: flags.logLevel, json: flags.json, clock })
  const choices = brokerChoices(flags)
  if (choices.dataDir !== undefined) ignoreInGit(choices.dataDir)
  const broker = await startBroker({ ...choices, log, clock })
  stopOnSignals(broker)
  const listeners = broker.listeners.map(({ name, host, port }) => `${name}://${host}:${port}`)
  const http = broker.httpUrl === undefined ? '' : ` and ${broker.httpUrl}`
  process.stdout.write(`kts-server ready on ${listeners.join(',')}${http}\n`)
  await broker.stopped
}

function stopOnSignals(broker: RunningBroker): void {
  let stopping = false
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(signal === 'SIGINT' ? 130 : 143)
    stopping = true
    broker.stop().then(() => process.exit(0), fail)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
}

function fail(error: unknown): void {
  const text = error instanceof StartError ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`kts-server: ${text}\n`)
  process.exit(1)
}

main().catch(fail)
