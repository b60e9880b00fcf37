import { describe, expect, it } from 'vitest'
import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  decodeVersioned,
  encodeVersioned,
} from './consumer-protocol.js'

describe('what members of a classic group say to each other', () => {
  it('is a version and a message', () => {
    const assignment = { assignedPartitions: [{ topic: 't', partitions: [0, 2] }] }
    const bytes = encodeVersioned(consumerProtocolAssignment, assignment, 1)
    expect(bytes.toString('hex')).toBe(
      '0001' + '00000001' + '000174' + '00000002' + '00000000' + '00000002' + 'ffffffff',
    )
    expect(decodeVersioned(consumerProtocolAssignment, bytes)).toEqual({ ...assignment, userData: null })
  })

  it('is read as far as known when it is from a newer member', () => {
    const bytes = encodeVersioned(consumerProtocolSubscription, { topics: ['a'], rackId: 'r' })
    const newer = Buffer.concat([bytes, Buffer.from('future')])
    newer.writeInt16BE(9, 0)
    expect(decodeVersioned(consumerProtocolSubscription, newer)).toMatchObject({ topics: ['a'], rackId: 'r' })
    expect(() => decodeVersioned(consumerProtocolSubscription, Buffer.from('ffff00000000', 'hex'))).toThrow(
      'no version -1',
    )
  })
})
