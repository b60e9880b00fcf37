import { describe, expect, it } from 'vitest'
import { memoryApp, until } from '../../../test/messaging/memory-app.js'
import type { MemoryApp } from '../../../test/messaging/memory-app.js'
import {
  Ack,
  Key,
  KafkaHeader,
  KafkaHeaders,
  KafkaListener,
  listenersOf,
  methodHandler,
  Payload,
  string,
  topic,
} from '../../index.js'
import type { Acknowledgment, Headers, ListenerClass } from '../../index.js'

const Words = topic('words', { value: string() })

/** What an adapter does: each listener of an instance becomes an endpoint. */
function wire(app: MemoryApp, instance: object): void {
  const type = instance.constructor as ListenerClass
  for (const listener of listenersOf(type)) {
    app.k.addListener({
      topics: listener.topics,
      options: listener.options,
      handler: methodHandler(instance, listener),
      source: `${type.name}.${String(listener.methodName)}`,
    })
  }
}

describe('@KafkaListener', () => {
  it('calls the method on its instance with value and context', async () => {
    class Billing {
      readonly billed: string[] = []
      @KafkaListener(Words, { groupId: 'g' })
      bill(word: string, ctx: { offset: number }): void {
        this.billed.push(`${word}@${ctx.offset}`)
      }
    }
    const app = memoryApp()
    const billing = new Billing()
    wire(app, billing)
    expect(app.k.registry.ids).toEqual(['Billing.bill'])
    await app.k.start()
    await app.k.template.send(Words, 'a')
    await until(() => billing.billed.length === 1)
    expect(billing.billed).toEqual(['a@0'])
    await app.k.stop()
  })

  it('may stand on a method several times, each a listener of its own', () => {
    class Twice {
      @KafkaListener(Words, { groupId: 'one' })
      @KafkaListener(Words, { groupId: 'two' })
      on(word: string): void {
        void word
      }
    }
    const app = memoryApp()
    wire(app, new Twice())
    expect(app.k.registry.all.map(({ id, groupId }) => [id, groupId])).toEqual([
      ['Twice.on', 'two'],
      ['Twice.on#2', 'one'],
    ])
  })

  it('is inherited, unless a subclass declares the method anew', () => {
    class Base {
      @KafkaListener(Words, { groupId: 'base-a' })
      a(word: string): void {
        void word
      }
      @KafkaListener(Words, { groupId: 'base-b' })
      b(word: string): void {
        void word
      }
    }
    class Sub extends Base {
      @KafkaListener(Words, { groupId: 'sub-b' })
      override b(word: string): void {
        void word
      }
    }
    expect(listenersOf(Sub).map(({ options }) => options.groupId)).toEqual(['sub-b', 'base-a'])
    expect(listenersOf(Base).map(({ options }) => options.groupId)).toEqual(['base-a', 'base-b'])
  })

  it('is refused on a static method', () => {
    expect(() => {
      class Static {
        @KafkaListener(Words, { groupId: 'g' })
        static on(word: string): void {
          void word
        }
      }
      return Static
    }).toThrow('@KafkaListener on Static.on: a listener is a method of an instance, not a static one')
  })
})

describe('parameter decorators', () => {
  it('say what each parameter takes', async () => {
    const seen: unknown[] = []
    class Picky {
      @KafkaListener(Words, { groupId: 'g', ackMode: 'MANUAL' })
      on(
        @Payload() word: string,
        @Key() key: string | null,
        @KafkaHeader('trace') trace: string | undefined,
        @KafkaHeaders() headers: Headers,
        @Ack() ack: Acknowledgment,
      ): void {
        seen.push(word, key, trace, headers.size)
        ack.acknowledge()
      }
    }
    const app = memoryApp()
    wire(app, new Picky())
    await app.k.start()
    await app.k.template.send(Words, 'a', { key: 'k', headers: { trace: 't', other: 'o' } })
    await until(() => app.committed('g', { topic: 'words', partition: 0 }) === 1)
    expect(seen).toEqual(['a', 'k', 't', 2])
    await app.k.stop()
  })

  it('are lists in a batch listener', async () => {
    const seen: unknown[] = []
    class Picky {
      @KafkaListener('words', { groupId: 'g', batch: true })
      on(@Payload() words: string[], @Key() keys: (string | null)[]): void {
        seen.push(words, keys)
      }
    }
    const app = memoryApp({ topics: [Words] })
    wire(app, new Picky())
    await app.k.template.send(Words, 'a', { key: 'k' })
    await app.k.template.send(Words, 'b')
    await app.k.start()
    await until(() => seen.length > 0)
    expect(seen).toEqual([
      ['a', 'b'],
      ['k', null],
    ])
    await app.k.stop()
  })

  it('must be on all parameters or none, one each', () => {
    class Half {
      @KafkaListener(Words, { groupId: 'g' })
      on(@Payload() word: string, key: string): void {
        void [word, key]
      }
    }
    class Both {
      @KafkaListener(Words, { groupId: 'g' })
      on(@Payload() @Key() word: string): void {
        void word
      }
    }
    const message = 'must have exactly one of @Payload, @Key, @KafkaHeader, @KafkaHeaders, @Ack'
    expect(() => methodHandler(new Half(), listenersOf(Half)[0]!)).toThrow(`Half.on: parameter 2 ${message}`)
    expect(() => methodHandler(new Both(), listenersOf(Both)[0]!)).toThrow(`Both.on: parameter 1 ${message}`)
  })
})
