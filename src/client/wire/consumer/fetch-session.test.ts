import { describe, expect, it } from 'vitest'
import { ErrorCode } from '../../../protocol/index.js'
import { FetchSession, type WantedPartition } from './fetch-session.js'

const wanted = (partition: number, fetchOffset: number, topicId = 'id-of-t'): WantedPartition => ({
  name: `t-${partition}`,
  topic: 't',
  topicId,
  partition,
  fetchOffset,
  currentLeaderEpoch: 0,
  partitionMaxBytes: 1_000,
})
const asked = (session: FetchSession, ...all: WantedPartition[]) => {
  const { sessionId, sessionEpoch, topics, forgottenTopicsData } = session.request(all)
  return {
    session: [sessionId, sessionEpoch],
    asks: topics.flatMap(({ partitions }) => partitions.map(({ partition, fetchOffset }) => [partition, fetchOffset])),
    forgets: forgottenTopicsData.flatMap(({ partitions }) => partitions),
  }
}

describe('a fetch session', () => {
  it('asks for everything once, then for what has changed', () => {
    const session = new FetchSession()
    expect(asked(session, wanted(0, 5), wanted(1, 7))).toEqual({
      session: [0, 0],
      asks: [
        [0, 5],
        [1, 7],
      ],
      forgets: [],
    })
    expect(session.answered(ErrorCode.NONE, 42)).toBe(true)
    expect(asked(session, wanted(0, 6), wanted(1, 7))).toEqual({ session: [42, 1], asks: [[0, 6]], forgets: [] })
    session.answered(ErrorCode.NONE, 42)
    expect(asked(session, wanted(1, 7), wanted(2, 0))).toEqual({ session: [42, 2], asks: [[2, 0]], forgets: [0] })
    session.answered(ErrorCode.NONE, 42)
    expect(asked(session, wanted(0, 6), wanted(1, 7))).toEqual({ session: [42, 3], asks: [[0, 6]], forgets: [2] })
  })

  it('begins anew when the broker has forgotten it, and ends the old one when the connection was lost', () => {
    const session = new FetchSession()
    session.request([wanted(0, 5)])
    session.answered(ErrorCode.NONE, 42)
    session.restart()
    expect(asked(session, wanted(0, 5))).toEqual({ session: [42, 0], asks: [[0, 5]], forgets: [] })
    session.answered(ErrorCode.NONE, 43)
    session.request([wanted(0, 5)])
    expect(session.answered(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, 0)).toBe(false)
    expect(asked(session, wanted(0, 5))).toEqual({ session: [0, 0], asks: [[0, 5]], forgets: [] })
  })

  it('asks in full every time where the broker has no room for it', () => {
    const session = new FetchSession()
    session.request([wanted(0, 5)])
    session.answered(ErrorCode.NONE, 0)
    expect(asked(session, wanted(0, 5))).toEqual({ session: [0, 0], asks: [[0, 5]], forgets: [] })
  })

  it('gives up a topic that was replaced by another of its name', () => {
    const session = new FetchSession()
    session.request([wanted(0, 5)])
    session.answered(ErrorCode.NONE, 42)
    expect(asked(session, wanted(0, 0, 'another'))).toEqual({ session: [42, 1], asks: [[0, 0]], forgets: [0] })
    session.answered(ErrorCode.NONE, 42)
    expect(asked(session, wanted(0, 0, 'another'))).toEqual({ session: [42, 2], asks: [], forgets: [] })
  })
})
