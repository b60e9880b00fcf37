/** Several interceptors as one: in order, and `intercept` ends with the first that gives null. Other hooks' errors are logged. */
import type { Log } from '../../base/log.js'
import type { ConsumerRecord } from '../../model/index.js'
import { errorMessage } from '../error/cause-chain.js'
import type { BatchContext } from './batch-context.js'
import type { BatchInterceptor, RecordInterceptor } from './interceptors.js'
import type { ListenerContext } from './listener-context.js'

type AnyRecord = ConsumerRecord<unknown, unknown>

async function each<I>(all: readonly I[], log: Log, hook: string, call: (interceptor: I) => unknown): Promise<void> {
  for (const interceptor of all) {
    try {
      await call(interceptor)
    } catch (error) {
      log.error(`an interceptor failed in ${hook}: ${errorMessage(error)}`, { error })
    }
  }
}

export class RecordInterceptors {
  constructor(
    private readonly all: readonly RecordInterceptor[],
    private readonly log: Log,
  ) {}

  async intercept(given: AnyRecord): Promise<AnyRecord | null> {
    let record = given
    for (const interceptor of this.all) {
      const next = interceptor.intercept === undefined ? record : await interceptor.intercept(record)
      if (next === null) return null
      if (next.topic !== given.topic || next.partition !== given.partition || next.offset !== given.offset) {
        throw new TypeError(`an interceptor gave ${next.coordinates} in place of ${given.coordinates}: another record`)
      }
      record = next
    }
    return record
  }

  success(record: AnyRecord, ctx: ListenerContext<unknown, unknown>): Promise<void> {
    return each(this.all, this.log, 'success', (interceptor) => interceptor.success?.(record, ctx))
  }

  failure(record: AnyRecord, error: unknown, ctx: ListenerContext<unknown, unknown>): Promise<void> {
    return each(this.all, this.log, 'failure', (interceptor) => interceptor.failure?.(record, error, ctx))
  }

  afterRecord(record: AnyRecord): Promise<void> {
    return each(this.all, this.log, 'afterRecord', (interceptor) => interceptor.afterRecord?.(record))
  }
}

export class BatchInterceptors {
  constructor(
    private readonly all: readonly BatchInterceptor[],
    private readonly log: Log,
  ) {}

  async intercept(given: AnyRecord[]): Promise<AnyRecord[] | null> {
    let records = given
    for (const interceptor of this.all) {
      const next = interceptor.intercept === undefined ? records : await interceptor.intercept(records)
      if (next === null) return null
      records = next
    }
    return records
  }

  success(records: AnyRecord[], ctx: BatchContext<unknown, unknown>): Promise<void> {
    return each(this.all, this.log, 'success', (interceptor) => interceptor.success?.(records, ctx))
  }

  failure(records: AnyRecord[], error: unknown, ctx: BatchContext<unknown, unknown>): Promise<void> {
    return each(this.all, this.log, 'failure', (interceptor) => interceptor.failure?.(records, error, ctx))
  }
}
