/** Asks the error handler. One that fails itself costs time, never a record: the delivery is tried again. */
import { errorMessage } from '../error/cause-chain.js'
import type { FailedDelivery } from '../error/error-handler.js'
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
