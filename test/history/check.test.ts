import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom, type Random } from '../../src/base/random.js'
import { check } from './check.js'
import type { HistoryEvent, Read, Result, Sent } from './history.js'
import { simulated, type Draft } from './simulated.js'
import type { ViolationKind } from './violation.js'

type Acked = Extract<Result, { outcome: 'acked' }>

const isAcked = (event: HistoryEvent): event is Acked => event.type === 'result' && event.outcome === 'acked'
const isRead = (event: HistoryEvent): event is Read => event.type === 'read'
const isSend = (event: HistoryEvent): event is Sent => event.type === 'send'

const kinds = (draft: Draft): Set<ViolationKind> => new Set(check(draft).map(({ kind }) => kind))
const pick = <T>(random: Random, all: readonly T[]): T => all[random.below(all.length)]!
const sendOf = (draft: Draft, value: string): Sent =>
  draft.events.find((event): event is Sent => isSend(event) && event.value === value)!

function replace(draft: Draft, before: HistoryEvent, ...after: HistoryEvent[]): void {
  draft.events.splice(draft.events.indexOf(before), 1, ...after)
}

/** The value is in no log. */
function strike(draft: Draft, value: string): void {
  for (const log of draft.logs) {
    for (const list of [log.all, log.committed]) {
      const at = list.findIndex((record) => record.value === value)
      if (at >= 0) list.splice(at, 1)
    }
  }
}

const outcomes = (draft: Draft): Map<string, string> =>
  new Map(draft.events.flatMap((event) => (event.type === 'ended' ? [[event.transaction, event.outcome]] : [])))

