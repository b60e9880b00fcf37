// Kafka's tools for transactions: kafka-transactions on a transaction that hangs, kafka-features, and kafka-dump-log on the
// files that transactions leave.
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { tcpTransport } from '../../../src/net/index.js'
import { BatchBuilder, ErrorCode, messages } from '../../../src/protocol/index.js'
import { RawClient } from '../../server/raw-client.js'
import { type Args, type Running, kafkaTool, kcat, runningTool } from '../commands.js'
import { type Target, useTarget } from '../target.js'

const PRODUCER = 'org.apache.kafka.tools.ProducerPerformance'

/** A table of a tool, by the names of its columns. */
function rows(text: string): Record<string, string>[] {
  const [head = [], ...lines] = text.split('\n').map((line) => line.split('\t').map((cell) => cell.trim()))
  return lines.map((cells) => Object.fromEntries(head.map((name, n) => [name, cells[n] ?? ''])))
}

describe('tools for transactions', () => {
  const target = useTarget()
  const transactions = async (args: Args): Promise<Record<string, string>[]> =>
    rows((await kafkaTool('kafka-transactions', `--bootstrap-server ${target().bootstrap} ${String(args)}`)).text)
  const features = (args: string, mayFail = false) =>
    kafkaTool('kafka-features', `--bootstrap-server ${target().bootstrap} ${args}`, { mayFail })

  /** A producer that keeps its transaction open for as long as it runs. */
  const opened = async (topic: string, transactionalId: string): Promise<Running> => {
    const { bootstrap } = target()
    await kafkaTool('kafka-topics', `--bootstrap-server ${bootstrap} --create --topic ${topic} --partitions 1`)
    const producer = runningTool(
      PRODUCER,
      `--bootstrap-server ${bootstrap} --topic ${topic} --num-records 1000000 --throughput 100 --record-size 10 ` +
        `--transactional-id ${transactionalId} --transaction-duration-ms 600000 --reporting-interval 100`,
    )
    await producer.until('records in a transaction', (lines) => lines.length > 5)
    return producer
  }

  test('list, describe, and abort what hangs; readers go past it', async () => {
    const producer = await opened('hanging', 'hung')
    const listed = await transactions('list')
    expect(listed).toEqual([expect.objectContaining({ TransactionalId: 'hung', TransactionState: 'Ongoing' })])
    expect(await transactions('describe --transactional-id hung')).toEqual([
      expect.objectContaining({ TransactionalId: 'hung', TransactionState: 'Ongoing', TopicPartitions: 'hanging-0' }),
    ])
    const open = await transactions('describe-producers --topic hanging --partition 0')
    expect(open).toEqual([expect.objectContaining({ ProducerEpoch: '0', CurrentTransactionStartOffset: '0' })])
    await producer.end('SIGKILL')
    // one that its coordinator knows does not hang
    expect(await transactions('find-hanging --broker-id 1 --max-transaction-timeout 0')).toEqual([])

    const { bootstrap } = target()
    const read = (isolation: string) =>
      kcat(bootstrap, `-C -t hanging -o beginning -e -q -X isolation.level=${isolation} -f %o\\n`)
    expect((await read('read_committed')).text).toBe('')
    await kcat(bootstrap, '-P -t hanging -p 0', { input: 'after\n' })
    expect((await read('read_committed')).text).toBe('')
    await transactions('abort --topic hanging --partition 0 --start-offset 0')
    expect(await transactions('describe-producers --topic hanging --partition 0')).toEqual([
      expect.objectContaining({ CurrentTransactionStartOffset: 'None' }),
    ])
    expect((await read('read_committed')).text.split('\n')).toHaveLength(1)
    expect((await read('read_uncommitted')).text.split('\n').length).toBeGreaterThan(10)
  })

  test('find-hanging finds a transaction of which no coordinator knows, and abort ends it', async () => {
    const { bootstrap } = target()
    const verifies = (enabled: boolean) =>
      kafkaTool(
        'kafka-configs',
        `--bootstrap-server ${bootstrap} --alter --entity-type brokers --entity-default --add-config ` +
          `transaction.partition.verification.enable=${String(enabled)}`,
      )
    await kafkaTool('kafka-topics', `--bootstrap-server ${bootstrap} --create --topic lost --partitions 1`)
    // what KIP-890 keeps out: a record in a transaction that the partition was never added to
    await verifies(false)
    await writeUnadded(bootstrap, 'lost', 'unadded')
    await verifies(true)
    await kcat(bootstrap, '-P -t lost -p 0', { input: 'after\n' })
    const read = async () =>
      (await kcat(bootstrap, '-C -t lost -o beginning -e -q -X isolation.level=read_committed -f %s\\n')).text
    expect(await read()).toBe('')

    const found = await transactions('find-hanging --broker-id 1 --max-transaction-timeout 0')
    expect(found).toEqual([expect.objectContaining({ Topic: 'lost', Partition: '0', StartOffset: '0' })])
    await transactions('abort --topic lost --partition 0 --start-offset 0')
    expect(await transactions('find-hanging --broker-id 1 --max-transaction-timeout 0')).toEqual([])
    expect(await read()).toBe('after')
  })

  test('force-terminate: the coordinator aborts, under a higher epoch', async () => {
    const producer = await opened('terminated', 'forced')
    await transactions('forceTerminateTransaction --transactionalId forced')
    await producer.end('SIGKILL')
    const described = await transactions('describe --transactional-id forced')
    expect(described[0]).toMatchObject({ TransactionalId: 'forced', TopicPartitions: '' })
    expect(Number(described[0]?.['ProducerEpoch'])).toBeGreaterThan(0)
  })

  test('features: transaction.version down to 1 and up to 2', async () => {
    const level = async () =>
      /^Feature: transaction.version.*FinalizedVersionLevel: (\d+)/m.exec((await features('describe')).text)?.[1]
    expect(await level()).toBe('2')
    await features('downgrade --feature transaction.version=1')
    expect(await level()).toBe('1')
    const producer = await opened('of-version-1', 'older')
    await producer.end('SIGKILL')
    await features('upgrade --feature transaction.version=2')
    expect(await level()).toBe('2')
    const refused = await features('upgrade --feature transaction.version=3', true)
    expect(refused.code).not.toBe(0)
  })

  test('dump-log reads the state of transactions, aborted ones, and snapshots of producers', async () => {
    await target().stop()
    const dump = async (extension: string, folder: RegExp, options = '') => {
      const files = filesOf(target(), extension, folder)
      expect(files.length, `${extension} files`).toBeGreaterThan(0)
      return (await kafkaTool('kafka-dump-log', `${options} --files ${files.join(',')}`)).text
    }
    const state = await dump('.log', /^__transaction_state-/, '--transaction-log-decoder')
    for (const id of ['hung', 'forced', 'older']) expect(state).toContain(`{"transactionalId":"${id}"}`)
    expect(state).toContain('"transactionPartitions":[{"topic":"hanging","partitionIds":[0]}]')
    expect(state).not.toContain('isvalid: false')
    const aborted = await dump('.txnindex', /^hanging-0$/)
    expect(aborted).toMatch(/^version: 0 producerId: \d+ firstOffset: 0 lastOffset: \d+ lastStableOffset: \d+$/m)
    const snapshots = await dump('.snapshot', /^hanging-0$/)
    expect(snapshots).toMatch(
      /^producerId: \d+ producerEpoch: \d+ coordinatorEpoch: 0 currentTxnFirstOffset: OptionalLong.empty/m,
    )
    await target().start()
  })
})

