import { describe, expect, it } from 'vitest'
import { ErrorCode } from '../../protocol/errors.js'
import { completeEnd, endTransaction, identityAfter, type Ended, type Ending } from './end-transaction.js'
import { fence, initProducerId, type Initialised } from './init-producer-id.js'
import { addPartitions, verifyPartition } from './partitions.js'
import { EPOCH_MAX, type Transaction, type TransactionVersion } from './transaction.js'

const TIMEOUT_MS = 60_000

/** One transactional id, without a coordinator. */
class Scene {
  transaction: Transaction | undefined
  nowMs = 1000
  private ids = 100

  constructor(private readonly serverVersion: TransactionVersion = 2) {}

  get ending(): Ending {
    return { nowMs: this.nowMs, serverVersion: this.serverVersion, newProducerId: () => this.ids++ }
  }

  private keep<C extends { transaction?: Transaction }>(change: C): C {
    this.transaction = change.transaction ?? this.transaction
    return change
  }

  init(expected?: { producerId: number; producerEpoch: number }): Initialised {
    return this.keep(initProducerId(this.transaction, { timeoutMs: TIMEOUT_MS, expected }, this.ending))
  }

  add(topic: string, identity = this.identity, version: TransactionVersion = 2): ErrorCode {
    const partitions = new Map([[topic, new Set([0])]])
    return this.keep(addPartitions(this.transaction, identity, partitions, version, this.nowMs)).error
  }

  end(outcome: 'commit' | 'abort', identity = this.identity, clientVersion: TransactionVersion = 2): Ended {
    return this.keep(endTransaction(this.transaction, { ...identity, outcome, clientVersion }, this.ending))
  }

  complete(): void {
    this.transaction = completeEnd(this.transaction!, this.nowMs)
  }

  get identity(): { producerId: number; producerEpoch: number } {
    const { producerId, producerEpoch } = this.transaction!
    return { producerId, producerEpoch }
  }

  get state(): string {
    return this.transaction!.state
  }
}

function begun(serverVersion: TransactionVersion = 2): Scene {
  const scene = new Scene(serverVersion)
  expect(scene.init().error).toBe(0)
  return scene
}

function ongoing(serverVersion: TransactionVersion = 2): Scene {
  const scene = begun(serverVersion)
  expect(scene.add('t')).toBe(0)
  return scene
}

describe('InitProducerId', () => {
  it('gives a new id epoch 0, and raises it for the next holder', () => {
    const scene = begun()
    expect(scene.identity).toEqual({ producerId: 100, producerEpoch: 0 })
    scene.init()
    expect(scene.identity).toEqual({ producerId: 100, producerEpoch: 1 })
  })

  it('goes on with the epoch that a producer names, once for a repeated call, and not for one that was replaced', () => {
    const scene = begun()
    const held = scene.identity
    expect(scene.init(held).error).toBe(0)
    expect(scene.identity.producerEpoch).toBe(1)
    expect(scene.init(held).error).toBe(0)
    expect(scene.identity.producerEpoch).toBe(1)
    scene.init()
    expect(scene.init(held).error).toBe(ErrorCode.PRODUCER_FENCED)
    expect(scene.init({ producerId: 7, producerEpoch: 2 }).error).toBe(ErrorCode.PRODUCER_FENCED)
  })

  it('takes a producer that lost what it had for a new one', () => {
    const scene = new Scene()
    expect(scene.init({ producerId: 55, producerEpoch: 3 }).error).toBe(0)
    expect(scene.identity).toEqual({ producerId: 100, producerEpoch: 0 })
  })

  it('aborts what the holder before left open, and sends the caller away until that is done', () => {
    const scene = ongoing()
    const old = scene.identity
    expect(scene.init().error).toBe(ErrorCode.CONCURRENT_TRANSACTIONS)
    expect(scene.state).toBe('PrepareAbort')
    expect(scene.add('t', old)).toBe(ErrorCode.PRODUCER_FENCED)
    expect(scene.init().error).toBe(ErrorCode.CONCURRENT_TRANSACTIONS)
    scene.complete()
    expect(scene.init().error).toBe(0)
    expect(scene.identity).toEqual({ producerId: 100, producerEpoch: 2 })
  })

  it('gives a new producer id when the epochs of one are used up, also to a repeated call', () => {
    const scene = begun()
    scene.transaction = { ...scene.transaction!, producerEpoch: EPOCH_MAX - 1 }
    const held = scene.identity
    expect(scene.init(held).error).toBe(0)
    expect(scene.identity).toEqual({ producerId: 101, producerEpoch: 0 })
    expect(scene.init(held).error).toBe(0)
    expect(scene.identity.producerId).toBe(101)
  })
})

