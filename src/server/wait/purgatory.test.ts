import { describe, expect, it } from 'vitest'
import { virtualClock } from '../../base/clock.js'
import { Purgatory } from './purgatory.js'

const setUp = () => {
  const clock = virtualClock()
  return { clock, purgatory: new Purgatory(clock) }
}

describe('purgatory', () => {
  it('ends a wait when its keys together brought enough', async () => {
    const { clock, purgatory } = setUp()
    const [a, b, other] = [{}, {}, {}]
    let bytes = 0
    const wait = purgatory.wait({ keys: [a, b], timeoutMs: 500, onNotice: (_, more) => (bytes += more) >= 100 })
    purgatory.notify(a, 60)
    purgatory.notify(other, 1000)
    expect(purgatory.size).toBe(1)
    purgatory.notify(b, 40)
    expect(await wait).toBe('ready')
    expect(purgatory.size).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('ends a wait when its time is up, and not before', async () => {
    const { clock, purgatory } = setUp()
    let end: string | undefined
    void purgatory.wait({ keys: [{}], timeoutMs: 500, onNotice: () => true }).then((how) => (end = how))
    await clock.advance(499)
    expect(end).toBeUndefined()
    await clock.advance(1)
    expect(end).toBe('expired')
  })

  it('ends a wait when nobody waits for the answer any more', async () => {
    const { clock, purgatory } = setUp()
    const gone = new AbortController()
    const wait = purgatory.wait({ keys: [{}], timeoutMs: 500, onNotice: () => true, signal: gone.signal })
    gone.abort()
    expect(await wait).toBe('abandoned')
    expect(clock.pending).toBe(0)
    expect(await purgatory.wait({ keys: [], timeoutMs: 1, onNotice: () => true, signal: gone.signal })).toBe(
      'abandoned',
    )
  })

  it('wakes all who wait for a key, each by its own count', async () => {
    const { purgatory } = setUp()
    const key = {}
    const ends: string[] = []
    for (const need of [10, 20, 30]) {
      let bytes = 0
      const onNotice = (_: object, more: number): boolean => (bytes += more) >= need
      void purgatory.wait({ keys: [key], timeoutMs: 500, onNotice }).then(() => ends.push(String(need)))
    }
    purgatory.notify(key, 20)
    await Promise.resolve()
    await Promise.resolve()
    expect(ends).toEqual(['10', '20'])
    expect(purgatory.size).toBe(1)
  })
})
