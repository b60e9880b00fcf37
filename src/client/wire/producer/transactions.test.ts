/** What a transactional producer makes of answers that a healthy cluster does not give. */
import { describe, expect, it } from 'vitest'
import { ScriptedCluster } from '../../../../test/client/scripted-cluster.js'
import { ErrorCode, messages } from '../../../protocol/index.js'
import { batch, producerOptions } from '../../../testing/driver-contract/harness.js'
import type { ProducerPort, TransactionPort } from '../../port.js'

const TOPIC = 'orders'

class Coordinator {
  readonly initialized: { producerId: number; producerEpoch: number }[] = []
  readonly ended: boolean[] = []
  /** Epoch and first sequence of each batch that came. */
  readonly produced: [epoch: number, sequence: number][] = []
  answerAdd: () => number = () => ErrorCode.NONE
  answerEnd: (committed: boolean) => number | 'silence' = () => ErrorCode.NONE
  answerProduce: () => { errorCode: number; logStartOffset?: number } = () => ({ errorCode: ErrorCode.NONE })
  private epoch = -1

  constructor(readonly cluster: ScriptedCluster) {
    cluster.topic(TOPIC, [1])
    cluster.script(messages.findCoordinator, ({ coordinatorKeys }) => ({
      coordinators: coordinatorKeys.map((key) => ({
        key,
        nodeId: 1,
        host: 'broker-1',
        port: 9092,
        errorCode: 0,
        errorMessage: null,
      })),
    }))
    cluster.script(messages.initProducerId, ({ producerId, producerEpoch }) => {
      this.initialized.push({ producerId, producerEpoch })
      return { errorCode: 0, producerId: 9, producerEpoch: ++this.epoch }
    })
    cluster.script(messages.addPartitionsToTxn, ({ v3AndBelowTopics }) => {
      const partitionErrorCode = this.answerAdd()
      return {
        resultsByTopicV3AndBelow: v3AndBelowTopics.map(({ name, partitions }) => ({
          name,
          resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode })),
        })),
      }
    })
    cluster.script(messages.endTxn, ({ committed }) => {
      this.ended.push(committed)
      const errorCode = this.answerEnd(committed)
      return errorCode === 'silence' ? errorCode : { errorCode }
    })
    cluster.script(messages.produce, ({ topicData }) => {
      const records = topicData[0]!.partitionData[0]!.records!
      this.produced.push([records.readInt16BE(51), records.readInt32BE(53)])
      const own = { index: 0, baseOffset: 0, recordErrors: [], ...this.answerProduce() }
      const { name, topicId } = topicData[0]!
      return { responses: [{ name, topicId, partitionResponses: [own] }] }
    })
  }

  /** A promise's outcome, time passing. */
  async outcome<T>(work: Promise<T>): Promise<T> {
    let done = false
    const settled = work.finally(() => (done = true))
    settled.catch(() => {})
    await this.cluster.until('an outcome', () => done, 300_000)
    return settled
  }

  async producer(): Promise<{ producer: ProducerPort; tx: TransactionPort }> {
    const producer = this.cluster.driver().producer(producerOptions({ transactionalId: 'tx' }))
    await this.outcome(producer.transactions!.initialize())
    await producer.transactions!.begin()
    return { producer, tx: producer.transactions! }
  }

  async send(producer: ProducerPort): Promise<string> {
    const [result] = await this.outcome(producer.send([batch(TOPIC, 0, 'a', 'b')]))
    return result!.error?.code ?? 'written'
  }
}

