import { describe, expect, it } from 'vitest'
import { localNode, type LocalNode } from '../../../test/server/local-node.js'
import { ErrorCode } from '../../protocol/errors.js'
import type { addPartitionsToTxn, endTxn, initProducerId, listTransactions } from '../../protocol/messages/index.js'
import { BatchBuilder } from '../../protocol/records/index.js'
import { ZERO_UUID, type RequestOf, type ResponseOf } from '../../protocol/schema/index.js'
import type { RequestContext } from '../api/handler.js'
import { startGroupCoordinator, type RunningGroupCoordinator } from '../group/start-group-coordinator.js'
import { localMarkers, type Marker, type TransactionMarkers } from './markers.js'
import { ProducerIds } from './producer-ids.js'
import { startTransactionCoordinator, type RunningTransactionCoordinator } from './start-transaction-coordinator.js'

type Identity = Pick<RequestOf<typeof endTxn>, 'producerId' | 'producerEpoch'>

const TX = 'tx'

/** A transaction coordinator and a group coordinator on a node's partitions, which outlive them. */
class Scene {
  groups!: RunningGroupCoordinator
  transactions!: RunningTransactionCoordinator
  readonly written: { readonly topic: string; readonly partition: number; readonly marker: Marker }[] = []
  /** What a partition says to a marker instead of taking it. */
  refusals: ErrorCode[] = []
  private blocks = 0

  private constructor(readonly node: LocalNode) {}

  static async start(configs: Record<string, string> = {}): Promise<Scene> {
    const node = await localNode({ configs })
    for (const topic of ['__consumer_offsets', '__transaction_state']) {
      await node.createTopic(topic, { partitions: 2, configs: { 'cleanup.policy': 'compact' } })
    }
    await node.createTopic('orders', { partitions: 2 })
    const scene = new Scene(node)
    scene.run()
    return scene
  }

  private run(): void {
    const { node } = this
    this.groups = startGroupCoordinator(node)
    const local = localMarkers({ ...node, groups: this.groups })
    const markers: TransactionMarkers = {
      write: (topic, partition, marker) => {
        const refusal = this.refusals.shift()
        if (refusal !== undefined) return Promise.resolve(refusal)
        this.written.push({ topic, partition, marker })
        return local.write(topic, partition, marker)
      },
    }
    const producerIds = new ProducerIds({
      allocateProducerIds: () => Promise.resolve({ first: 1000 * ++this.blocks, count: 3 }),
    })
    this.transactions = startTransactionCoordinator({ ...node, groups: this.groups, markers, producerIds })
  }

  /** Lets writes and what follows on them come to an end; hardly any time goes by. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await this.node.clock.advance(1)
  }

  async restart(): Promise<void> {
    this.transactions.close()
    this.groups.close()
    await this.settle()
    this.run()
    await this.settle()
  }

  init(more: Partial<RequestOf<typeof initProducerId>> = {}, version = 5): Promise<ResponseOf<typeof initProducerId>> {
    const request = {
      transactionalId: TX,
      transactionTimeoutMs: 6e4,
      producerId: -1,
      producerEpoch: -1,
      enable2Pc: false,
      keepPreparedTxn: false,
    }
    return this.transactions.initProducerId({ ...request, ...more }, context(version))
  }

  async begin(): Promise<Identity> {
    const { errorCode, producerId, producerEpoch } = await this.init()
    expect(errorCode).toBe(0)
    return { producerId: producerId!, producerEpoch }
  }

  async add(identity: Identity, topic = 'orders', partitions = [0], version = 3): Promise<number> {
    const request: RequestOf<typeof addPartitionsToTxn> = {
      transactions: [],
      v3AndBelowTransactionalId: TX,
      v3AndBelowProducerId: identity.producerId,
      v3AndBelowProducerEpoch: identity.producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions }],
    }
    const { resultsByTopicV3AndBelow } = await this.transactions.addPartitionsToTxn(request, context(version))
    return resultsByTopicV3AndBelow![0]!.resultsByPartition[0]!.partitionErrorCode
  }

  end(identity: Identity, committed: boolean, version = 4): Promise<ResponseOf<typeof endTxn>> {
    return this.transactions.endTxn({ transactionalId: TX, ...identity, committed }, context(version))
  }

  /** What the producer writes, as a partition has it once it was let in. */
  write({ producerId, producerEpoch }: Identity, partition = 0, baseSequence = 0): void {
    const batch = new BatchBuilder()
    batch.append({ key: null, value: Buffer.from('v'), timestampMs: this.node.clock.now() })
    const bytes = batch.finish({ producerId, producerEpoch, baseSequence, transactional: true })
    this.node.partitions.get('orders', partition)!.append(bytes, 'coordinator')
  }

