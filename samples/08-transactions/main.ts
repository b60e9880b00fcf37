/**
 * Read, process and write, each record once: a transfer between accounts becomes two entries of a ledger, or none. The
 * entries and the offset of the transfer are committed in one transaction. KAFKA_BOOTSTRAP names a Kafka to use; left out,
 * a broker is started in this process.
 */
import { deadLetter, DefaultAfterRollbackProcessor, fixed, json, kafka, topic } from 'kts-kafka'
import { EmbeddedKafka } from 'kts-kafka/testing'

interface Transfer {
  from: string
  to: string
  amount: number
}

const Transfers = topic('transfers', { value: json<Transfer>() })
const Ledger = topic('ledger', { value: json<{ account: string; amount: number }>() })

export async function main(): Promise<void> {
  const broker = process.env.KAFKA_BOOTSTRAP ? undefined : await EmbeddedKafka.start()
  const k = kafka({
    bootstrapServers: process.env.KAFKA_BOOTSTRAP ?? broker!.bootstrapServers,
    // the driver that has transactions
    driver: 'wire',
    topics: [Transfers, Ledger],
    // each instance of the application needs a prefix of its own
    producer: { transactionIdPrefix: 'bank-1-' },
    consumer: { autoOffsetReset: 'earliest', isolationLevel: 'read_committed' },
  })

  k.listen(
    Transfers,
    {
      groupId: 'bank',
      transactional: true,
      afterRollbackProcessor: new DefaultAfterRollbackProcessor({
        attempts: 2,
        backOff: fixed(10),
        recoverer: deadLetter(),
      }),
    },
    async ({ from, to, amount }) => {
      await k.template.send(Ledger, { account: from, amount: -amount }, { key: from })
      // too late for the entry above? No: it was never committed
      if (to === 'nobody') throw new Error(`there is no account '${to}'`)
      await k.template.send(Ledger, { account: to, amount }, { key: to })
    },
  )

  const balances = new Map<string, number>()
  let entries = 0
  const all = new Promise<void>((resolve) => {
    k.listen(Ledger, { groupId: 'balances' }, ({ account, amount }) => {
      balances.set(account, (balances.get(account) ?? 0) + amount)
      if (++entries === 4) resolve()
    })
  })

  await k.start()
  // three transfers, asked for together or not at all
  await k.template.executeInTransaction(async (ops) => {
    await ops.send(Transfers, { from: 'ann', to: 'bob', amount: 30 })
    await ops.send(Transfers, { from: 'ann', to: 'nobody', amount: 500 })
    await ops.send(Transfers, { from: 'bob', to: 'cho', amount: 10 })
  })
  await all
  for (const [account, balance] of balances) console.log(`${account} ${balance}`)
  await k.stop()
  await broker?.stop()
}
