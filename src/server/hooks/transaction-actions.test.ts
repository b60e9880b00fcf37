import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RawClient } from '../../../test/server/raw-client.js'
import { memoryTransport } from '../../net/index.js'
import { errorName } from '../../protocol/errors.js'
import * as messages from '../../protocol/messages/index.js'
import { BatchBuilder } from '../../protocol/records/index.js'
import { startBroker } from '../compose.js'
import type { RunningBroker } from '../running-broker.js'
import { hookRoutes } from './hook-routes.js'
import type { Hooks } from './hooks.js'

const transactionalId = 'orders-1'
const transport = memoryTransport()

interface Producer {
  readonly producerId: number
  readonly producerEpoch: number
}

let broker: RunningBroker
let hooks: Hooks
let client: RawClient

beforeEach(async () => {
  broker = await startBroker({ transport, port: 0, hooks: true, topics: [{ name: 't' }] })
  hooks = broker.hooks!
  client = await RawClient.connect(transport, broker.listeners[0]!.port)
})
afterEach(() => broker.stop())

async function initialised(): Promise<Producer> {
  const asked = { transactionalId, transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 }
  await client.call(messages.findCoordinator, 4, { keyType: 1, coordinatorKeys: [transactionalId] })
  for (;;) {
    const { errorCode, producerId, producerEpoch } = await client.call(messages.initProducerId, 5, asked)
    if (errorCode === 0) return { producerId, producerEpoch }
  }
}

/** Writes one record into the producer's transaction, and gives the error by name. */
async function write({ producerId, producerEpoch }: Producer, baseSequence = 0): Promise<string> {
  const batch = new BatchBuilder()
  batch.append({ key: null, value: Buffer.from('v'), timestampMs: Date.now() })
  const records = batch.finish({ producerId, producerEpoch, baseSequence, transactional: true })
  const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }]
  const asked = { transactionalId, acks: -1, timeoutMs: 1000, topicData }
  const { responses } = await client.call(messages.produce, 12, asked)
  return errorName(responses[0]!.partitionResponses[0]!.errorCode)
}

async function endTxn(producer: Producer): Promise<string> {
  const { errorCode } = await client.call(messages.endTxn, 5, { transactionalId, ...producer, committed: true })
  return errorName(errorCode)
}

const partition = () => broker.parts.partitions.get('t', 0)!

describe('expiring a transaction', () => {
  it('aborts what is open, lets readers past it, and fences its producer', async () => {
    const producer = await initialised()
    expect(await write(producer)).toBe('NONE')
    expect(partition().lastStableOffset).toBe(0)
    await hooks.expireTransaction(transactionalId)
    expect(partition().lastStableOffset).toBe(2)
    expect(await write(producer, 1)).toBe('INVALID_PRODUCER_EPOCH')
    // a commit that comes after the abort is one too many, as in Kafka: it may be the answer lost to a call before
    expect(await endTxn(producer)).toBe('INVALID_TXN_STATE')
    expect(await write(await initialised())).toBe('NONE')
  })

  it('says so where none is open', async () => {
    await expect(hooks.expireTransaction(transactionalId)).rejects.toThrow('no producer has been given')
    await initialised()
    await expect(hooks.expireTransaction(transactionalId)).rejects.toThrow('has no transaction open')
  })
})

describe('fencing a producer', () => {
  it('takes its id over, also while its transaction is open', async () => {
    await expect(hooks.fenceProducer(transactionalId)).rejects.toThrow('no producer has been given')
    const idle = await initialised()
    await hooks.fenceProducer(transactionalId)
    expect(await write(idle)).toBe('INVALID_PRODUCER_EPOCH')
    const busy = await initialised()
    expect(await write(busy)).toBe('NONE')
    await hooks.fenceProducer(transactionalId)
    expect(partition().lastStableOffset).toBe(2)
    expect(await endTxn(busy)).toBe('PRODUCER_FENCED')
  })
})

describe('over HTTP', () => {
  const post = (path: string, body: unknown) => {
    const route = hookRoutes(hooks).find((one) => one.path === `/hooks/transactions/${path}`)!
    return route.handle({ body, params: {}, query: {} } as unknown as Parameters<typeof route.handle>[0])
  }

  it('has both, and is told where there is nothing to do it to', async () => {
    await expect(post('expire', { transactionalId })).rejects.toMatchObject({ status: 404 })
    await expect(post('fence', {})).rejects.toMatchObject({ status: 400 })
    await expect(post('fence', { id: transactionalId })).rejects.toMatchObject({ status: 400 })
    const producer = await initialised()
    await write(producer)
    await post('expire', { transactionalId })
    expect(partition().lastStableOffset).toBe(2)
    await post('fence', { transactionalId })
    expect(await endTxn(producer)).toBe('PRODUCER_FENCED')
  })
})
