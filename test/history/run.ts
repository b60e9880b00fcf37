/** A run: clients at work, faults one after another, all brought to rest; what they did is the history to be checked. */
import { logTo, silentLog, type LogLevel } from '../../src/base/log.js'
import type { Random } from '../../src/base/random.js'
import { topicPartitionName, type TopicPartition } from '../../src/model/index.js'
import { wireDriver } from '../../src/client/wire/index.js'
import type { AdminPort } from '../../src/client/port.js'
import { finalLogs } from './final-logs.js'
import type { FinalLog, History } from './history.js'
import { Recorder } from './recorder.js'
import type { Weather } from './weather.js'
import { pause, type Surroundings, type Worker } from './worker.js'
import type { MakeWorkload, Workload } from './workloads.js'

export interface RunOptions {
  readonly weather: Weather
  readonly workload: MakeWorkload
  readonly random: Random
  readonly faults: number
  readonly partitions?: number
  readonly replicationFactor?: number
  /** Default: `weather.strike`, so often. */
  readonly strike?: (weather: Weather, fault: number) => Promise<string>
}

export interface Run {
  readonly history: History
  /** For people: faults by kind, what the clients did, and what they were told. */
  readonly figures: string
}

/** Everybody must have got on by then, after a fault; longer than sessions, transactions and deliveries may take. */
const GO_ON_MS = 90_000
const REST_MS = 90_000

/** @throws Error when somebody does not get on, or does not come to rest */
export async function run(options: RunOptions): Promise<Run> {
  const { weather, random, faults, partitions = 3, replicationFactor = 1 } = options
  const recorder = new Recorder()
  const { HISTORY_LOG } = process.env
  const log = HISTORY_LOG
    ? logTo((level, line, fields) => console.log(Date.now(), level, line, fields), HISTORY_LOG as LogLevel)
    : silentLog
  const driver = wireDriver(
    { bootstrapServers: weather.bootstrapServers.split(','), clientId: 'history', requestTimeoutMs: 3_000 },
    { log, random },
  )
  const around: Surroundings = { driver, recorder, random, partitions }
  const admin = driver.admin()
  await admin.connect()
  const workload = options.workload(around, admin)
  const topics = workload.topics.map((name) => ({ name, partitions, replicationFactor, configs: {} }))
  for (const { error } of await admin.createTopics(topics, 30_000)) if (error) throw error

  const sources = begun(workload.sources)
  const others = begun(workload.others)
  const struck = new Map<string, number>()
  try {
    const names = [...workload.sources, ...workload.others].map(({ name }) => name)
    await recorder.allGoOn(names, GO_ON_MS, 'at first')
    for (let fault = 0; fault < faults; fault++) {
      const what = await (options.strike ?? ((): Promise<string> => weather.strike()))(weather, fault)
      struck.set(what, (struck.get(what) ?? 0) + 1)
      if (random.below(3) > 0) await recorder.allGoOn(names, GO_ON_MS, `after fault ${fault}, ${what}`)
      else await pause(random.below(300))
    }
    await weather.calm()
    await sources.ended()
    const read = [...new Set(workload.readers.map(({ topic }) => topic))]
    await groupsAtEnd(admin, workload, await finalLogs(around, admin, all(read, partitions), REST_MS))
    await others.ended()
    const logs = await finalLogs(around, admin, all(workload.topics, partitions), REST_MS)
    const { events, consumers } = recorder
    const { readers, transforms } = workload
    return { history: { events, consumers, logs, readers, transforms }, figures: figures(recorder, logs, struck) }
  } catch (error) {
    console.log(figures(recorder, [], struck))
    throw error
  } finally {
    await Promise.all([sources.ended(), others.ended()])
    await admin.close()
    await driver.close()
  }
}

function begun(workers: readonly Worker[]): { ended(): Promise<void> } {
  const over = new AbortController()
  const runs = workers.map((worker) => worker.run(over.signal))
  return {
    async ended() {
      over.abort()
      await Promise.all(runs)
    },
  }
}

const all = (topics: readonly string[], partitions: number): TopicPartition[] =>
  topics.flatMap((topic) => Array.from({ length: partitions }, (_, partition) => ({ topic, partition })))

/** @throws Error naming the groups that do not get there */
async function groupsAtEnd(admin: AdminPort, { readers }: Workload, logs: readonly FinalLog[]): Promise<void> {
  const deadline = performance.now() + REST_MS
  for (const { group, topic, isolation } of readers) {
    const due = logs
      .filter((log) => log.topic === topic)
      .map((log) => {
        const records = isolation === 'read_committed' ? log.committed : log.all
        return { topic, partition: log.partition, end: (records.at(-1)?.offset ?? -1) + 1 }
      })
    for (;;) {
      const found = await admin.committedOffsets(group, due, { requireStable: true }).catch(() => [])
      const offsets = new Map(found.map((one) => [topicPartitionName(one), one.offset]))
      const behind = due.filter((tp) => (offsets.get(topicPartitionName(tp)) ?? 0) < tp.end)
      if (behind.length === 0) break
      if (performance.now() > deadline) {
        const where = behind.map((tp) => `${topicPartitionName(tp)} ${offsets.get(topicPartitionName(tp))}/${tp.end}`)
        throw new Error(`group ${group} does not come to the end: ${where.join(', ')}`)
      }
      await pause(100)
    }
  }
}

function figures(recorder: Recorder, logs: readonly FinalLog[], struck: ReadonlyMap<string, number>): string {
  const list = (counts: ReadonlyMap<string, number>): string =>
    [...counts]
      .toSorted(([, a], [, b]) => b - a)
      .map(([what, count]) => `${count} × ${what}`)
      .join('\n  ')
  const outcomes = new Map<string, number>()
  for (const event of recorder.events) {
    if (event.type !== 'result' && event.type !== 'ended') continue
    const what = `${event.type === 'result' ? 'records' : 'transactions'} ${event.outcome}`
    outcomes.set(what, (outcomes.get(what) ?? 0) + 1)
  }
  const records = logs.reduce((sum, log) => sum + log.all.length, 0)
  const committed = logs.reduce((sum, log) => sum + log.committed.length, 0)
  const faults = [...struck.values()].reduce((sum, count) => sum + count, 0)
  return [
    `${faults} faults:\n  ${list(struck)}`,
    `${recorder.count('send')} records sent, ${recorder.count('read')} read, ${records} in the logs, ${committed} committed`,
    `outcomes:\n  ${list(outcomes)}`,
    `told:\n  ${list(new Map([...recorder.errors].toSorted(([, a], [, b]) => b - a).slice(0, 25)))}`,
  ].join('\n')
}
