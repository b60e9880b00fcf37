/**
 * The public API as users write it, held against the compiler by `npm run check`: what should compile does, what should
 * not does not. Nothing here runs but the last test.
 */
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  Ack,
  type Acknowledgment,
  bytes,
  type ConsumerRecord,
  DeadLetter,
  deadLetter,
  deadLetterTopic,
  DefaultErrorHandler,
  type DeserializationError,
  exponential,
  json,
  Key,
  kafka,
  KafkaHeader,
  KafkaListener,
  type KafkaRuntime,
  type KafkaTemplate,
  type ListenerContext,
  listenersOf,
  Payload,
  type SendResult,
  string,
  topic,
  Topic,
  topicPattern,
  topicsOf,
} from '../index.js'

interface Order {
  id: string
  total: number
}
interface Refund {
  refundOf: string
}

const Orders = topic('orders', { value: json<Order>(), partitions: 3 })
const Refunds = topic('refunds', { value: json<Refund>() })
const Audit = topicPattern(/orders\..*/, { value: json<Order>() })

@Topic(Orders)
@Topic(Refunds)
class Billing {
  constructor(private readonly kafka: KafkaTemplate) {}

  @KafkaListener(Orders, { groupId: 'billing', concurrency: 3 })
  async bill(order: Order, ctx: ListenerContext): Promise<void> {
    await this.kafka.send(Refunds, { refundOf: order.id }, { key: ctx.key })
  }

  @KafkaListener(Orders, { groupId: (env) => env.get('AUDIT_GROUP') ?? 'audit', batch: true })
  async audit(batch: ConsumerRecord<string, Order>[]): Promise<void> {
    for (const record of batch) expectTypeOf(record.value).toEqualTypeOf<Order>()
  }

  @KafkaListener([Orders, Refunds], { groupId: 'both' })
  both(value: Order | Refund): void {
    void value
  }

  @KafkaListener(Audit, { groupId: 'pattern', discardIf: (record) => record.value.total === 0 })
  pattern(order: Order): void {
    void order
  }

  @KafkaListener(Orders, { groupId: 'decorated', ackMode: 'MANUAL' })
  decorated(
    @Payload() order: Order,
    @Key() key: string,
    @KafkaHeader('trace') trace?: string,
    @Ack() ack?: Acknowledgment,
  ): void {
    void [order, key, trace]
    ack?.acknowledge()
  }

  @KafkaListener('by-name', { groupId: 'name', value: string() })
  byName(text: string): void {
    void text
  }

  @KafkaListener(Orders, { groupId: 'once', transactional: true, isolationLevel: 'read_committed' })
  async once(order: Order): Promise<void> {
    await this.kafka.send(Refunds, { refundOf: order.id })
  }

  @KafkaListener({
    topicPartitions: [
      { topic: Orders, partitions: [0, '2-5'], partitionOffsets: [{ partition: '*', initialOffset: -100 }] },
      { topic: Refunds, partitions: ['*'], seekPosition: 'BEGINNING' },
    ],
  })
  manual(value: Order | Refund): void {
    void value
  }

  @KafkaListener({ topicPartitions: [{ topic: 'by-name', partitions: ['*'] }], groupId: 'name', value: string() })
  manualByName(text: string): void {
    void text
  }

  // @ts-expect-error a handler of another topic's values
  @KafkaListener({ topicPartitions: [{ topic: Orders, partitions: [0] }] })
  wrongManual(refund: Refund): void {
    void refund
  }

  // @ts-expect-error a handler of another topic's values
  @KafkaListener(Orders, { groupId: 'wrong' })
  wrong(refund: Refund): void {
    void refund
  }

  // @ts-expect-error a batch is a list of records, not of values
  @KafkaListener(Orders, { groupId: 'wrong', batch: true })
  wrongBatch(orders: Order[]): void {
    void orders
  }
}

