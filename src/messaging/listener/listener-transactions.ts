/**
 * Transactions of one partition's listener (Spring's `KafkaTransactionManager`, EOSMode V2): what the handler sends by the
 * template, and the offset of what it handled, are committed together or not at all. The offset is fenced by the group's
 * generation (KIP-447): a member that has lost the partition can't commit.
 */
import { sleep } from '../../base/clock.js'
import type { ConsumerPort, GroupMetadata } from '../../client/port.js'
import { KafkaError } from '../../model/index.js'
import { errorMessage } from '../error/cause-chain.js'
import type { FailedDelivery } from '../error/error-handler.js'
import { Transaction } from '../transaction/transaction.js'
import { runInTransaction } from '../transaction/transaction-scope.js'
import type { TransactionalProducers } from '../transaction/transactional-producers.js'
import { decide } from './failure.js'
import type { ContainerServices, ListenerSettings } from './listener-settings.js'
import type { PartitionWorker } from './partition-worker.js'
import { Abandoned } from './supervised-handler.js'

export interface TransactionTools {
  readonly producers: TransactionalProducers
  readonly stopContainerWhenFenced: boolean
  /** As what this consumer is known to the group now. */
  group(): GroupMetadata
  /** The group's committed offset, once no transaction holds it up. */
  committed(worker: PartitionWorker): Promise<number | undefined>
}

/** undefined: the listener is not transactional. */
export function transactionToolsOf(
  settings: ListenerSettings,
  services: ContainerServices,
  port: Pick<ConsumerPort, 'groupMetadata'>,
): TransactionTools | undefined {
  const { groupId, transactional, stopContainerWhenFenced } = settings
  if (transactional === undefined) return undefined
  return {
    producers: services.transactions(transactional),
    stopContainerWhenFenced,
    // partitions given by hand have a group without members
    group: () => port.groupMetadata() ?? { groupId, generationId: -1, memberId: '', groupInstanceId: undefined },
    committed: async ({ topic, partition }) => {
      const admin = await services.admin()
      const [found] = await admin.committedOffsets(groupId, [{ topic, partition }], { requireStable: true })
      return found?.offset
    },
  }
}

/** What came of an attempt; 'ended': the worker goes, or its container stops. */
export type AttemptOutcome = 'done' | 'ended' | 'again' | RolledBack

export class RolledBack {
  constructor(readonly error: unknown) {}
}

/** The least of what decisions have in common. */
interface Decision {
  readonly action: 'retry' | 'skip' | 'stop'
  readonly delayMs?: number | undefined
  readonly restart?: boolean | undefined
}

/** Of the group, not of the producer: the partition has moved, or the member is about to know more. */
const GROUP_FENCED: ReadonlySet<string | undefined> = new Set([
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'STALE_MEMBER_EPOCH',
  'FENCED_MEMBER_EPOCH',
  'FENCED_INSTANCE_ID',
  'REBALANCE_IN_PROGRESS',
])
const AGAIN_MS = 100
const FENCED_MS = 1_000
const RECOVERY_RETRY_MS = 100
const ASK_AGAIN_MS = 500

export class ListenerTransactions {
  constructor(
    private readonly worker: PartitionWorker,
    private readonly tools: TransactionTools,
  ) {}

  /** Runs the task in a transaction that commits `position` with what was sent. `offset` is the first that is at work. */
  async attempt(
    offset: number,
    position: number,
    task: () => unknown,
    onAbandon: (reason: Error) => void,
  ): Promise<AttemptOutcome> {
    const { worker } = this
    const transaction = new Transaction(this.tools.producers)
    try {
      await transaction.open()
      const work = this.in(transaction, () => transaction.within(task))
      await worker.handler.waitFor(work, offset, onAbandon)
      await this.commit(transaction, position)
      return 'done'
    } catch (error) {
      // a handler that is no longer waited for is to know
      if (transaction.failure !== undefined && error === transaction.failure) onAbandon(transaction.failure)
      await transaction.abort()
      if (error instanceof Abandoned || worker.isGone) return 'ended'
      if (transaction.isInDoubt) return this.resolveDoubt(error, position)
      const fenced = transaction.failure
      if (fenced !== undefined && GROUP_FENCED.has(fenced.code)) return this.groupFenced(fenced)
      if (fenced?.kind === 'fenced') return this.producerFenced(fenced)
      return new RolledBack(error)
    }
  }

  /** Asks what is to become of it, in a transaction of its own; what is given up is committed with `position`. */
  async afterRollback<D extends Decision>(
    error: unknown,
    attempt: number,
    position: number,
    ask: (failure: FailedDelivery) => D | Promise<D>,
  ): Promise<{ readonly action: 'retry'; readonly delayMs: number; readonly restart: boolean } | 'ended' | D> {
    const { worker } = this
    const transaction = new Transaction(this.tools.producers)
    const decision = await this.in(transaction, () => decide(worker, error, attempt, ask))
    if (decision.action !== 'skip' || worker.isGone) await transaction.abort()
    if (worker.isGone) return 'ended'
    if (decision.action === 'stop') {
      worker.host.stopContainer(error)
      return 'ended'
    }
    if (decision.action === 'retry') {
      return { action: 'retry', delayMs: decision.delayMs ?? 0, restart: decision.restart ?? false }
    }
    try {
      await this.commit(transaction, position)
      return decision as D
    } catch (failure) {
      await transaction.abort()
      worker.log.error(`what was recovered could not be committed, it comes again: ${errorMessage(failure)}`, {
        error: failure,
      })
      return { action: 'retry', delayMs: RECOVERY_RETRY_MS, restart: true }
    }
  }

  private in<T>(transaction: Transaction, task: () => T): T {
    return runInTransaction({ producers: this.tools.producers, transaction, isLocal: false }, task)
  }

  private async commit(transaction: Transaction, position: number): Promise<void> {
    const { worker } = this
    const { topic, partition } = worker
    if (worker.isGone) throw new Abandoned('the partition is gone')
    await transaction.sendOffsets([{ topic, partition, offset: position }], this.tools.group())
    await transaction.commit()
    worker.host.counts.commits++
    worker.committed = position
  }

  /** No answer to the commit: the group's offset tells what became of it. */
  private async resolveDoubt(error: unknown, position: number): Promise<AttemptOutcome> {
    const { worker } = this
    worker.log.warn(`${errorMessage(error)}: the group's offset is asked for`)
    while (!worker.isGone) {
      try {
        const committed = await this.tools.committed(worker)
        if (committed === undefined || committed < position) return new RolledBack(error)
        worker.committed = committed
        return 'done'
      } catch (failure) {
        worker.log.debug(`the group's offset is not known yet: ${errorMessage(failure)}`)
        await sleep(this.tools.producers.clock, ASK_AGAIN_MS)
      }
    }
    return 'ended'
  }

  private async groupFenced(error: KafkaError): Promise<AttemptOutcome> {
    this.worker.log.warn(`rolled back, the group has another generation: ${error.message}`)
    return (await this.worker.pause(AGAIN_MS)) ? 'again' : 'ended'
  }

  private async producerFenced(error: KafkaError): Promise<AttemptOutcome> {
    const { worker } = this
    worker.log.error(
      `rolled back, another producer has the transactional id (each instance needs a prefix of its own): ${error.message}`,
      { error },
    )
    if (this.tools.stopContainerWhenFenced) {
      worker.host.stopContainer(error, 'FENCED')
      return 'ended'
    }
    return (await worker.pause(FENCED_MS)) ? 'again' : 'ended'
  }
}
