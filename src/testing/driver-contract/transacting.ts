import type { AdminPort, DriverError, ProducerPort } from '../../client/port.js'
import { CASE_TIMEOUT_MS, batch, producerOptions, unique, values, type Contract } from './harness.js'
import { RecordingConsumer } from './recording-consumer.js'

export function transactingContract(contract: Contract): void {
  const { describe, it, beforeAll, afterAll, expect, driver, harness } = contract
  const { transactions, fencedTransactionOffsets } = harness.capabilities

  describe('transactions', () => {
    let admin: AdminPort
    const can = transactions ? it : it.skip
    const canFence = transactions && fencedTransactionOffsets ? it : it.skip

    const newTopic = async (partitions: number): Promise<string> => {
      const name = unique('transact')
      await admin.createTopics([{ name, partitions, replicationFactor: 1, configs: {} }], 10_000)
      return name
    }
    const transactional = async (
      transactionalId = unique('tx'),
      transactionTimeoutMs = 10_000,
    ): Promise<ProducerPort> => {
      const made = driver().producer(producerOptions({ transactionalId, transactionTimeoutMs }))
      await made.connect()
      await made.transactions!.initialize()
      return made
    }
    const send = async (to: ProducerPort, topic: string, partition: number, ...all: string[]): Promise<void> => {
      const [result] = await to.send([batch(topic, partition, ...all)])
      if (result!.error) throw result!.error
    }

    beforeAll(async () => {
      admin = driver().admin()
      await admin.connect()
    }, CASE_TIMEOUT_MS)
    afterAll(async () => admin.close())

    can('are seen whole or not at all by read_committed, and take no notice of markers', async () => {
      const topic = await newTopic(2)
      const tx = await transactional()
      for (const [name, end] of [
        ['a', 'commit'],
        ['b', 'abort'],
        ['c', 'commit'],
      ] as const) {
        await tx.transactions!.begin()
        await Promise.all([send(tx, topic, 0, ...values(name, 2)), send(tx, topic, 1, name)])
        await tx.transactions![end]()
      }
      const committed = new RecordingConsumer(driver(), { consumer: { isolation: 'read_committed' } })
      await committed.start({ topics: [topic] })
      await committed.until('what was committed', () => committed.received.length >= 6)
      expect([committed.values(0), committed.values(1)]).toEqual([
        ['a0', 'a1', 'c0', 'c1'],
        ['a', 'c'],
      ])
      const all = await new RecordingConsumer(driver()).start({ topics: [topic] })
      await all.until('all of it', () => all.received.length >= 9)
      expect(all.values(1)).toEqual(['a', 'b', 'c'])
      expect(all.received.filter(({ partition }) => partition === 1).map(({ offset }) => offset)).toEqual([0, 2, 4])
      await Promise.all([committed.port.close(2_000), all.port.close(2_000), tx.close(2_000)])
    })

    can('hide what is open, and what lies behind it, from read_committed', async () => {
      const topic = await newTopic(1)
      const tp = { topic, partition: 0 }
      const tx = await transactional()
      await tx.transactions!.begin()
      await send(tx, topic, 0, 'open')
      const plain = driver().producer(producerOptions())
      await plain.connect()
      await send(plain, topic, 0, 'behind')
      const offsetAt = async (isolation: 'read_committed' | 'read_uncommitted'): Promise<number | undefined> =>
        (await admin.listOffsets([tp], 'latest', isolation))[0]!.offset
      expect([await offsetAt('read_committed'), await offsetAt('read_uncommitted')]).toEqual([0, 2])
      const committed = new RecordingConsumer(driver(), { consumer: { isolation: 'read_committed' } })
      const all = await new RecordingConsumer(driver()).start({ topics: [topic] })
      await committed.start({ topics: [topic] })
      await all.until('both records', () => all.received.length === 2)
      expect(committed.values()).toEqual([])
      await tx.transactions!.commit()
      await committed.until('both records', () => committed.received.length === 2)
      expect(committed.values()).toEqual(['open', 'behind'])
      await Promise.all([committed.port.close(2_000), all.port.close(2_000), tx.close(2_000), plain.close(2_000)])
    })

    canFence('commit offsets with the records, and are fenced by the group', async () => {
      const topic = await newTopic(1)
      const groupId = unique('group')
      const tp = { topic, partition: 0 }
      const member = await new RecordingConsumer(driver(), { consumer: { groupId } }).start({ topics: [topic] })
      await member.until('the partition', () => member.assigned.length === 1)
      const group = member.port.groupMetadata()!
      const committed = async (): Promise<number[]> =>
        (await admin.committedOffsets(groupId, [tp], { requireStable: true })).map(({ offset }) => offset)
      const tx = await transactional()
      await tx.transactions!.begin()
      await tx.transactions!.sendOffsets([{ ...tp, offset: 3 }], group)
      await tx.transactions!.abort()
      expect(await committed()).toEqual([])
      await tx.transactions!.begin()
      await send(tx, topic, 0, 'with it')
      await tx.transactions!.sendOffsets([{ ...tp, offset: 7 }], group)
      expect(await admin.committedOffsets(groupId, [tp])).toEqual([])
      await tx.transactions!.commit()
      expect(await committed()).toEqual([7])
      await tx.transactions!.begin()
      await expect(
        tx.transactions!.sendOffsets([{ ...tp, offset: 9 }], { ...group, generationId: group.generationId + 1 }),
      ).rejects.toMatchObject({ kind: 'fenced' })
      await expect(tx.transactions!.commit()).rejects.toMatchObject({ kind: 'fenced' })
      await tx.transactions!.abort()
      expect(await committed()).toEqual([7])
      await Promise.all([member.port.close(2_000), tx.close(2_000)])
    })

    can('of an older producer of the same id are aborted, and it is fenced', async () => {
      const topic = await newTopic(1)
      const id = unique('tx')
      const old = await transactional(id)
      await old.transactions!.begin()
      await send(old, topic, 0, 'old')
      const young = await transactional(id)
      await young.transactions!.begin()
      await send(young, topic, 0, 'young')
      await expect(old.transactions!.commit()).rejects.toMatchObject({ kind: 'fenced' })
      await expect(old.transactions!.begin()).rejects.toMatchObject({ kind: 'fenced' })
      await young.transactions!.commit()
      const reader = new RecordingConsumer(driver(), { consumer: { isolation: 'read_committed' } })
      await reader.start({ topics: [topic] })
      await reader.until('the record', () => reader.received.length > 0)
      expect(reader.values()).toEqual(['young'])
      await Promise.all([old.close(2_000), young.close(2_000), reader.port.close(2_000)])
    })

    can('refuse to commit what failed, and go on after an abort', async () => {
      const name = unique('transact')
      const configs = { 'max.message.bytes': '2000' }
      await admin.createTopics([{ name, partitions: 1, replicationFactor: 1, configs }], 10_000)
      const tx = await transactional()
      await tx.transactions!.begin()
      await expect(send(tx, name, 0, 'x'.repeat(5_000))).rejects.toMatchObject({ kind: 'tooLarge' })
      await expect(send(tx, name, 0, 'small')).rejects.toMatchObject({ kind: 'tooLarge' })
      await expect(tx.transactions!.commit()).rejects.toMatchObject({ kind: 'tooLarge' })
      await tx.transactions!.abort()
      await tx.transactions!.begin()
      await send(tx, name, 0, 'small')
      await tx.transactions!.commit()
      await tx.close(2_000)
    })

    can('refuse what is out of turn', async () => {
      const topic = await newTopic(1)
      const tx = await transactional()
      const refusal = tx.transactions!.commit().then(
        () => 'none',
        (error: DriverError) => error.kind,
      )
      expect(await refusal).toBe('fatal')
      const [result] = await tx.send([batch(topic, 0, 'a')])
      expect(result!.error?.kind).toBe('fatal')
      await tx.close(2_000)
    })
  })
}