  /** Stable up to the end: no transaction is open in the partition. */
  isStable(partition = 0): boolean {
    const { lastStableOffset, logEndOffset } = this.node.partitions.get('orders', partition)!
    return lastStableOffset === logEndOffset
  }

  async state(): Promise<string> {
    const { transactionStates } = await this.transactions.describeTransactions({ transactionalIds: [TX] }, context(0))
    return transactionStates[0]!.transactionState
  }

  async list(more: Partial<RequestOf<typeof listTransactions>> = {}): Promise<ResponseOf<typeof listTransactions>> {
    const request = { stateFilters: [], producerIdFilters: [], durationFilter: -1, transactionalIdPattern: null }
    return this.transactions.listTransactions({ ...request, ...more }, context(2))
  }

  async commitOffset(identity: Identity, offset: number): Promise<number> {
    const partitions = [{ partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: '' }]
    const request = {
      transactionalId: TX,
      groupId: 'g',
      ...identity,
      generationId: -1,
      memberId: '',
      groupInstanceId: null,
      topics: [
        {
          name: 'orders',
          partitions,
        },
      ],
    }
    const { topics } = await this.groups.txnOffsetCommit(request, context(3))
    return topics[0]!.partitions[0]!.errorCode
  }

  async offset(requireStable = false): Promise<readonly [offset: number, error: number]> {
    const topics = [{ name: 'orders', topicId: ZERO_UUID, partitionIndexes: [0] }]
    const groups = [{ groupId: 'g', memberId: null, memberEpoch: -1, topics }]
    const answer = await this.groups.offsetFetch({ groupId: '', topics: null, groups, requireStable }, context(9))
    const { committedOffset, errorCode } = answer.groups![0]!.topics[0]!.partitions[0]!
    return [committedOffset, errorCode]
  }
}

function context(apiVersion: number): RequestContext {
  return { apiVersion, clientId: 'client', clientHost: '127.0.0.1' } as RequestContext
}