describe('a transaction', () => {
  it('takes partitions from its producer only, and keeps its beginning', () => {
    const scene = ongoing()
    const beganMs = scene.nowMs
    scene.nowMs += 500
    expect(scene.add('u')).toBe(0)
    expect([...scene.transaction!.partitions.keys()]).toEqual(['t', 'u'])
    expect(scene.transaction!.startTimestampMs).toBe(beganMs)
    const { producerId, producerEpoch } = scene.identity
    expect(scene.add('t', { producerId, producerEpoch: producerEpoch + 1 })).toBe(ErrorCode.PRODUCER_FENCED)
    expect(scene.add('t', { producerId: 1, producerEpoch })).toBe(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
  })

  it('is verified by partition', () => {
    const scene = ongoing()
    const verify = (topic: string): ErrorCode => verifyPartition(scene.transaction, scene.identity, topic, 0)
    expect([verify('t'), verify('u')]).toEqual([0, ErrorCode.TRANSACTION_ABORTABLE])
    scene.end('commit')
    expect(verify('t')).toBe(ErrorCode.CONCURRENT_TRANSACTIONS)
  })

  it('takes nothing while its markers are written', () => {
    const scene = ongoing()
    scene.end('commit')
    expect(scene.add('t')).toBe(ErrorCode.CONCURRENT_TRANSACTIONS)
    scene.complete()
    expect(scene.add('t')).toBe(0)
    expect([...scene.transaction!.partitions.keys()]).toEqual(['t'])
  })
})

describe('EndTxn of version 2', () => {
  it('raises the epoch with every end, and knows a repeated call by it', () => {
    const scene = ongoing()
    const held = scene.identity
    expect(scene.end('commit', held).error).toBe(0)
    expect(scene.state).toBe('PrepareCommit')
    expect(identityAfter(scene.transaction!)).toEqual({ producerId: 100, producerEpoch: 1 })
    expect(scene.end('commit', held).error).toBe(ErrorCode.CONCURRENT_TRANSACTIONS)
    expect(scene.end('abort', held).error).toBe(ErrorCode.INVALID_TXN_STATE)
    scene.complete()
    expect(scene.state).toBe('CompleteCommit')
    expect(scene.end('commit', held)).toEqual({ error: 0 })
    expect(scene.end('abort', held).error).toBe(ErrorCode.INVALID_TXN_STATE)
    expect(scene.end('commit').error).toBe(ErrorCode.INVALID_TXN_STATE)
  })

  it('lets nothing be aborted, to raise the epoch', () => {
    const scene = begun()
    expect(scene.end('commit').error).toBe(ErrorCode.INVALID_TXN_STATE)
    expect(scene.end('abort').error).toBe(0)
    scene.complete()
    expect(scene.identity.producerEpoch).toBe(1)
    expect(scene.end('abort').error).toBe(0)
    scene.complete()
    expect(scene.identity.producerEpoch).toBe(2)
  })

  it('gives a new producer id when the epochs are used up, also to a repeated call', () => {
    const scene = ongoing()
    scene.transaction = { ...scene.transaction!, producerEpoch: EPOCH_MAX - 1 }
    const held = scene.identity
    scene.end('commit')
    expect(scene.identity).toEqual({ producerId: 100, producerEpoch: EPOCH_MAX })
    expect(identityAfter(scene.transaction!)).toEqual({ producerId: 101, producerEpoch: 0 })
    scene.complete()
    expect(scene.identity).toEqual({ producerId: 101, producerEpoch: 0 })
    expect(scene.end('commit', held)).toEqual({ error: 0 })
  })

  it('fences other epochs and ids', () => {
    const scene = ongoing()
    const { producerId, producerEpoch } = scene.identity
    expect(scene.end('commit', { producerId, producerEpoch: producerEpoch + 1 }).error).toBe(ErrorCode.PRODUCER_FENCED)
    expect(scene.end('commit', { producerId: 1, producerEpoch }).error).toBe(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    expect(new Scene().end('commit', { producerId, producerEpoch }).error).toBe(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
  })
})

describe('EndTxn of version 1', () => {
  it('keeps the epoch, and takes the same call in the same state for a repetition', () => {
    const scene = ongoing()
    const held = scene.identity
    expect(scene.end('abort', held, 0).error).toBe(0)
    expect(scene.end('abort', held, 0).error).toBe(ErrorCode.CONCURRENT_TRANSACTIONS)
    expect(scene.end('commit', held, 0).error).toBe(ErrorCode.INVALID_TXN_STATE)
    scene.complete()
    expect(scene.identity).toEqual(held)
    expect(scene.end('abort', held, 0)).toEqual({ error: 0 })
    expect(scene.end('commit', held, 0).error).toBe(ErrorCode.INVALID_TXN_STATE)
  })

  it('has nothing to end before it has begun', () => {
    const scene = begun()
    expect(scene.end('abort', scene.identity, 0).error).toBe(ErrorCode.INVALID_TXN_STATE)
  })
})

describe('a transaction that takes too long', () => {
  it.each([0, 1, 2] as const)(
    'is aborted under an epoch that its producer does not have (transaction.version %i)',
    (version) => {
      const scene = ongoing(version)
      const held = scene.identity
      scene.transaction = fence(scene.transaction!, scene.ending)
      expect(scene.state).toBe('PrepareAbort')
      expect(scene.identity.producerEpoch).toBe(held.producerEpoch + 1)
      scene.complete()
      expect(scene.add('t', held)).toBe(ErrorCode.PRODUCER_FENCED)
      expect(scene.end('commit', held, 0).error).toBe(ErrorCode.PRODUCER_FENCED)
    },
  )
})
