/** What a template does in a transaction, Spring's `KafkaOperations`. */
import type { CommitOffset } from '../../client/port.js'
import type { ProducerRecord, SendResult, Topic } from '../../model/index.js'
import { runInTransaction } from '../transaction/transaction-scope.js'
import type { TransactionScope } from '../transaction/transaction-scope.js'
import type { SendOptions } from './kafka-template.js'

/** `offset` is the next one to read. */
export type OffsetToCommit = CommitOffset

/** The group whose offsets go into a transaction, and as which member of it. */
export interface ConsumerGroupMetadata {
  readonly groupId: string
  /** Of the member that read; left out: the group is not asked whether it still is one (as before KIP-447). */
  readonly generationId?: number | undefined
  /** As the group knows it. */
  readonly memberId?: string | undefined
  /** Of a static member. */
  readonly groupInstanceId?: string | undefined
}

/** What can be done in a transaction, Spring's `KafkaOperations`. */
export interface KafkaOperations {
  send(topic: string, value: unknown, options?: SendOptions<unknown>): Promise<SendResult<unknown, unknown>>
  send<K, V>(record: ProducerRecord<K, V>): Promise<SendResult<K, V>>
  /** As `KafkaTemplate.send`, in this transaction. A KafkaError of kind `transaction` once that is over. */
  send<K, V>(topic: Topic<K, V>, value: V | null, options?: SendOptions<K>): Promise<SendResult<K, V>>
  /** To `template.defaultTopic`. */
  sendDefault(value: unknown, options?: SendOptions<unknown>): Promise<SendResult<unknown, unknown>>
  /** Resolves when every record of this transaction has its outcome. */
  flush(): Promise<void>
  /** How many partitions a topic has. */
  partitionsFor(topic: string): Promise<number>
  /** false once the transaction is over. */
  readonly inTransaction: boolean
  /** As `KafkaTemplate.sendOffsetsToTransaction`. */
  sendOffsetsToTransaction(offsets: readonly OffsetToCommit[], group: ConsumerGroupMetadata): Promise<void>
}

/** The same operations, always in this transaction, wherever they are called from. */
export function operationsIn(scope: TransactionScope, template: KafkaOperations): KafkaOperations {
  const within =
    <A extends unknown[], R>(call: (...args: A) => R) =>
    (...args: A): R =>
      runInTransaction(scope, () => call.apply(template, args))
  return {
    send: within(template.send as (...args: unknown[]) => unknown) as KafkaOperations['send'],
    sendDefault: within(template.sendDefault.bind(template)),
    flush: within(template.flush.bind(template)),
    partitionsFor: within(template.partitionsFor.bind(template)),
    get inTransaction() {
      return !scope.transaction.isOver
    },
    sendOffsetsToTransaction: within(template.sendOffsetsToTransaction.bind(template)),
  }
}
