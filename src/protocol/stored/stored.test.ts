import { describe, expect, it } from 'vitest'
import { decodeMetadataRecord, encodeMetadataRecord } from './metadata-record.js'
import {
  encodeCoordinatorKey,
  encodeCoordinatorValue,
  openCoordinatorKey,
  openCoordinatorValue,
} from './coordinator-record.js'
import { offsetCommitKey, offsetCommitValue } from './group-records.js'

describe('stored records', () => {
  it('a metadata record keeps its type and body in its frame', () => {
    const bytes = encodeMetadataRecord(2, { name: 'orders', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' })
    expect(bytes.subarray(0, 3).toString('hex')).toBe('010200')
    expect(decodeMetadataRecord(bytes)).toEqual({
      type: 2,
      body: { name: 'orders', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' },
    })
    expect(() => decodeMetadataRecord(Buffer.from('01ff0100', 'hex'))).toThrow(/type 255/)
  })

  it("an offset's key is its type and body, its value a version and body", () => {
    const key = encodeCoordinatorKey(1, offsetCommitKey, { group: 'g', topic: 't', partition: 3 })
    expect(key.toString('hex')).toBe('0001' + '000167' + '000174' + '00000003')
    expect(openCoordinatorKey(key).type).toBe(1)
    const value = encodeCoordinatorValue(offsetCommitValue, { offset: 7, metadata: '', commitTimestamp: 9 }, 3)
    const { version, body } = openCoordinatorValue(value)
    expect(offsetCommitValue.read(body, version)).toMatchObject({ offset: 7, leaderEpoch: -1, commitTimestamp: 9 })
  })
})
