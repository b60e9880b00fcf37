/** Which runner hands a listener's deliveries to its handler. */
import { BatchRunner } from './batch-runner.js'
import type { TransactionTools } from './listener-transactions.js'
import type { PartitionWorker } from './partition-worker.js'
import { RecordRunner } from './record-runner.js'
import { TransactionalBatchRunner } from './transactional-batch-runner.js'
import { TransactionalRecordRunner } from './transactional-record-runner.js'
import type { DeliveryRunner } from './worker-host.js'

/** `transactions` undefined: the listener is not transactional. */
export function runnerFor(worker: PartitionWorker, transactions: TransactionTools | undefined): DeliveryRunner {
  const { batch } = worker.host.listener
  if (transactions === undefined) return batch ? new BatchRunner(worker) : new RecordRunner(worker)
  return batch
    ? new TransactionalBatchRunner(worker, transactions)
    : new TransactionalRecordRunner(worker, transactions)
}