describe('a transaction coordinator', () => {
  it('ends a transaction in every partition that it wrote to', async () => {
    const scene = await Scene.start()
    const identity = await scene.begin()
    expect(await scene.add(identity, 'orders', [0, 1])).toBe(0)
    scene.write(identity, 0)
    scene.write(identity, 1)
    expect(scene.isStable(0) || scene.isStable(1)).toBe(false)
    expect((await scene.end(identity, true)).errorCode).toBe(0)
    await scene.settle()
    expect(await scene.state()).toBe('CompleteCommit')
    expect(scene.isStable(0) && scene.isStable(1)).toBe(true)
    expect(scene.written.map(({ topic, partition, marker }) => [topic, partition, marker.outcome])).toEqual([
      ['orders', 0, 'commit'],
      ['orders', 1, 'commit'],
    ])
  })

  it('gives the raised epoch to clients of version 5, and marks with it', async () => {
    const scene = await Scene.start()
    const identity = await scene.begin()
    await scene.add(identity)
    const ended = await scene.end(identity, false, 5)
    expect(ended).toMatchObject({ errorCode: 0, ...identity, producerEpoch: identity.producerEpoch + 1 })
    await scene.settle()
    expect(scene.written[0]!.marker.producer.epoch).toBe(identity.producerEpoch + 1)
  })

  it('writes markers until every partition has its own, also after a restart', async () => {
    const scene = await Scene.start()
    const identity = await scene.begin()
    await scene.add(identity)
    scene.write(identity)
    scene.refusals = Array.from({ length: 50 }, () => ErrorCode.NOT_LEADER_OR_FOLLOWER)
    await scene.end(identity, true)
    await scene.node.clock.advance(1000)
    expect(await scene.state()).toBe('PrepareCommit')
    expect(scene.isStable()).toBe(false)
    scene.refusals = []
    await scene.restart()
    expect(await scene.state()).toBe('CompleteCommit')
    expect(scene.isStable()).toBe(true)
  })

  it('does not wait for the markers of a topic that is gone', async () => {
    const scene = await Scene.start()
    const identity = await scene.begin()
    await scene.add(identity)
    await scene.node.deleteTopic('orders')
    await scene.end(identity, true)
    await scene.settle()
    expect(await scene.state()).toBe('CompleteCommit')
  })

  it('remembers who holds an id through a restart', async () => {
    const scene = await Scene.start()
    const identity = await scene.begin()
    await scene.add(identity)
    await scene.restart()
    expect(await scene.state()).toBe('Ongoing')
    expect(await scene.add(identity, 'orders', [1])).toBe(0)
    expect((await scene.end(identity, true)).errorCode).toBe(0)
    await scene.settle()
    expect((await scene.begin()).producerEpoch).toBe(identity.producerEpoch + 1)
  })

  it('lets a producer that takes over wait for the end of what was open', async () => {
    const scene = await Scene.start()
    const old = await scene.begin()
    await scene.add(old)
    scene.write(old)
    expect((await scene.init()).errorCode).toBe(ErrorCode.CONCURRENT_TRANSACTIONS)
    await scene.settle()
    expect(scene.written[0]!.marker.outcome).toBe('abort')
    const now = await scene.begin()
    expect(now.producerId).toBe(old.producerId)
    expect((await scene.end(old, true)).errorCode).toBe(ErrorCode.PRODUCER_FENCED)
    expect((await scene.end(old, true, 1)).errorCode).toBe(ErrorCode.INVALID_PRODUCER_EPOCH)
    expect(await scene.add(old, 'orders', [0], 1)).toBe(ErrorCode.INVALID_PRODUCER_EPOCH)
  })

  it('aborts what takes longer than its producer allowed', async () => {
    const scene = await Scene.start()
    const { producerId, producerEpoch } = await scene.init({ transactionTimeoutMs: 15_000 })
    const identity = { producerId: producerId!, producerEpoch }
    await scene.add(identity)
    await scene.node.clock.advance(14_000)
    expect(await scene.state()).toBe('Ongoing')
    await scene.node.clock.advance(10_000)
    await scene.settle()
    expect(await scene.state()).toBe('CompleteAbort')
    expect((await scene.end(identity, true)).errorCode).toBe(ErrorCode.PRODUCER_FENCED)
  })

  it('forgets ids that are not used for long', async () => {
    const scene = await Scene.start({ 'transactional.id.expiration.ms': '7200000' })
    await scene.begin()
    await scene.node.clock.advance(3_600_000)
    expect((await scene.list()).transactionStates).toHaveLength(1)
    await scene.node.clock.advance(2 * 3_600_000)
    expect((await scene.list()).transactionStates).toEqual([])
    expect(await scene.state()).toBe('')
    await scene.restart()
    expect((await scene.list()).transactionStates).toEqual([])
  })

  it('checks time-outs, ids and pairs of id and epoch', async () => {
    const scene = await Scene.start()
    const errors = [
      await scene.init({ transactionTimeoutMs: 900_001 }),
      await scene.init({ transactionTimeoutMs: 0 }),
      await scene.init({ transactionalId: '' }),
      await scene.init({ producerId: 5 }),
    ].map(({ errorCode }) => errorCode)
    const { INVALID_TRANSACTION_TIMEOUT, INVALID_REQUEST } = ErrorCode
    expect(errors).toEqual([INVALID_TRANSACTION_TIMEOUT, INVALID_TRANSACTION_TIMEOUT, INVALID_REQUEST, INVALID_REQUEST])
  })

  it('gives producers without a transactional id ids of their own', async () => {
    const scene = await Scene.start()
    const given = await Promise.all(Array.from({ length: 7 }, () => scene.init({ transactionalId: null })))
    expect(new Set(given.map(({ producerId }) => producerId)).size).toBe(7)
    expect(given.every(({ producerEpoch }) => producerEpoch === 0)).toBe(true)
  })

  it('lists by state, producer, age and pattern, and names states that there are not', async () => {
    const scene = await Scene.start()
    const identity = await scene.begin()
    await scene.add(identity)
    await scene.node.clock.advance(1000)
    const count = async (filter: Parameters<Scene['list']>[0]): Promise<number> =>
      (await scene.list(filter)).transactionStates.length
    expect(await count({ stateFilters: ['Ongoing'] })).toBe(1)
    expect(await count({ stateFilters: ['Empty'] })).toBe(0)
    expect(await count({ producerIdFilters: [identity.producerId] })).toBe(1)
    expect(await count({ producerIdFilters: [1] })).toBe(0)
    expect([await count({ durationFilter: 500 }), await count({ durationFilter: 5000 })]).toEqual([1, 0])
    expect([await count({ transactionalIdPattern: 't.' }), await count({ transactionalIdPattern: 't' })]).toEqual([
      1, 0,
    ])
    expect((await scene.list({ stateFilters: ['Odd'] })).unknownStateFilters).toEqual(['Odd'])
    expect((await scene.list({ transactionalIdPattern: '(' })).errorCode).toBe(ErrorCode.INVALID_REGULAR_EXPRESSION)
  })

  it('lets writes in by what the client can do', async () => {
    const scene = await Scene.start()
    const identity = await scene.begin()
    const admit = async (partition: number, support: 'verify' | 'verify-abortable' | 'add'): Promise<ErrorCode> => {
      const partitions = new Map([['orders', new Set([partition])]])
      const errorOf = await scene.transactions.admit({ transactionalId: TX, ...identity, partitions }, support)
      return errorOf('orders', partition)
    }
    expect(await admit(0, 'verify')).toBe(ErrorCode.INVALID_TXN_STATE)
    expect(await admit(0, 'verify-abortable')).toBe(ErrorCode.TRANSACTION_ABORTABLE)
    expect(await admit(0, 'add')).toBe(0)
    expect([await admit(0, 'verify'), await admit(1, 'verify')]).toEqual([0, ErrorCode.INVALID_TXN_STATE])
  })
})

