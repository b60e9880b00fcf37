import { describe, expect, it } from 'vitest'
import { goldenCases } from '../../test/facts/golden.js'
import * as consumerProtocol from './messages/consumer-protocol.js'
import * as records from './records/index.js'
import { apis } from './messages/index.js'
import { Message, type Shape } from './schema/index.js'
import * as stored from './stored/index.js'

const messages = [
  ...apis.flatMap((api) => [api.request, api.response]),
  ...[stored, records, consumerProtocol]
    .flatMap(Object.values<unknown>)
    .filter((value): value is Message<Shape> => value instanceof Message),
]

describe('messages are written and read as Kafka 4.3.1 does it, byte for byte, in every version', () => {
  for (const message of messages) {
    it(message.name, () => {
      for (const { variant, version, hex, draft } of goldenCases(message)) {
        const what = `v${version} ${variant}`
        expect(message.encode(draft as never, version).toString('hex'), what).toBe(hex)
        const decoded = message.decode(Buffer.from(hex, 'hex'), version)
        expect(decoded, what).toMatchObject(draft)
        expect(message.encode(decoded as never, version).toString('hex'), what).toBe(hex)
      }
    })
  }
})