/** What is planted, and what it must be found as. Answers false where this history has no place for it. */
const planted: Record<string, [ViolationKind, (draft: Draft, random: Random) => boolean]> = {
  'an acknowledged record that is in no log': [
    'acknowledged write lost',
    (draft, random) => {
      strike(draft, pick(random, draft.events.filter(isAcked)).value)
      return true
    },
  ],
  'a committed record that is not shown': [
    'acknowledged write lost',
    (draft, random) => {
      const ends = outcomes(draft)
      const sends = draft.events.filter(isSend).filter(({ transaction }) => ends.get(transaction ?? '') === 'committed')
      if (sends.length === 0) return false
      const { value } = pick(random, sends)
      for (const { committed } of draft.logs) {
        const at = committed.findIndex((record) => record.value === value)
        if (at >= 0) committed.splice(at, 1)
      }
      return true
    },
  ],
  'a record acknowledged at another offset': [
    'acknowledged write lost',
    (draft, random) => {
      const acked = pick(random, draft.events.filter(isAcked))
      replace(draft, acked, { ...acked, offset: acked.offset + 1 })
      return true
    },
  ],
  'a refused record that is there': [
    'refused write there',
    (draft, random) => {
      const acked = pick(random, draft.events.filter(isAcked))
      replace(draft, acked, { type: 'result', value: acked.value, outcome: 'refused' })
      return true
    },
  ],
  'another value read than stands there': [
    'offset with two values',
    (draft, random) => {
      const [a, b] = [pick(random, draft.events.filter(isRead)), pick(random, draft.events.filter(isRead))]
      if (a.value === b.value) return false
      replace(draft, a, { ...a, value: b.value })
      return true
    },
  ],
  'two records of a producer that changed places': [
    'out of order',
    (draft, random) => {
      const { all } = pick(random, draft.logs)
      const producer = (i: number): string => sendOf(draft, all[i]!.value).producer
      const at = all.findIndex((_, i) => i > 0 && producer(i) === producer(i - 1))
      if (at < 0) return false
      const [a, b] = [all[at - 1]!, all[at]!]
      all.splice(at - 1, 2, { offset: a.offset, value: b.value }, { offset: b.offset, value: a.value })
      return true
    },
  ],
  'a record that nobody sent': [
    'never sent',
    (draft, random) => {
      const { all } = pick(random, draft.logs)
      all.push({ offset: (all.at(-1)?.offset ?? 0) + 1, value: 'ghost' })
      return true
    },
  ],
  'a record that was written again': [
    'written twice',
    (draft, random) => {
      const { all } = pick(random, draft.logs)
      if (all.length === 0) return false
      all.push({ offset: all.at(-1)!.offset + 1, value: pick(random, all).value })
      return true
    },
  ],
  'an input that was copied twice': [
    'output twice',
    (draft, random) => {
      const out = draft.logs.at(-1)!
      if (out.committed.length < 2) return false
      const [a, b] = [out.committed[0]!, out.committed[1 + random.below(out.committed.length - 1)]!]
      const send = sendOf(draft, b.value)
      replace(draft, send, { ...send, about: sendOf(draft, a.value).about })
      return true
    },
  ],
  'an input that was never copied': [
    'output missing',
    (draft, random) => {
      const out = draft.logs.at(-1)!
      if (out.committed.length === 0) return false
      strike(draft, pick(random, out.committed).value)
      return true
    },
  ],
  'an aborted record under read_committed': [
    'aborted record seen',
    (draft, random) => {
      const ends = outcomes(draft)
      const aborted = draft.events.filter(isSend).filter(({ transaction }) => ends.get(transaction ?? '') === 'aborted')
      if (aborted.length === 0) return false
      const { topic, partition, value } = pick(random, aborted)
      const log = draft.logs.find((one) => one.topic === topic && one.partition === partition)!
      const { offset } = log.all.find((record) => record.value === value)!
      draft.events.push({ type: 'read', consumer: 'c0.0', topic, partition, offset, value })
      return true
    },
  ],
  'a record that is read while its transaction is open': [
    'read before commit',
    (draft, random) => {
      const seen = draft.events.filter(isRead).filter(({ consumer }) => consumer.startsWith('c'))
      const early = seen.filter(({ value }) => sendOf(draft, value).transaction !== undefined)
      if (early.length === 0) return false
      const read = pick(random, early)
      replace(draft, read)
      draft.events.splice(draft.events.indexOf(sendOf(draft, read.value)) + 1, 0, read)
      return true
    },
  ],
  'half a transaction': [
    'transaction torn',
    (draft) => {
      const ends = outcomes(draft)
      const transaction = [...ends.keys()].find((id) => {
        const sends = draft.events.filter(isSend).filter((send) => send.transaction === id)
        return ends.get(id) === 'committed' && sends.length > 1
      })
      if (transaction === undefined) return false
      const end = draft.events.find((event) => event.type === 'ended' && event.transaction === transaction)!
      replace(draft, end, { type: 'ended', transaction, outcome: 'unknown' })
      const { value } = draft.events.filter(isSend).find((send) => send.transaction === transaction)!
      for (const { committed } of draft.logs) {
        const at = committed.findIndex((record) => record.value === value)
        if (at >= 0) committed.splice(at, 1)
      }
      return true
    },
  ],
  'a consumer that reads a record again': [
    'went back',
    (draft, random) => {
      const read = pick(random, draft.events.filter(isRead))
      replace(draft, read, read, read)
      return true
    },
  ],
  'a consumer that leaves a record out': [
    'skipped',
    (draft) => {
      const reads = draft.events.filter(isRead).filter(({ consumer }) => consumer === 'all0')
      if (reads.length < 2) return false
      replace(draft, reads[0]!)
      return true
    },
  ],
  'a record that its group never got': [
    'not delivered',
    (draft, random) => {
      const reads = draft.events.filter(isRead).filter(({ consumer }) => consumer.startsWith('c'))
      if (reads.length === 0) return false
      const { topic, partition, offset } = pick(random, reads)
      draft.events = draft.events.filter(
        (event) =>
          !isRead(event) ||
          !event.consumer.startsWith('c') ||
          event.topic !== topic ||
          event.partition !== partition ||
          event.offset !== offset,
      )
      return true
    },
  ],
  'a member that begins before what was committed': [
    'committed offset lost',
    (draft) => {
      const reads = draft.events.filter(isRead).filter(({ consumer }) => consumer === 'c0.0')
      const kept = draft.events.some(
        (event) => event.type === 'ended' && event.transaction === 'copy c0.0' && event.outcome === 'committed',
      )
      if (!kept || reads.length === 0) return false
      const { topic, partition } = reads[0]!
      draft.events.push({ type: 'position', consumer: 'c0.0', topic, partition }, reads[0]!)
      return true
    },
  ],
}

describe('check', () => {
  it('a good history has no violation', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 60 }), (seed, rounds) => {
        expect(check(simulated(seededRandom(seed), rounds))).toEqual([])
      }),
    )
  })

  for (const [what, [kind, plant]] of Object.entries(planted)) {
    it(`finds ${what}`, () => {
      let places = 0
      fc.assert(
        fc.property(fc.nat(), (seed) => {
          const draft = simulated(seededRandom(seed))
          if (!plant(draft, seededRandom(seed + 1))) return
          places++
          expect(kinds(draft)).toContain(kind)
        }),
      )
      expect(places).toBeGreaterThan(10)
    })
  }

  it('a history in which the program sent a value twice is no history', () => {
    const draft = simulated(seededRandom(1))
    draft.events.push(draft.events.find(isSend)!)
    expect(() => check(draft)).toThrow('sent')
  })
})