describe('offsets in a transaction', () => {
  async function withPending(scene: Scene): Promise<Identity> {
    const identity = await scene.begin()
    const { errorCode } = await scene.transactions.addOffsetsToTxn(
      { transactionalId: TX, ...identity, groupId: 'g' },
      context(3),
    )
    expect(errorCode).toBe(0)
    expect(await scene.commitOffset(identity, 7)).toBe(0)
    return identity
  }

  it('count when it is committed, and are told to be unstable before', async () => {
    const scene = await Scene.start()
    const identity = await withPending(scene)
    expect(await scene.offset()).toEqual([-1, 0])
    expect(await scene.offset(true)).toEqual([-1, ErrorCode.UNSTABLE_OFFSET_COMMIT])
    await scene.end(identity, true)
    await scene.settle()
    expect(await scene.offset(true)).toEqual([7, 0])
    await scene.restart()
    expect(await scene.offset(true)).toEqual([7, 0])
  })

  it('are forgotten when it is aborted', async () => {
    const scene = await Scene.start()
    const identity = await withPending(scene)
    await scene.end(identity, false)
    await scene.settle()
    expect(await scene.offset(true)).toEqual([-1, 0])
  })

  it('wait through a restart', async () => {
    const scene = await Scene.start()
    const identity = await withPending(scene)
    await scene.restart()
    expect(await scene.offset(true)).toEqual([-1, ErrorCode.UNSTABLE_OFFSET_COMMIT])
    await scene.end(identity, true)
    await scene.settle()
    expect(await scene.offset(true)).toEqual([7, 0])
  })
})
