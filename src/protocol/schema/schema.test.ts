import { describe, expect, expectTypeOf, it } from 'vitest'
import { MalformedError } from '../../base/bytes.js'
import {
  api,
  arrayOf,
  EncodeError,
  int16,
  int32,
  int64,
  string,
  struct,
  uuid,
  ZERO_UUID,
  type RequestOf,
} from './index.js'

const sample = api({
  key: 999,
  name: 'Sample',
  versions: [0, 3],
  flexible: 2,
  request: {
    name: string.nullable(1),
    timeoutMs: int32.default(60_000),
    topics: arrayOf({ name: string, id: uuid.since(3).ignorable(), partition: int32 }),
    leader: struct({ id: int32.default(-1), epoch: int64.default(-1) }).tagged(1, 2),
    late: int16.since(2),
  },
  response: { errorCode: int16 },
})

describe('the layout language', () => {
  it('infers what decoding gives', () => {
    expectTypeOf<RequestOf<typeof sample>['name']>().toEqualTypeOf<string | null>()
    expectTypeOf<RequestOf<typeof sample>['topics'][number]['id']>().toEqualTypeOf<string>()
  })

  it('reads back what it wrote, in plain and in flexible versions, absent fields at their default', () => {
    for (const version of [0, 1, 2, 3]) {
      const draft = { name: 'a', topics: [{ name: 't', partition: 7, id: 'AAAAAAAAAAAAAAAAAAAAAQ' }] }
      expect(sample.request.decode(sample.request.encode(draft, version), version)).toEqual({
        name: 'a',
        timeoutMs: 60_000,
        topics: [{ name: 't', partition: 7, id: version === 3 ? 'AAAAAAAAAAAAAAAAAAAAAQ' : ZERO_UUID }],
        leader: { id: -1, epoch: -1 },
        late: 0,
      })
    }
  })

  it('writes a tagged field only when it differs from its default', () => {
    const short = sample.request.encode({ name: null, topics: [] }, 2)
    const long = sample.request.encode({ name: null, topics: [], leader: { id: 3 } }, 2)
    expect(short.toString('hex')).toBe('000000ea60' + '01' + '0000' + '00')
    expect(long.toString('hex')).toBe('000000ea60' + '01' + '0000' + '01010d' + '00000003ffffffffffffffff00')
    expect(sample.request.decode(long, 2).leader).toEqual({ id: 3, epoch: -1 })
  })

  it('refuses a value that the version cannot carry, unless it is ignorable', () => {
    expect(() => sample.request.encode({ name: 'a', topics: [], late: 5 }, 1)).toThrow(EncodeError)
    expect(() => sample.request.encode({ name: null, topics: [] }, 0)).toThrow(/name must not be null/)
  })

  it('refuses counts and lengths that the bytes do not bear out', () => {
    expect(() => sample.request.decode(Buffer.from('0001610000ea607fffffff', 'hex'), 0)).toThrow(MalformedError)
    expect(() => sample.request.decode(Buffer.from('ffff', 'hex'), 0)).toThrow(/null/)
    expect(() => sample.request.decode(Buffer.from('7fff61', 'hex'), 0)).toThrow(/32767/)
  })
})
