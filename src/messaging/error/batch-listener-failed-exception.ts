/** Thrown by a batch handler to say which record failed, Spring's `BatchListenerFailedException`: those before it are done. */
import type { ConsumerRecord } from '../../model/index.js'
import { causeChain } from './cause-chain.js'

/** Thrown by a batch handler: those before the record that it names are done, that one failed. */
export class BatchListenerFailedException extends Error {
  override readonly name = 'BatchListenerFailedException'

  /** `failed`: the record, or its index in the batch. `cause` decides whether it is tried again. */
  constructor(
    message: string,
    readonly failed: number | Pick<ConsumerRecord<unknown, unknown>, 'topic' | 'partition' | 'offset'>,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
  }

  /** The failed record's place in `records`; undefined when it is not one of them. */
  indexIn(records: readonly ConsumerRecord<unknown, unknown>[]): number | undefined {
    const { failed } = this
    const index =
      typeof failed === 'number'
        ? failed
        : records.findIndex(
            (record) =>
              record.offset === failed.offset && record.partition === failed.partition && record.topic === failed.topic,
          )
    return Number.isInteger(index) && index >= 0 && index < records.length ? index : undefined
  }
}

/** The place of the record that the error, or what caused it, names; undefined when it names none of these. */
export function failedIndex(error: unknown, records: readonly ConsumerRecord<unknown, unknown>[]): number | undefined {
  for (const link of causeChain(error)) {
    const index = link instanceof BatchListenerFailedException ? link.indexIn(records) : undefined
    if (index !== undefined) return index
  }
  return undefined
}
