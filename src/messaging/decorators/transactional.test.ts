import 'reflect-metadata'
import { afterEach, describe, expect, it } from 'vitest'
import { deferred, memoryApp, settle, until } from '../../../test/messaging/memory-app.js'
import type { MemoryApp, MemoryAppOptions } from '../../../test/messaging/memory-app.js'
import { KafkaTemplate, string, topic, Transactional } from '../../index.js'
import type { ListenerContext } from '../../index.js'

const Words = topic('words', { value: string() })
const Orders = topic('orders', { value: string() })
const orders0 = { topic: 'orders', partition: 0 }

let app: MemoryApp
afterEach(() => app.k.stop())

function start(own: MemoryAppOptions = {}): KafkaTemplate {
  app = memoryApp({ ...own, producer: { transactionIdPrefix: 'tx-', ...own.producer } })
  app.cluster.createTopic('words')
  app.cluster.createTopic('orders')
  return app.k.template
}
const committed = (): (string | undefined)[] =>
  app.cluster.records('words', 'read_committed').map(({ value }) => value?.toString())

class Writer {
  constructor(
    readonly kafka: KafkaTemplate,
    private readonly inner?: Writer,
  ) {}

  /** Sends each; one that begins with `!` fails it. */
  @Transactional()
  async write(...words: readonly string[]): Promise<number> {
    for (const word of words) {
      if (word.startsWith('!')) throw new RangeError(word)
      await this.kafka.send(Words, word)
    }
    return words.length
  }

  @Transactional()
  async around(...words: readonly string[]): Promise<void> {
    await this.kafka.send(Words, 'before')
    await this.inner!.write(...words)
    await this.kafka.send(Words, 'after')
  }

  @Transactional()
  async swallowing(...words: readonly string[]): Promise<void> {
    await this.kafka.send(Words, 'before')
    await this.write(...words).catch(() => undefined)
  }
}

