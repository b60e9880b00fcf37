/**
 * What becomes of batches: they are in the log, are sent again, go in parts, or end with an error. It is told to whoever
 * sent them, to the queue that they come from, and to the transaction that they belong to.
 */
import { topicPartitionName } from '../../../model/index.js'
import { protocolError } from '../../../protocol/index.js'
import { errorOfCode } from '../../error-of-code.js'
import { DriverError, type BatchResult, type ProducerOptions } from '../../port.js'
import { RETRY_BACK_OFF_MAX_MS, RETRY_BACK_OFF_MS } from '../context.js'
import type { Cluster } from '../cluster.js'
import { isRetriable } from '../errors.js'
import type { BatchQueues } from './batch-queues.js'
import { refusedForRecords } from './batch-results.js'
import type { Leaders } from './leaders.js'
import type { PartitionQueue } from './partition-queue.js'
import type { PendingBatch } from './pending-batch.js'
import type { PartitionAnswer } from './produce-request.js'
import type { Transactions } from './transactions.js'
import { verdictOn } from './verdict.js'

export class BatchOutcomes {
  constructor(
    private readonly cluster: Cluster,
    private readonly options: ProducerOptions,
    private readonly queues: BatchQueues,
    private readonly leaders: Leaders,
    private readonly transactions: Transactions | undefined,
  ) {}

  written(queue: PartitionQueue, batch: PendingBatch, baseOffset: number, logAppendTimeMs: number): void {
    queue.answered(batch)
    batch.settle(logAppendTimeMs >= 0 ? { baseOffset, logAppendTimeMs } : { baseOffset })
    queue.acknowledge(batch, baseOffset)
    this.queues.takenFrom(queue)
  }

  /** No answer, whatever the broker did. */
  lost(queue: PartitionQueue, batch: PendingBatch, failure: DriverError): void {
    queue.answered(batch)
    batch.lastError = failure
    this.leaders.doubt(queue.topic)
    if (isRetriable(failure) || failure.kind === 'closed') this.again(queue, batch)
    else this.failed(queue, batch, failure, true)
  }

  answered(queue: PartitionQueue, batch: PendingBatch, told: PartitionAnswer): void {
    const { errorCode, currentLeader } = told
    const verdict = verdictOn(told, queue, batch, this.transactions !== undefined)
    if (verdict === 'written') return this.written(queue, batch, told.baseOffset, told.logAppendTimeMs)
    queue.answered(batch)
    const failure = errorOfCode(errorCode, batch.at, told.errorMessage)
    batch.lastError = failure
    let hasMoved = false
    if (protocolError(errorCode).refreshesMetadata) {
      const { leaderId, leaderEpoch } = currentLeader
      hasMoved = this.cluster.metadata.leaderTold(queue.topic, queue.partition, leaderId, leaderEpoch)
      if (!hasMoved) this.leaders.doubt(queue.topic)
    }
    if (verdict === 'failed') {
      const refused = refusedForRecords(failure, errorCode, batch.recordsCount, told.recordErrors)
      return this.failed(queue, batch, failure, true, refused)
    }
    if (verdict === 'split') return this.split(queue, batch, failure)
    if (verdict !== 'again') queue.findHole(verdict === 'startOver')
    this.again(queue, batch)
    // the new leader has done nothing that would be a reason to wait (KIP-951)
    if (hasMoved) batch.notBeforeMs = 0
  }

  private split(queue: PartitionQueue, batch: PendingBatch, failure: DriverError): void {
    if (batch.isSettled || this.transactions?.isFailed) return this.failed(queue, batch, failure, true)
    this.cluster.context.log.debug(`${topicPartitionName(queue)}: a batch is too large, and goes in parts`, {
      bytes: batch.bytes!.length,
      records: batch.recordsCount,
    })
    queue.replace(batch, batch.split(this.options.compression))
  }

  private again(queue: PartitionQueue, batch: PendingBatch): void {
    if (batch.isSettled || this.transactions?.isFailed) {
      return this.failed(queue, batch, this.transactions?.failure ?? batch.lastError!, false)
    }
    const { clock, random } = this.cluster.context
    const plainMs = Math.min(RETRY_BACK_OFF_MS * 2 ** (batch.attempts - 1), RETRY_BACK_OFF_MAX_MS)
    batch.notBeforeMs = clock.monotonic() + plainMs * (0.8 + 0.4 * random.next())
  }

  failed(
    queue: PartitionQueue,
    batch: PendingBatch,
    failure: DriverError,
    certainlyNotWritten: boolean,
    result: BatchResult = { error: located(failure, queue) },
  ): void {
    batch.settle(result)
    queue.giveUp(batch, certainlyNotWritten)
    this.transactions?.batchFailed(failure)
    this.queues.takenFrom(queue)
  }

  expire(batch: PendingBatch): void {
    if (batch.parts) {
      for (const part of batch.parts) if (!part.isSettled) this.expire(part)
      return
    }
    const queue = this.queues.of(batch.topic, batch.partition)
    const { lastError } = batch
    const words = `${topicPartitionName(queue)}: not acknowledged within ${this.options.deliveryTimeoutMs} ms.`
    const message = lastError ? `${words} Last: ${lastError.message}` : words
    const error = new DriverError('timeout', message, lastError?.code, batch.at, lastError)
    // what is under way stays: its answer tells whether the sequence has a hole
    batch.settle({ error })
    if (!batch.isOnWire) queue.giveUp(batch, batch.attempts === 0)
    this.transactions?.batchFailed(error)
    this.queues.takenFrom(queue)
  }

  failQueue(queue: PartitionQueue, error: DriverError): void {
    for (const batch of queue.batches) {
      if (!batch.isOnWire) this.failed(queue, batch, error, batch.attempts === 0)
    }
  }
}

function located(error: DriverError, queue: PartitionQueue): DriverError {
  if (error.topicPartition) return error
  const at = { topic: queue.topic, partition: queue.partition }
  return new DriverError(error.kind, `${topicPartitionName(queue)}: ${error.message}`, error.code, at, error)
}
