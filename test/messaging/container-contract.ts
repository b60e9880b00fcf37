/**
 * What an application's container has to bring about, whichever it is: listeners, templates and what options name, resolved
 * by it, on a broker. The adapters' tests run it; its classes carry the decorators of both containers.
 */
import { Inject, Injectable } from '@nestjs/common'
import { inject, injectable } from 'inversify'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { wireAdmin, type ConsumerGroupDescription } from '../../src/client/index.js'
import { kafkaTemplateToken } from '../../src/di/index.js'
import {
  AbstractConsumerSeekAware,
  json,
  KafkaListener,
  KafkaListenerEndpointRegistry,
  KafkaTemplate,
  string,
  topic,
  Transactional,
} from '../../src/index.js'
import type { ConsumerCallback, KafkaConfig, ListenerClass, ListenerContext, TopicPartition } from '../../src/index.js'
import { getKafkaTemplateToken } from '../../src/nest/index.js'
import { EmbeddedKafka } from '../../src/testing/embedded-kafka.js'

/** A running application: its container, with what was asked for in it. */
export interface ContainerApp {
  get<T extends object>(type: abstract new (...args: never[]) => T): T
  close(): Promise<void>
}

/** Makes every class a singleton of the container, and starts. */
export type StartContainerApp = (config: KafkaConfig, classes: readonly ListenerClass[]) => Promise<ContainerApp>

interface Order {
  id: string
}
const Orders = topic('orders', { value: json<Order>(), partitions: 3 })
const Invoices = topic('invoices', { value: string(), partitions: 1 })

@Injectable()
@injectable()
class Printer {
  readonly printed: string[] = []
  @KafkaListener(Invoices, { groupId: 'printer', isolationLevel: 'read_committed' })
  print(invoice: string): void {
    this.printed.push(invoice)
  }
}

@Injectable()
@injectable()
class Invoicing {
  constructor(@Inject(KafkaTemplate) @inject(KafkaTemplate) private readonly kafka: KafkaTemplate) {}

  @KafkaListener(Orders, { groupId: 'invoicing', transactional: true })
  async invoice({ id }: Order, ctx: ListenerContext): Promise<void> {
    await this.kafka.send(Invoices, `${id} at attempt ${ctx.attempt}`)
    if (ctx.attempt === 1) throw new Error('rolled back')
  }
}

@Injectable()
@injectable()
class Ledger {
  constructor(
    @Inject(getKafkaTemplateToken('ledger')) @inject(kafkaTemplateToken('ledger')) readonly kafka: KafkaTemplate,
    @Inject(KafkaTemplate) @inject(KafkaTemplate) readonly plain: KafkaTemplate,
  ) {}

  enter(...lines: readonly string[]): Promise<void> {
    return this.kafka.executeInTransaction(async (ops) => {
      for (const line of lines) {
        await ops.send(Invoices, line)
        if (line === 'bad') throw new RangeError('bad line')
      }
    })
  }

  @Transactional()
  async post(...lines: readonly string[]): Promise<void> {
    for (const line of lines) await this.kafka.send(Invoices, line)
    if (lines.includes('bad')) throw new RangeError('bad line')
  }
}

/** A listener whose transaction another provider's method joins. */
@Injectable()
@injectable()
class Posting {
  constructor(@Inject(Ledger) @inject(Ledger) private readonly ledger: Ledger) {}

  @KafkaListener(Orders, { groupId: 'posting', transactional: 'ledger' })
  async post({ id }: Order, ctx: ListenerContext): Promise<void> {
    await this.ledger.post(`${id} at attempt ${ctx.attempt}`)
    if (ctx.attempt === 1) throw new Error('rolled back')
  }
}

@Injectable()
@injectable()
class Replay {
  readonly seen: string[] = []
  @KafkaListener({ topicPartitions: [{ topic: Orders, partitions: ['0-1'], initialOffset: -1 }] })
  on({ id }: Order, ctx: ListenerContext): void {
    this.seen.push(`${ctx.partition}: ${id}`)
  }
}