export function functionApi(k: KafkaRuntime): void {
  k.listen(Orders, { groupId: 'billing' }, (order, ctx) => {
    expectTypeOf(order).toEqualTypeOf<Order>()
    expectTypeOf(ctx).toEqualTypeOf<ListenerContext<string, Order>>()
  })
  k.listen(Orders, { groupId: 'audit', batch: true }, (records, ctx) => {
    expectTypeOf(records).toEqualTypeOf<ConsumerRecord<string, Order>[]>()
    ctx.ack()
    return Promise.allSettled(records.map(async () => 1))
  })
  k.listen([Orders, Refunds], { groupId: 'both' }, (value) => {
    expectTypeOf(value).toEqualTypeOf<Order | Refund>()
  })
  k.listen(deadLetterTopic(Orders), { groupId: 'dead' }, (value, ctx) => {
    expectTypeOf(value).toEqualTypeOf<Order | DeserializationError>()
    expectTypeOf(ctx.deadLetter).toEqualTypeOf<DeadLetter | undefined>()
  })
  k.listen('by-name', { groupId: 'g', value: bytes() }, (value) => {
    expectTypeOf(value).toEqualTypeOf<Buffer>()
  })
  k.listen(/by-.*/, { groupId: 'g' }, (value) => {
    expectTypeOf(value).toEqualTypeOf<string>()
  })
  k.listen({ topicPartitions: [{ topic: Orders, partitions: ['*'], initialOffset: 0 }] }, (order, ctx) => {
    expectTypeOf(order).toEqualTypeOf<Order>()
    expectTypeOf(ctx).toEqualTypeOf<ListenerContext<string, Order>>()
  })
  k.listen({ topicPartitions: [{ topic: 'by-name', partitions: ['*'] }], value: bytes() }, (value) => {
    expectTypeOf(value).toEqualTypeOf<Buffer>()
  })
  // @ts-expect-error a handler of the wrong type
  k.listen(Orders, { groupId: 'billing' }, (refund: Refund) => refund)
}

export async function sending(template: KafkaTemplate): Promise<void> {
  const sent = await template.send(Orders, { id: '1', total: 2 }, { key: '1', headers: { trace: 'x' } })
  expectTypeOf(sent).toEqualTypeOf<SendResult<string, Order>>()
  await template.send(Orders, null, { key: '1' })
  await template.send({ topic: 'orders', value: { id: '1', total: 2 } })
  template.emit(Orders, { id: '1', total: 2 })
  // @ts-expect-error not an order
  await template.send(Orders, { refundOf: '1' })
  // @ts-expect-error keys of this topic are text
  await template.send(Orders, null, { key: 1 })
}

export async function transactions(template: KafkaTemplate): Promise<void> {
  const id = await template.executeInTransaction(async (ops) => {
    await ops.send(Orders, { id: '1', total: 2 })
    await template.send(Refunds, { refundOf: '1' })
    await ops.sendOffsetsToTransaction([{ topic: 'in', partition: 0, offset: 1 }], { groupId: 'g' })
    return '1'
  })
  expectTypeOf(id).toEqualTypeOf<string>()
  await template.executeInTransaction(() => undefined, { timeoutMs: 1_000 })
  const one = await template.receive(Orders, 0, 42)
  expectTypeOf(one).toEqualTypeOf<ConsumerRecord<string, Order> | null>()
  const several = await template.receive([{ topic: Orders, partition: 0, offset: 1 }], 500)
  expectTypeOf(several).toEqualTypeOf<readonly ConsumerRecord<string, Order>[]>()
  // @ts-expect-error not an order
  await template.executeInTransaction((ops) => ops.send(Orders, { refundOf: '1' }))
}

export const configured = (): KafkaRuntime =>
  kafka({
    bootstrapServers: 'localhost:9092',
    topics: [Orders, Refunds],
    listener: {
      errorHandler: new DefaultErrorHandler({
        attempts: 5,
        backOff: exponential({ initialMs: 200, maxMs: 5_000 }),
        recoverer: deadLetter(),
        notRetryable: [RangeError],
      }),
    },
  })

describe('decorators', () => {
  it('record listeners and topics as data on the class, in the order written', () => {
    expect(listenersOf(Billing).map(({ methodName }) => methodName)).toEqual([
      'bill',
      'audit',
      'both',
      'pattern',
      'decorated',
      'byName',
      'once',
      'manual',
      'manualByName',
      'wrongManual',
      'wrong',
      'wrongBatch',
    ])
    expect(
      topicsOf(Billing)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['orders', 'refunds'])
  })
})
