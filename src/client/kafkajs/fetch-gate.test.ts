import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { virtualClock } from '../../base/clock.js'
import { FetchGate } from './fetch-gate.js'
import type { FetchAnswer, FetchRequest, KafkajsBroker, KafkajsCluster } from './vendor.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const tp = (partition: number): { topic: string; partition: number } => ({ topic: 't', partition })
const request = (...partitions: number[]): FetchRequest => ({
  maxWaitTime: 500,
  topics: [{ topic: 't', partitions: partitions.map((partition) => ({ partition, fetchOffset: '7' })) }],
})

async function gateOnBroker(errorCode: (partition: number) => number = () => 0) {
  const clock = virtualClock()
  const seen: { partitions: number[]; maxWaitTime: number }[] = []
  const told: string[] = []
  const answers: WeakRef<FetchAnswer>[] = []
  let during = (): void => {}
  const broker = {
    nodeId: 1,
    fetch: async ({ topics, maxWaitTime }: FetchRequest): Promise<FetchAnswer> => {
      seen.push({ partitions: topics.flatMap((topic) => topic.partitions.map((p) => p.partition)), maxWaitTime })
      during()
      const answer = {
        responses: topics.map(({ topic, partitions }) => ({
          topicName: topic,
          partitions: partitions.map(({ partition }) => ({
            partition,
            errorCode: errorCode(partition),
            messages: [{}] as never[],
          })),
        })),
      }
      answers.push(new WeakRef(answer))
      return answer
    },
  }
  const cluster = { findBroker: async () => broker as unknown as KafkajsBroker } as unknown as KafkajsCluster
  const gate = new FetchGate(clock, {
    outOfRange: (at, offset) => void told.push(`out of range ${at.partition}@${offset}`),
    stale: () => void told.push('stale'),
  })
  gate.attach(cluster)
  gate.assign([tp(0), tp(1)])
  const fetch = async (...partitions: number[]): Promise<number[]> => {
    const answer = await (await cluster.findBroker({ nodeId: 1 })).fetch(request(...partitions))
    return answer.responses.flatMap((topic) => topic.partitions.map((each) => each.partition))
  }
  const whileFetching = (act: () => void): void => void (during = act)
  return { clock, gate, fetch, seen, told, answers, whileFetching }
}

describe('fetch gate', () => {
  it('holds a new assignment until each partition has its start', async () => {
    const { gate, fetch, seen } = await gateOnBroker()
    gate.release(tp(1), 7)
    expect(await fetch(0, 1)).toEqual([1])
    gate.release(tp(0), 7)
    expect(await fetch(0, 1, 2)).toEqual([0, 1]) // 2 is not assigned
    expect(seen.map((each) => each.partitions)).toEqual([[1], [0, 1]])
  })

  it('with nothing to fetch it waits, and wakes with a resume', async () => {
    const { gate, fetch, clock, seen } = await gateOnBroker()
    gate.release(tp(0), 7)
    gate.pause(tp(0))
    let ended = false
    const idle = fetch(0).then((got) => ((ended = true), got))
    await clock.advance(199)
    expect(ended).toBe(false)
    gate.resume(tp(0))
    expect(await idle).toEqual([])
    expect(seen).toEqual([])
    expect(await fetch(0)).toEqual([0])
    expect(clock.pending).toBe(0)
  })

  it('lets go of what was asked for and is not wanted any more when it comes', async () => {
    const { gate, fetch, whileFetching } = await gateOnBroker()
    gate.release(tp(0), 7)
    gate.release(tp(1), 7)
    whileFetching(() => gate.pause(tp(0)))
    expect(await fetch(0, 1)).toEqual([1])
    whileFetching(() => gate.assign([tp(0)]))
    expect(await fetch(1)).toEqual([])
  })

  it('a fetch beside a paused partition waits no longer than that is paused, so that a resume is soon seen', async () => {
    const { gate, fetch, clock, seen } = await gateOnBroker()
    gate.release(tp(0), 7)
    gate.release(tp(1), 7)
    gate.pause(tp(0))
    for (const ms of [0, 60, 10_000]) {
      await clock.advance(ms)
      await fetch(0, 1)
    }
    expect(seen.map((each) => each.maxWaitTime)).toEqual([5, 60, 500])
  })

  it('reports an offset out of range once, and leaves the partition alone until it is sought', async () => {
    const { gate, fetch, told, seen } = await gateOnBroker((partition) => (partition === 0 ? 1 : 0))
    gate.release(tp(0), 7)
    gate.release(tp(1), 7)
    expect(await fetch(0, 1)).toEqual([1])
    expect(await fetch(0, 1)).toEqual([1])
    expect(told).toEqual(['out of range 0@7'])
    expect(seen.map((each) => each.partitions)).toEqual([[0, 1], [1]])
  })

  it('a leader that moved is looked for, and asked again after a moment; the others go on', async () => {
    const { gate, fetch, told, seen, clock } = await gateOnBroker((partition) => (partition === 0 ? 6 : 0))
    gate.release(tp(0), 7)
    gate.release(tp(1), 7)
    await fetch(0, 1)
    await fetch(0, 1)
    await clock.advance(200)
    await fetch(0, 1)
    expect(told).toEqual(['stale', 'stale'])
    expect(seen.map((each) => each.partitions)).toEqual([[0, 1], [1], [0, 1]])
  })

  it('after a seek it asks from there and nowhere else', async () => {
    const { gate, fetch, seen } = await gateOnBroker()
    gate.release(tp(0), 3) // kafkajs still asks for 7
    gate.release(tp(1), 7)
    expect(await fetch(0, 1)).toEqual([1])
    expect(await fetch(0)).toEqual([]) // and at once: what waits is only for kafkajs to take it over
    expect(seen.map((each) => each.partitions)).toEqual([[1]])
  })

  it('what no waiting mends is thrown', async () => {
    const { gate, fetch } = await gateOnBroker(() => 29)
    gate.release(tp(0), 7)
    await expect(fetch(0)).rejects.toMatchObject({ kind: 'authorization' })
  })

  it('lets go of an answer that was taken', async () => {
    const { gate, fetch, answers } = await gateOnBroker()
    gate.release(tp(0), 7)
    await fetch(0)
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
    expect(answers.map((answer) => answer.deref())).toEqual([undefined])
    gate.close()
  })
})