describe('@Transactional', () => {
  it('commits what the method sends when it resolves, and gives its result', async () => {
    const writer = new Writer(start())
    const gate = deferred()
    const { send } = writer.kafka
    const sends: string[] = []
    writer.kafka.send = (async (...args: Parameters<typeof send>) => {
      const sent = await send.apply(writer.kafka, args)
      sends.push(committed().join())
      if (sends.length === 2) await gate.promise
      return sent
    }) as typeof send
    const result = writer.write('a', 'b')
    await until(() => sends.length === 2)
    expect(sends).toEqual(['', ''])
    gate.resolve()
    expect(await result).toBe(2)
    expect(committed()).toEqual(['a', 'b'])
    expect(writer.kafka.inTransaction).toBe(false)
  })

  it('rolls back when the method rejects, with just that', async () => {
    const writer = new Writer(start())
    await expect(writer.write('a', '!no')).rejects.toThrow(RangeError)
    await writer.write('b')
    expect(committed()).toEqual(['b'])
  })

  it('joins the transaction of another such method, whether of its own object or another', async () => {
    const template = start()
    const writer = new Writer(template, new Writer(template))
    await writer.around('inner')
    expect(committed()).toEqual(['before', 'inner', 'after'])
    await expect(writer.around('inner', '!no')).rejects.toThrow(RangeError)
    expect(committed()).toEqual(['before', 'inner', 'after'])
  })

  it('what failed in it is rolled back also when the caller goes on, who is told so', async () => {
    const writer = new Writer(start())
    await expect(writer.swallowing('a', '!no')).rejects.toMatchObject({
      kind: 'transaction',
      code: 'UNEXPECTED_ROLLBACK',
      cause: { message: '!no' },
    })
    expect(committed()).toEqual([])
    await writer.swallowing('a')
    expect(committed()).toEqual(['before', 'a'])
  })

  it('joins executeInTransaction, and executeInTransaction in it is independent, as Spring has it', async () => {
    const template = start()
    const writer = new Writer(template)
    const joined = template.executeInTransaction(async () => {
      await writer.write('a')
      throw new Error('abort')
    })
    await expect(joined).rejects.toThrow('abort')
    expect(committed()).toEqual([])

    class Independent extends Writer {
      @Transactional()
      override async write(...words: readonly string[]): Promise<number> {
        await this.kafka.executeInTransaction((ops) => ops.send(Words, 'on its own'))
        return super.write(...words)
      }
    }
    await expect(new Independent(template).write('a', '!no')).rejects.toThrow(RangeError)
    expect(committed()).toEqual(['on its own'])
  })

  it("joins the listener's transaction: its records and the listener's offset, or neither", async () => {
    const template = start()
    const writer = new Writer(template)
    app.k.listen(Orders, { groupId: 'g', transactional: true }, async (order, ctx: ListenerContext<string, string>) => {
      // swallowed here, and rolled back all the same
      await writer.write(`${order}${ctx.attempt}`, ...(ctx.attempt === 1 ? ['!no'] : [])).catch(() => undefined)
    })
    await app.k.start()
    app.cluster.produce({
      ...orders0,
      records: [{ key: null, value: Buffer.from('order'), headers: [], timestampMs: 0 }],
    })
    await settle()
    expect([committed(), app.committed('g', orders0)]).toEqual([[], undefined])
    await app.clock.advance(1_000)
    await until(() => app.committed('g', orders0) === 1)
    expect(committed()).toEqual(['order2'])
  })

  it('methods that run at the same time have a transaction each', async () => {
    const writer = new Writer(start())
    const results = await Promise.allSettled([writer.write('a1', 'a2'), writer.write('b1', '!no'), writer.write('c1')])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(new Set(committed())).toEqual(new Set(['a1', 'a2', 'c1']))
  })

  it('one that goes on after its caller has ended can not join any more, and has its own', async () => {
    const template = start()
    const writer = new Writer(template)
    const gate = deferred()
    let late: Promise<number> | undefined
    await template.executeInTransaction(() => {
      late = gate.promise.then(() => writer.write('late'))
    })
    gate.resolve()
    expect(await late).toBe(1)
    expect(committed()).toEqual(['late'])
  })

  it('takes no longer than it may', async () => {
    const template = start()
    class Slow {
      constructor(readonly kafka: KafkaTemplate) {}
      @Transactional({ timeoutMs: 100 })
      async write(): Promise<void> {
        await this.kafka.send(Words, 'a')
        await deferred().promise
      }
    }
    const failed = expect(new Slow(template).write()).rejects.toMatchObject({ code: 'TRANSACTION_TIMED_OUT' })
    await settle()
    await app.clock.advance(100)
    await failed
    expect(committed()).toEqual([])
  })

  it('takes the only transactional template of its object, or the one that it is told', async () => {
    const template = start({ templates: { audit: {} } })
    const audit = app.k.templateNamed('audit')
    class Several {
      readonly #hidden = template
      constructor(
        readonly kafka: KafkaTemplate,
        private readonly audit: KafkaTemplate,
      ) {}
      @Transactional()
      async either(): Promise<void> {}
      @Transactional((it: Several) => it.audit)
      async told(): Promise<void> {
        await this.audit.send(Words, 'audited')
        await expect(this.kafka.send(Words, 'x')).rejects.toMatchObject({ kind: 'config' })
      }
      hidden(): KafkaTemplate {
        return this.#hidden
      }
    }
    const several = new Several(template, audit)
    await expect(several.either()).rejects.toThrow(
      '@Transactional on Several.either: the object has 2 transactional templates among its properties; ' +
        'say which it is, as in @Transactional((it) => it.kafka)',
    )
    await several.told()
    expect(committed()).toEqual(['audited'])
    expect(several.hidden()).toBe(template)

    const plain = memoryApp()
    await expect(new Writer(plain.k.template).write('a')).rejects.toThrow(/the object has no transactional template/)
    await plain.k.stop()
    // the same template twice is one
    await new Several(audit, audit).either()
  })

  it('is refused where it can not be', () => {
    start()
    expect(() => {
      class Wrong {
        @Transactional()
        static async write(): Promise<void> {}
      }
      return Wrong
    }).toThrow('@Transactional on Wrong.write: it is for a method of an instance')
    class Typed {
      // @ts-expect-error a transaction can't end before what is done in it has
      @Transactional()
      write(): void {}
    }
    expect(new Typed()).toBeDefined()
  })

  it('stands in place of the method, with what others wrote on it', () => {
    start()
    const Mark = (
      _target: object,
      _name: string,
      { value }: TypedPropertyDescriptor<(a: string) => Promise<void>>,
    ): void => Reflect.defineMetadata('mark', 'here', value!)
    class Marked {
      @Transactional()
      @Mark
      async write(word: string): Promise<void> {
        await Promise.resolve(word)
      }
    }
    const { write } = Marked.prototype
    expect([write.name, write.length]).toEqual(['write', 1])
    expect(Reflect.getMetadata('mark', write)).toBe('here')
    expect(Reflect.getMetadataKeys(write)).toEqual(['mark'])
  })
})

describe('joinTransaction', () => {
  it('is the same for functions', async () => {
    const template = start()
    const write = (...words: readonly string[]): Promise<unknown> =>
      template.joinTransaction(() => Promise.all(words.map((word) => template.send(Words, word))))
    await write('a', 'b')
    const failed = template.joinTransaction(async () => {
      await write('c')
      throw new RangeError('no')
    })
    await expect(failed).rejects.toThrow(RangeError)
    expect(committed()).toEqual(['a', 'b'])
    const plain = memoryApp()
    await expect(plain.k.template.joinTransaction(() => 1)).rejects.toThrow(
      /joinTransaction: .*set producer.transactionIdPrefix/,
    )
    await plain.k.stop()
    await expect(plain.k.template.joinTransaction(() => 1)).rejects.toMatchObject({ kind: 'closed' })
  })
})
