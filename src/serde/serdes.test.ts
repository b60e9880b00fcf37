import { describe, expect, expectTypeOf, it } from 'vitest'
import spring from '../../test/facts/spring.json' with { type: 'json' }
import { Headers } from '../model/index.js'
import type { Serde } from '../model/index.js'
import {
  avro,
  byHeader,
  bytes,
  byTopic,
  DeserializationError,
  double,
  float,
  int16,
  int32,
  int64,
  json,
  jsonType,
  jsonTypes,
  none,
  nullable,
  orError,
  string,
  stringOrBytes,
  uuid,
} from './index.js'
import type { StandardSchema } from './index.js'

const context = (headers = new Headers(), topic = 't', isKey = false) => ({ topic, isKey, headers })
const written = async <T>(serde: Serde<T>, value: T, headers?: Headers): Promise<string> =>
  Buffer.from(await serde.serialize(value, context(headers))).toString('hex')
const read = async <T>(serde: Serde<T>, hex: string, headers?: Headers): Promise<T> =>
  serde.deserialize(Buffer.from(hex, 'hex'), context(headers))

describe('the plain serdes', () => {
  it("write as Kafka's Java serializers do, and read it back", async () => {
    expect(await written(string(), 'ä')).toBe('c3a4')
    expect(await written(string('latin1'), 'ä')).toBe('e4')
    expect(await written(int16(), -2)).toBe('fffe')
    expect(await written(int32(), 258)).toBe('00000102')
    expect(await written(int64(), -(2n ** 63n))).toBe('8000000000000000')
    expect(await written(float(), 1.5)).toBe('3fc00000')
    expect(await written(double(), -2)).toBe('c000000000000000')
    expect(await written(uuid(), 'F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6')).toBe(
      Buffer.from('f81d4fae-7dec-11d0-a765-00a0c91e6bf6').toString('hex'),
    )
    expect(await read(int64(), 'ffffffffffffffff')).toBe(-1n)
    expect(await read(int16(), 'fffe')).toBe(-2)
    expect(await read(double(), 'c000000000000000')).toBe(-2)
    expect(await read(bytes(), '0102')).toEqual(Buffer.from([1, 2]))
    expect(await read(stringOrBytes(), '61')).toBe('a')
  })

  it('refuse what they can not hold, never cut it', async () => {
    await expect(written(int16(), 40_000)).rejects.toThrow('40000 (number) is not of type int16')
    await expect(written(int32(), 1.5)).rejects.toThrow(RangeError)
    await expect(written(int64(), 2n ** 63n)).rejects.toThrow(RangeError)
    await expect(read(int32(), '000001')).rejects.toThrow('int32 needs 4 bytes, not 3')
    await expect(read(uuid(), '6162')).rejects.toThrow("'ab' is not a UUID")
    await expect(written(string(), 1 as never)).rejects.toThrow('the string serde got a value of type number')
    await expect(written(bytes(), 'x' as never)).rejects.toThrow('the bytes serde got a value of type string')
    await expect(read(none(), '00')).rejects.toThrow('there should be nothing here, but there are 1 bytes')
    await expect(written(json(), undefined)).rejects.toThrow('a value of type undefined has no JSON form')
    await expect(written(stringOrBytes(), 5 as never)).rejects.toThrow('neither text nor bytes but of type number')
  })
})

/** A Standard Schema as validator libraries make them. */
const Order: StandardSchema<{ id: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof (value as { id?: unknown }).id === 'number'
        ? { value: value as { id: number } }
        : { issues: [{ message: 'must be a number', path: ['id'] }, { message: 'odd' }] },
  },
}

describe('json', () => {
  it('checks what is read against any standard schema, and infers its type', async () => {
    const serde = json(Order)
    expectTypeOf(serde).toEqualTypeOf<Serde<{ id: number }>>()
    expect(await read(serde, Buffer.from('{"id":1}').toString('hex'))).toEqual({ id: 1 })
    await expect(read(serde, Buffer.from('{"id":"1"}').toString('hex'))).rejects.toThrow(
      'does not fit its schema: id: must be a number; odd',
    )
    expect(await written(serde, { id: '1' } as never)).toBe(Buffer.from('{"id":"1"}').toString('hex'))
    await expect(written(json({ schema: Order, validateOnSend: true }), { id: '1' } as never)).rejects.toThrow(
      'must be a number',
    )
  })

  it('awaits a validator that is asynchronous', async () => {
    const later: typeof Order = {
      '~standard': { ...Order['~standard'], validate: async (value) => Order['~standard'].validate(value) },
    }
    expect(await read(json(later), Buffer.from('{"id":1}').toString('hex'))).toEqual({ id: 1 })
    await expect(read(json(later), Buffer.from('{}').toString('hex'))).rejects.toThrow('must be a number')
  })

  it("writes a type id for Spring's consumers when told to", async () => {
    const headers = new Headers()
    await written(json<number>({ typeId: 'com.acme.Order' }), 1, headers)
    expect(headers.text('__TypeId__')).toBe('com.acme.Order')
  })
})

