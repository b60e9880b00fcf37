/** Asks the error handler. One that fails itself costs time, never a record: the delivery is tried again. */
import { errorMessage } from '../error/cause-chain.js'
import type { FailedDelivery } from '../error/error-handler.js'
import type { AnyRecord } from './partition-runner.js'
import type { PartitionWorker } from './partition-worker.js'

const BROKEN_HANDLER_DELAY_MS = 1_000

export async function decide<D>(
  worker: PartitionWorker,
  error: unknown,
  attempt: number,
  ask: (failure: FailedDelivery) => D | Promise<D>,
): Promise<D | { readonly action: 'retry'; readonly delayMs: number; readonly from: 0; readonly restart: false }> {
  const { listener } = worker.host
  try {
    return await ask({
      error,
      attempt,
      listenerId: listener.id,
      groupId: listener.groupId,
      signal: worker.endSignal,
      log: worker.log,
    })
  } catch (failure) {
    worker.log.error(`the error handler of listener ${listener.id} failed: ${errorMessage(failure)}`, {
      error: failure,
    })
    return { action: 'retry', delayMs: BROKEN_HANDLER_DELAY_MS, from: 0, restart: false }
  }
}

/** Of one record of several: 'done' when it is given up, 'ended' when the worker is, else it comes again. */
export async function decideForRecord(
  worker: PartitionWorker,
  record: AnyRecord,
  error: unknown,
  attempt: number,
): Promise<'done' | 'ended' | { readonly delayMs: number; readonly restart?: boolean | undefined }> {
  const { host } = worker
  host.counts.failed++
  const decision = await decide(worker, error, attempt, (failure) =>
    host.listener.errorHandler.handleRecord({ ...failure, record }),
  )
  if (worker.isGone) return 'ended'
  if (decision.action === 'stop') {
    host.stopContainer(error)
    return 'ended'
  }
  if (decision.action === 'skip') {
    if (decision.recovered) host.counts.recovered++
    else host.counts.dropped++
    worker.acks?.settle(record.offset)
    return 'done'
  }
  host.counts.retried++
  return decision
}