/** Is the listener, and what is told of its partitions: one object, the container's. */
@Injectable()
@injectable()
class Rewinding extends AbstractConsumerSeekAware {
  readonly seen: string[] = []
  private isNew = true
  @KafkaListener(Invoices, { groupId: 'rewinding', seekAware: Rewinding })
  on(invoice: string): void {
    this.seen.push(invoice)
  }
  override onPartitionsAssigned(
    partitions: readonly (TopicPartition & { readonly offset: number })[],
    callback: ConsumerCallback,
  ): void {
    void super.onPartitionsAssigned(partitions, callback)
    if (this.isNew) callback.seek('invoices', 0, 2)
    this.isNew = false
  }
}

@Injectable()
@injectable()
class Static {
  @KafkaListener(Orders, { groupId: 'static', groupInstanceId: 'desk', concurrency: 2, id: 'static' })
  on(): void {}
}

@Injectable()
@injectable()
class Newer {
  readonly seen: string[] = []
  @KafkaListener(Orders, { groupId: 'newer', groupProtocol: 'consumer', groupRemoteAssignor: 'range' })
  on({ id }: Order): void {
    this.seen.push(id)
  }
}

/** The second that vitest allows is little for a broker on a busy machine. */
const eventually = (holds: () => void): Promise<void> => vi.waitFor(holds, 10_000)