describe('jsonTypes', () => {
  class Refund {
    constructor(readonly refundOf: string) {}
  }
  const events = jsonTypes(
    {
      order: jsonType<{ id: number }>({
        is: (value) => typeof value === 'object' && value !== null && 'id' in value,
        schema: Order,
      }),
      'com.acme.Refund': jsonType<Refund>({
        is: (value) => value instanceof Refund,
        revive: ({ refundOf }: Refund) => new Refund(refundOf),
      }),
    },
    { default: 'order' },
  )

  it('goes by the __TypeId__ header, both ways', async () => {
    expectTypeOf(events).toEqualTypeOf<Serde<{ id: number } | Refund>>()
    const headers = new Headers()
    const hex = await written(events, new Refund('7'), headers)
    expect(headers.text('__TypeId__')).toBe('com.acme.Refund')
    expect(await read(events, hex, headers)).toBeInstanceOf(Refund)
    expect(await read(events, Buffer.from('{"id":1}').toString('hex'))).toEqual({ id: 1 })
  })

  it('uses the key header for keys', () => {
    const headers = new Headers()
    void events.serialize({ id: 1 }, context(headers, 't', true))
    expect(headers.text('__Key_TypeId__')).toBe('order')
    expect(headers.has('__TypeId__')).toBe(false)
  })

  it("writes Spring's own headers, and Spring reads what it writes", () => {
    const order = jsonTypes({ order: jsonType<{ id: number }>({ is: () => true }) })
    for (const part of ['value', 'key'] as const) {
      const headers = new Headers()
      const bytes = order.serialize({ id: 7 }, context(headers, 't', part === 'key'))
      expect(bytes).toEqual(Buffer.from(spring.json[part].bytes, 'hex'))
      expect([...headers].map(({ key, value }) => [key, value!.toString('hex')])).toEqual(spring.json[part].headers)
      expect(spring.json[part].readsOurs).toBe(true)
    }
    const selector = new Headers()
    void byHeader({ text: string() }, { selectorOf: () => 'text' }).serialize('a', context(selector))
    expect([...selector].map(({ key }) => key)).toEqual([spring.selectors[0]])
  })

  it('never looks up what is not listed', async () => {
    for (const id of ['java.lang.Runtime', 'constructor', '__proto__']) {
      await expect(read(events, '7b7d', new Headers().add('__TypeId__', id))).rejects.toThrow(
        `__TypeId__ is '${id}', which is none of the types order, com.acme.Refund`,
      )
    }
    await expect(written(events, 'text' as never)).rejects.toThrow('the value is of none of the types')
  })
})

describe('delegating serdes', () => {
  it('go by topic', async () => {
    const serde = byTopic<Serde<number> | Serde<string>>(
      [
        ['numbers', int32()],
        [/words-.+/, string()],
      ],
      { fallback: json<string>() },
    )
    expectTypeOf(serde).toEqualTypeOf<Serde<number | string>>()
    expect(serde.serialize(1, context(undefined, 'numbers'))).toEqual(Buffer.from([0, 0, 0, 1]))
    expect(serde.serialize('a', context(undefined, 'words-x'))).toEqual(Buffer.from('a'))
    expect(serde.serialize('a', context(undefined, 'my-words-x'))).toEqual(Buffer.from('"a"'))
    expect(() => byTopic([['a', string()]]).serialize('x', context(undefined, 'b'))).toThrow('no serde for topic b')
  })

  it('go by header, as Spring names it', async () => {
    const serde = byHeader(
      { int: int32(), text: string() },
      { selectorOf: (value) => (typeof value === 'number' ? 'int' : 'text') },
    )
    expectTypeOf(serde).toEqualTypeOf<Serde<number | string>>()
    const headers = new Headers()
    expect(await written(serde, 7, headers)).toBe('00000007')
    expect(headers.text('spring.kafka.serialization.selector')).toBe('int')
    expect(await read(serde, '00000007', headers)).toBe(7)
    await expect(read(serde, '61')).rejects.toThrow('must be one of int, text, not undefined')
    expect(await read(byHeader({ int: int32() }, { fallback: string() as never }), '61')).toBe('a')
  })
})

describe('orError and nullable', () => {
  it('turn what can not be read into a value that holds its bytes, and write such a value back as it was', async () => {
    const serde = orError(json<{ id: number }>())
    const value = await read(serde, Buffer.from('nope').toString('hex'))
    expect(value).toBeInstanceOf(DeserializationError)
    expect((value as DeserializationError).data.toString()).toBe('nope')
    expect(await written(serde, value)).toBe(Buffer.from('nope').toString('hex'))
    expectTypeOf(nullable(string())).toEqualTypeOf<Serde<string | null>>()
  })
})

describe('avro', () => {
  const schema = {
    type: 'record',
    name: 'Order',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'note', type: ['null', 'string'], default: null },
    ],
  }

  it('writes and reads by its schema, longs exactly', async () => {
    const serde = avro<{ id: bigint; note: { string: string } | string | null }>(schema)
    const hex = await written(serde, { id: 2n ** 62n + 1n, note: 'x' })
    expect(await read(serde, hex)).toMatchObject({ id: 2n ** 62n + 1n, note: 'x' })
    expect(serde.name).toBe('avro(Order)')
    // once loaded, without a promise
    expect(serde.serialize({ id: 1n, note: null }, context())).toEqual(Buffer.from([2, 0]))
  })

  it('reads what an older schema wrote', async () => {
    const old = { type: 'record', name: 'Order', fields: [{ name: 'id', type: 'int' }] }
    const hex = await written(avro(old), { id: 3 })
    expect(await read(avro(schema, { writtenWith: old }), hex)).toMatchObject({ id: 3n, note: null })
  })

  it('says what does not fit, and refuses bytes that are something else', async () => {
    const serde = avro(JSON.stringify(schema))
    await expect(written(serde, { id: 1, note: null })).rejects.toThrow('does not fit its schema: id: 1 (number)')
    await expect(read(serde, '020000')).rejects.toThrow()
    await expect(written(avro({ type: 'nonsense' }), 1)).rejects.toMatchObject({ kind: 'config' })
  })
})
