/** What becomes of each record, where a batch is not simply written or refused: on a scripted broker. */
import { describe, expect, it } from 'vitest'
import { ScriptedCluster } from '../../../../test/client/scripted-cluster.js'
import { SimulatedLog } from '../../../../test/client/simulated-log.js'
import { ErrorCode, messages } from '../../../protocol/index.js'
import { batch, producerOptions, record } from '../../../testing/driver-contract/harness.js'
import type { BatchResult, OutgoingBatch } from '../../port.js'

const TOPIC = 'orders'

type Refusal = { errorCode: number; recordErrors: { batchIndex: number; batchIndexErrorMessage: string | null }[] }

/** Refuses what `refusal` names, writes everything else. */
async function sent(batches: readonly OutgoingBatch[], refusal?: Refusal): Promise<readonly BatchResult[]> {
  const cluster = await ScriptedCluster.start()
  const logs = [new SimulatedLog(), new SimulatedLog()]
  cluster.topic(TOPIC, [1, 1])
  cluster.script(messages.initProducerId, () => ({ errorCode: 0, producerId: 7, producerEpoch: 0 }))
  cluster.script(messages.produce, ({ topicData }) => ({
    responses: topicData.map(({ topicId, partitionData }) => ({
      topicId,
      partitionResponses: partitionData.map(({ index, records }) => {
        const own = index === 0 && refusal ? Object.assign({ baseOffset: -1 }, refusal) : logs[index]!.append(records!)
        return Object.assign({ index, recordErrors: [] }, own)
      }),
    })),
  }))
  let results: readonly BatchResult[] | undefined
  void cluster
    .driver()
    .producer(producerOptions())
    .send(batches)
    .then((all) => (results = all))
  await cluster.until('the results', () => results !== undefined)
  return results!
}

describe('a batch that was refused', () => {
  it('for some of its records tells of each, and of the others that they stood beside (KIP-467)', async () => {
    const recordErrors = [{ batchIndex: 1, batchIndexErrorMessage: 'it has no key' }]
    const [first, second] = await sent([batch(TOPIC, 0, 'a', 'b', 'c'), batch(TOPIC, 1, 'd')], {
      errorCode: ErrorCode.INVALID_RECORD,
      recordErrors,
    })
    expect(first!.error).toMatchObject({ kind: 'corrupt', code: 'INVALID_RECORD' })
    expect(first!.records!.map(({ error }) => error!.message)).toEqual([
      expect.stringContaining('because other records of its batch were refused'),
      expect.stringContaining('it has no key'),
      expect.stringContaining('because other records of its batch were refused'),
    ])
    expect(second).toEqual({ baseOffset: 0 })
  })

  it('because a record is none fails alone', async () => {
    const none = record('x', { headers: [{ key: null as never, value: null }] })
    const [first, second] = await sent([
      { topic: TOPIC, partition: 0, records: [record('a'), none] },
      batch(TOPIC, 1, 'b'),
    ])
    expect(first!.error).toMatchObject({ kind: 'fatal', topicPartition: { topic: TOPIC, partition: 0 } })
    expect(first!.error!.message).toMatch(/^orders-0: the batch can't be encoded: /)
    expect(second).toEqual({ baseOffset: 0 })
  })
})
