import { describe, expect, it } from 'vitest'
import {
  encodeCoordinatorKey,
  encodeCoordinatorValue,
  openCoordinatorKey,
  openCoordinatorValue,
} from './coordinator-record.js'
import { offsetCommitKey, offsetCommitValue } from './group-records.js'

describe('stored records', () => {
  it("an offset's key is its type and body, its value a version and body", () => {
    const key = encodeCoordinatorKey(1, offsetCommitKey, { group: 'g', topic: 't', partition: 3 })
    expect(key.toString('hex')).toBe('0001' + '000167' + '000174' + '00000003')
    expect(openCoordinatorKey(key).type).toBe(1)
    const value = encodeCoordinatorValue(offsetCommitValue, { offset: 7, metadata: '', commitTimestamp: 9 }, 3)
    const { version, body } = openCoordinatorValue(value)
    expect(offsetCommitValue.read(body, version)).toMatchObject({ offset: 7, leaderEpoch: -1, commitTimestamp: 9 })
  })
})
