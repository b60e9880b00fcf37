/** Reads the logs when all is quiet. */
import { topicPartitionName, type TopicPartition } from '../../src/model/index.js'
import type { AdminPort } from '../../src/client/port.js'
import type { FinalLog, Isolation, LogRecord } from './history.js'
import { consumerOptions, pause, type Surroundings } from './worker.js'

/** @throws Error when a transaction stays open, or the logs are not read within the time. */
export async function finalLogs(
  around: Surroundings,
  admin: AdminPort,
  partitions: readonly TopicPartition[],
  timeoutMs: number,
): Promise<FinalLog[]> {
  await noOpenTransactions(admin, partitions, timeoutMs)
  const all = await readAll(around, admin, partitions, 'read_uncommitted', timeoutMs)
  const committed = await readAll(around, admin, partitions, 'read_committed', timeoutMs)
  return partitions.map(({ topic, partition }) => {
    const name = topicPartitionName({ topic, partition })
    return { topic, partition, all: all.get(name)!, committed: committed.get(name)! }
  })
}

async function noOpenTransactions(
  admin: AdminPort,
  partitions: readonly TopicPartition[],
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const [ends, stable] = await Promise.all([
      admin.listOffsets(partitions, 'latest'),
      admin.listOffsets(partitions, 'latest', 'read_committed'),
    ])
    const open = ends.filter(({ offset }, i) => stable[i]!.offset !== offset)
    if (open.length === 0) return
    if (performance.now() > deadline) {
      throw new Error(`a transaction stays open in ${open.map(topicPartitionName).join(', ')}`)
    }
    await pause(100)
  }
}

async function readAll(
  { driver }: Surroundings,
  admin: AdminPort,
  partitions: readonly TopicPartition[],
  isolation: Isolation,
  timeoutMs: number,
): Promise<Map<string, LogRecord[]>> {
  const logs = new Map(partitions.map((tp) => [topicPartitionName(tp), [] as LogRecord[]]))
  const ends = await admin.listOffsets(partitions, 'latest', isolation)
  const left = new Map(
    ends.filter(({ offset }) => offset! > 0).map((end) => [topicPartitionName(end), end.offset!] as const),
  )
  const port = driver.consumer(consumerOptions({ isolation, fetchMaxBytesPerPartition: 1_048_576 }))
  const states: string[] = []
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`not read to the end: ${[...left.keys()].join(', ')}; ${states.slice(-5).join(' ')}`)),
      timeoutMs,
    )
    const look = (): void => {
      if (left.size > 0) return
      clearTimeout(timer)
      resolve()
    }
    port
      .start(
        { partitions },
        {
          onAssigned: async (assigned) =>
            assigned.map(({ topic, partition }) => ({ topic, partition, start: 'earliest' as const })),
          onRevoked: async () => {},
          onLost() {},
          onOffsetOutOfRange() {},
          onState(state) {
            states.push('error' in state ? `${state.state} (${state.error.message})` : state.state)
          },
          onRecords({ topic, partition, records, nextOffset }) {
            const name = topicPartitionName({ topic, partition })
            const log = logs.get(name)!
            for (const { offset, rawValue } of records) log.push({ offset, value: rawValue?.toString() ?? 'null' })
            if (nextOffset >= (left.get(name) ?? 0)) left.delete(name)
            look()
          },
        },
      )
      .then(look, reject)
  }).finally(() => port.close(3_000))
  return logs
}
