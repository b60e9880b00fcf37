import { describe, expect, it } from 'vitest'
import { ZERO_UUID } from '../schema/index.js'
import { readQuorumState, writeQuorumState } from './quorum-state.js'

describe('the file quorum-state', () => {
  it('is read back as written', () => {
    const state = { leaderId: 1, leaderEpoch: 7, votedId: -1, votedDirectoryId: 'AAAAAAAAAAEAAAAAAAAAAg' }
    expect(readQuorumState(writeQuorumState(state))).toEqual(state)
  })

  it('of version 0 knows no directory', () => {
    const text =
      '{"clusterId":"","leaderId":-1,"leaderEpoch":3,"votedId":2,"appliedOffset":0,"currentVoters":[],"data_version":0}'
    expect(readQuorumState(text)).toEqual({ leaderId: -1, leaderEpoch: 3, votedId: 2, votedDirectoryId: ZERO_UUID })
  })

  it('that is damaged is refused with the reason', () => {
    expect(() => readQuorumState('{')).toThrow('not JSON')
    expect(() => readQuorumState('{"data_version":1}')).toThrow('no number leaderId')
    expect(() => readQuorumState('{"data_version":2}')).toThrow('version 2')
  })
})