export function describeContainer(name: string, start: StartContainerApp): void {
  describe(`listeners and templates of ${name}, on a broker`, () => {
    let broker: EmbeddedKafka
    let app: ContainerApp | undefined
    beforeEach(async () => {
      broker = await EmbeddedKafka.start({ topics: [Orders, Invoices] })
    })
    afterEach(async () => {
      await app?.close()
      app = undefined
      await broker.stop()
    })

    const config = (own: Partial<KafkaConfig> = {}): KafkaConfig => ({
      bootstrapServers: broker.bootstrapServers,
      driver: 'wire',
      topics: [Orders, Invoices],
      ...own,
      consumer: { autoOffsetReset: 'earliest', ...own.consumer },
    })
    const group = async (groupId: string): Promise<ConsumerGroupDescription> => {
      const admin = wireAdmin({ bootstrapServers: [broker.bootstrapServers] })
      const [found] = await admin.describeConsumerGroups([groupId])
      admin.close()
      if (found?.error !== undefined) throw found.error
      return found!
    }

    it('a transactional listener commits what it sends by the injected template with its offset, and once', async () => {
      app = await start(config({ producer: { transactionIdPrefix: 'tx-' } }), [Invoicing, Printer])
      await broker.produce('orders', { value: '{"id":"1"}' }, { value: '{"id":"2"}' })
      await broker.untilCommitted('invoicing', { topic: 'orders', partition: 0, offset: 2 })
      const printer = app.get(Printer)
      await eventually(() => expect(printer.printed).toEqual(['1 at attempt 2', '2 at attempt 2']))
      // what was rolled back is in the log, and was not printed
      expect(await broker.records('invoices')).toHaveLength(4)
    })

    it('a named template executes in a transaction of its own; the default one has none', async () => {
      app = await start(config({ templates: { ledger: { transactionIdPrefix: 'ledger-' } } }), [Printer, Ledger])
      const [ledger, printer] = [app.get(Ledger), app.get(Printer)]
      await expect(ledger.enter('lost', 'bad')).rejects.toThrow(RangeError)
      await ledger.enter('a', 'b')
      await ledger.plain.send(Invoices, 'c')
      await eventually(() => expect(printer.printed).toEqual(['a', 'b', 'c']))
      await expect(ledger.kafka.send(Invoices, 'outside')).rejects.toMatchObject({ kind: 'config' })
    })

    it('a @Transactional method of a provider has its transaction, or joins that of a listener', async () => {
      const templates = { ledger: { transactionIdPrefix: 'ledger-' } }
      app = await start(config({ templates }), [Ledger, Posting, Printer])
      const [ledger, printer] = [app.get(Ledger), app.get(Printer)]
      await expect(ledger.post('lost', 'bad')).rejects.toThrow(RangeError)
      await ledger.post('a', 'b')
      await broker.produce('orders', { value: '{"id":"1"}' })
      await broker.untilCommitted('posting', { topic: 'orders', partition: 0, offset: 1 })
      await eventually(() => expect(printer.printed).toEqual(['a', 'b', '1 at attempt 2']))
    })

    it('partitions given by hand begin where they are told, at each start, and commit nothing', async () => {
      for (const id of ['1', '2']) {
        await broker.produce('orders', { value: `{"id":"${id}"}` }, { value: `{"id":"${id}"}`, partition: 1 })
      }
      await broker.produce('orders', { value: '{"id":"3"}', partition: 2 })
      app = await start(config(), [Replay])
      const replay = app.get(Replay)
      await eventually(() => expect(replay.seen.toSorted()).toEqual(['0: 2', '1: 2']))
      const [container] = app.get(KafkaListenerEndpointRegistry).all
      await container!.stop()
      await container!.start()
      await eventually(() => expect(replay.seen.toSorted()).toEqual(['0: 2', '0: 2', '1: 2', '1: 2']))
      expect(broker.hooks.requests({ api: 'OffsetCommit' })).toEqual([])
    })

    it.each(['wire', 'kafkajs'] as const)(
      'a listener class is told of its own partitions, and moves them (%s)',
      async (driver) => {
        await broker.produce('invoices', ...['a', 'b', 'c', 'd'].map((value) => ({ value })))
        app = await start(config({ driver }), [Rewinding])
        const rewinding = app.get(Rewinding)
        await eventually(() => expect(rewinding.seen).toEqual(['c', 'd']))
        rewinding.seekToBeginning()
        await eventually(() => expect(rewinding.seen).toEqual(['c', 'd', 'a', 'b', 'c', 'd']))
      },
    )

    it('static members are numbered, and come back without a rebalance', async () => {
      app = await start(config(), [Static])
      const container = app.get(KafkaListenerEndpointRegistry).get('static')
      await container.untilAssigned(3)
      const before = await group('static')
      const names = before.members.map(({ groupInstanceId }) => groupInstanceId!)
      expect(names).toEqual(expect.arrayContaining(['desk-0', 'desk-1']))
      broker.hooks.reset()
      await container.stop()
      await container.start()
      await container.untilAssigned(3)
      const after = await group('static')
      const shares = ({ members }: ConsumerGroupDescription): unknown[] =>
        members.map(({ groupInstanceId, assignment }) => ({ groupInstanceId, assignment }))
      expect(shares(after)).toEqual(expect.arrayContaining(shares(before)))
      // those that leave say nothing, and those that come back join once
      expect(broker.hooks.requests({ api: 'LeaveGroup' })).toEqual([])
      expect(broker.hooks.requests({ api: 'JoinGroup' })).toHaveLength(2)
    })

    it("groupProtocol 'consumer' is spoken, with the broker's assignor that was named", async () => {
      app = await start(config(), [Newer])
      await broker.produce('orders', { value: '{"id":"1"}', partition: 2 })
      const newer = app.get(Newer)
      await eventually(() => expect(newer.seen).toEqual(['1']))
      expect(await group('newer')).toMatchObject({ type: 'consumer', partitionAssignor: 'range', members: [{}] })
      expect(broker.hooks.requests({ api: 'JoinGroup' })).toEqual([])
    })

    it('the injected template receives one record by its place', async () => {
      app = await start(config(), [Printer])
      const [place] = await broker.produce('orders', { key: 'k', value: '{"id":"7"}', partition: 1 })
      const template = app.get(KafkaTemplate)
      expect(await template.receive(Orders, 1, place!.offset)).toMatchObject({ key: 'k', value: { id: '7' } })
      expect(await template.receive(Orders, 1, 99)).toBeNull()
    })

    it('what the other driver has not is refused at start, each option by its name', async () => {
      const refused = async (own: Partial<KafkaConfig>, type: ListenerClass): Promise<string> =>
        start(config({ driver: 'kafkajs', ...own }), [type]).then(
          async (started) => {
            await started.close()
            return 'started'
          },
          (error: unknown) => String(error),
        )
      expect(await refused({}, Replay)).toMatch(/topicPartitions: the kafkajs driver has no manual assignment/)
      expect(await refused({}, Static)).toMatch(/groupInstanceId: the kafkajs driver has no static members/)
      expect(await refused({}, Newer)).toMatch(/groupProtocol 'consumer': the kafkajs driver only has 'classic'/)
      expect(await refused({ producer: { transactionIdPrefix: 'tx-' } }, Invoicing)).toMatch(
        /producer.transactionIdPrefix: the kafkajs driver has no transactions/,
      )
    })
  })
}
