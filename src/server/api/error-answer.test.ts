import { describe, expect, it } from 'vitest'
import { ErrorCode } from '../../protocol/errors.js'
import * as messages from '../../protocol/messages/index.js'
import type { Api, RequestOf, Shape, FieldSpec } from '../../protocol/schema/index.js'
import { errorAnswer } from './error-answer.js'

const code = ErrorCode.UNKNOWN_SERVER_ERROR
/** Its answer has the topics of all directories in one list, which no other API does. */
const UNLIKE = messages.alterReplicaLogDirs.name
const apis = Object.values(messages as unknown as Record<string, Api>).filter(
  (one) => typeof one === 'object' && 'request' in one && one.name !== UNLIKE,
)

/** A request that names one of everything. */
function sample(shape: Shape, version: number): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [name, { spec }] of Object.entries(shape)) {
    if (version >= spec.since && version <= spec.until) out[name] = value(spec, version)
  }
  return out
}

function value(spec: FieldSpec, version: number): unknown {
  switch (spec.type.kind) {
    case 'array':
      return [value(spec.type.element, version)]
    case 'struct':
      return sample(spec.type.shape, version)
    case 'string':
      return 'x'
    case 'bool':
      return false
    case 'uuid':
      return 'CbFya1HFQzeLQ9LlP5Cs8g'
    case 'bytes':
    case 'records':
      return Buffer.alloc(0)
    default:
      return 1
  }
}

describe('errorAnswer', () => {
  it.each(apis.map((api) => [api.name, api] as const))('%s is answered with the error in every version', (_, api) => {
    for (let version = api.versions[0]; version <= api.versions[1]; version++) {
      const request = api.request.decode(api.request.encode(sample(api.request.shape, version), version), version)
      const answer = errorAnswer(api, request, version, code)
      const read = api.response.decode(api.response.encode(answer, version), version)
      expect([version, JSON.stringify(read).includes(`rrorCode":${code}`)]).toEqual([version, true])
    }
  })

  it('has its lists where the request names nothing, as a fetch does that goes on in its session', () => {
    const request = messages.fetch.request.decode(messages.fetch.request.encode({ topics: [] } as never, 18), 18)
    expect(errorAnswer(messages.fetch as unknown as Api, request as RequestOf<Api>, 18, code)).toMatchObject({
      errorCode: code,
      responses: [],
    })
  })

  it('names every partition of a produce request', () => {
    const request = messages.produce.request.decode(
      messages.produce.request.encode(
        {
          acks: 1,
          timeoutMs: 1,
          topicData: [{ name: 'a', partitionData: [0, 1].map((index) => ({ index, records: null })) }],
        },
        9,
      ),
      9,
    ) as RequestOf<Api>
    expect(errorAnswer(messages.produce as unknown as Api, request, 9, code)).toMatchObject({
      responses: [
        {
          name: 'a',
          partitionResponses: [
            { index: 0, errorCode: code },
            { index: 1, errorCode: code },
          ],
        },
      ],
    })
  })
})