/** A record in a transaction, from a producer that has not told its coordinator of the partition. */
async function writeUnadded(bootstrap: string, topic: string, transactionalId: string): Promise<void> {
  const [host = '', port] = bootstrap.split(':')
  const client = await RawClient.connect(tcpTransport, Number(port), host)
  try {
    let made = await client.call(messages.initProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 })
    // its coordinator may only just have come to be
    while (made.errorCode === ErrorCode.NOT_COORDINATOR || made.errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) {
      made = await client.call(messages.initProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 })
    }
    expect(made.errorCode).toBe(ErrorCode.NONE)
    const batch = new BatchBuilder()
    batch.append({ key: null, value: Buffer.from('lost'), timestampMs: Date.now() })
    const { producerId, producerEpoch } = made
    const records = batch.finish({ producerId, producerEpoch, baseSequence: 0, transactional: true })
    const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }]
    const answer = await client.call(messages.produce, 11, { transactionalId, acks: -1, timeoutMs: 5_000, topicData })
    expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(ErrorCode.NONE)
  } finally {
    client.connection.destroy()
  }
}

function filesOf({ dataDir }: Target, extension: string, folder: RegExp): string[] {
  return readdirSync(dataDir)
    .filter((name) => folder.test(name))
    .flatMap((name) => readdirSync(`${dataDir}/${name}`).map((file) => `${dataDir}/${name}/${file}`))
    .filter((file) => file.endsWith(extension))
}