describe('a transactional producer', () => {
  it('waits 20 ms, and no more, while the transaction before is still writing its markers', async () => {
    const coordinator = new Coordinator(await ScriptedCluster.start())
    const { clock } = coordinator.cluster
    const { producer } = await coordinator.producer()
    const askedMs: number[] = []
    coordinator.answerAdd = () => {
      askedMs.push(clock.now())
      return askedMs.length <= 3 ? ErrorCode.CONCURRENT_TRANSACTIONS : ErrorCode.NONE
    }
    expect(await coordinator.send(producer)).toBe('written')
    expect(askedMs.map((ms) => ms - askedMs[0]!)).toEqual([0, 20, 40, 60])
  })

  it('begins the next transaction under a new epoch when a partition refused the old one', async () => {
    const coordinator = new Coordinator(await ScriptedCluster.start())
    const { producer, tx } = await coordinator.producer()
    expect(await coordinator.send(producer)).toBe('written')
    coordinator.answerProduce = () => ({ errorCode: ErrorCode.INVALID_PRODUCER_EPOCH })
    expect(await coordinator.send(producer)).toBe('INVALID_PRODUCER_EPOCH')
    await expect(coordinator.outcome(tx.commit())).rejects.toMatchObject({ code: 'INVALID_PRODUCER_EPOCH' })
    await coordinator.outcome(tx.abort())
    expect(coordinator.initialized).toEqual([
      { producerId: -1, producerEpoch: -1 },
      { producerId: 9, producerEpoch: 0 },
    ])
    coordinator.answerProduce = () => ({ errorCode: ErrorCode.NONE })
    await tx.begin()
    expect(await coordinator.send(producer)).toBe('written')
    expect(coordinator.produced).toEqual([
      [0, 0],
      [0, 2],
      [1, 0],
    ])
  })

  it('fails the batches that wait when the offsets are refused', async () => {
    const coordinator = new Coordinator(await ScriptedCluster.start())
    coordinator.cluster.script(messages.addPartitionsToTxn, () => 'silence')
    coordinator.cluster.script(messages.addOffsetsToTxn, () => ({ errorCode: ErrorCode.ILLEGAL_GENERATION }))
    const { producer, tx } = await coordinator.producer()
    const sent = coordinator.send(producer)
    const group = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: undefined }
    const offsets = tx.sendOffsets([{ topic: TOPIC, partition: 0, offset: 1 }], group)
    await expect(coordinator.outcome(offsets)).rejects.toMatchObject({ code: 'ILLEGAL_GENERATION' })
    expect(await sent).toBe('ILLEGAL_GENERATION')
    expect(coordinator.produced).toEqual([])
  })

  it('starts over at 0 where retention took the records by which the broker knew it', async () => {
    const coordinator = new Coordinator(await ScriptedCluster.start())
    const { producer, tx } = await coordinator.producer()
    expect(await coordinator.send(producer)).toBe('written')
    let answers = 0
    coordinator.answerProduce = () =>
      answers++ === 0 ? { errorCode: ErrorCode.UNKNOWN_PRODUCER_ID, logStartOffset: 5 } : { errorCode: ErrorCode.NONE }
    expect(await coordinator.send(producer)).toBe('written')
    expect(coordinator.produced).toEqual([
      [0, 0],
      [0, 2],
      [0, 0],
    ])
    await coordinator.outcome(tx.commit())
    expect(coordinator.ended).toEqual([true])
  })

  it('does not abort what may be committed', async () => {
    const coordinator = new Coordinator(await ScriptedCluster.start())
    const { producer, tx } = await coordinator.producer()
    await coordinator.send(producer)
    coordinator.answerEnd = () => 'silence'
    await expect(coordinator.outcome(tx.commit())).rejects.toMatchObject({ kind: 'timeout' })
    await expect(tx.abort()).rejects.toThrow(/the commit may have gone through; call commit\(\) again/)
    coordinator.answerEnd = () => ErrorCode.NONE
    await coordinator.outcome(tx.commit())
    await tx.begin()
    expect(new Set(coordinator.ended)).toEqual(new Set([true]))
  })

  it('can be used on after a transaction that a partition did not take part in', async () => {
    const coordinator = new Coordinator(await ScriptedCluster.start())
    const { producer, tx } = await coordinator.producer()
    coordinator.answerProduce = () => ({ errorCode: ErrorCode.INVALID_TXN_STATE })
    expect(await coordinator.send(producer)).toBe('INVALID_TXN_STATE')
    await coordinator.outcome(tx.abort())
    expect(coordinator.ended).toEqual([false])
    await tx.begin()
  })
})
