/** What all runners have in common: their worker, their reader, and what the contexts of their deliveries ask for. */
import type { Log } from '../../base/log.js'
import type { ConsumerRecord } from '../../model/index.js'
import { refuseAck } from './ack-refusal.js'
import type { BatchDelivery } from './batch-context.js'
import type { ConsumerSeekCallback } from './consumer-seek-aware.js'
import type { RecordDelivery } from './listener-context.js'
import type { PartitionWorker } from './partition-worker.js'
import { RecordReader } from './record-reader.js'
import type { Delivery } from './record-queue.js'
import type { DeliveryRunner } from './worker-host.js'

export type AnyRecord = ConsumerRecord<unknown, unknown>

export abstract class PartitionRunner implements DeliveryRunner, RecordDelivery, BatchDelivery {
  protected readonly reader: RecordReader

  constructor(protected readonly worker: PartitionWorker) {
    this.reader = new RecordReader(worker.host.listener.serdesFor(worker.topic))
  }

  abstract run(delivery: Delivery): boolean | Promise<boolean>

  // ── the context's side ──

  get seeks(): ConsumerSeekCallback {
    return this.worker.host.seekRequests
  }
  get listenerId(): string {
    return this.worker.host.listener.id
  }
  get groupId(): string {
    return this.worker.host.listener.groupId
  }
  get log(): Log {
    return this.worker.log
  }

  // a runner whose handler acknowledges has its own of these

  acknowledge(_record: AnyRecord): void {
    throw this.refusal('ack()')
  }
  nack(_record: AnyRecord, _sleepMs: number): void {
    throw this.refusal('nack()')
  }
  acknowledgeBatch(_records: readonly AnyRecord[], _throughIndex: number): void {
    throw this.refusal('ack()')
  }
  nackBatch(_records: readonly AnyRecord[], _index: number, _sleepMs: number): void {
    throw this.refusal('nack()')
  }

  protected refusal(call: 'ack()' | 'nack()'): Error {
    return refuseAck(call, this.worker.host.listener)
  }
}
