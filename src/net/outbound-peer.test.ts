import { describe, expect, it } from 'vitest'
import { virtualClock, type VirtualClock } from '../base/clock.js'
import { silentLog } from '../base/log.js'
import { seededRandom } from '../base/random.js'
import { nextTurn } from '../base/turn.js'
import { Reader } from '../base/bytes.js'
import { encodeResponse, ErrorCode, messages, readRequestHeader, type RequestHeader } from '../protocol/index.js'
import { FrameReader } from './frames.js'
import { memoryTransport } from './memory.js'
import { OutboundPeer, type OutboundOptions } from './outbound-peer.js'
import type { Connection } from './transport.js'

interface Seen extends RequestHeader {
  answer(chunks: Buffer[]): void
  readonly connection: Connection
}

const { apiVersions, heartbeat, metadata } = messages
const HEARTBEAT = { groupId: 'g', generationId: 1, memberId: 'm' }
const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await nextTurn()
}

function peerAt(
  port: number,
  own: Pick<OutboundOptions, 'transport' | 'clock'> & Partial<OutboundOptions>,
): OutboundPeer {
  return new OutboundPeer('memory', port, {
    clientId: 'test',
    software: { name: 'kts-kafka', version: '1' },
    random: seededRandom(1),
    log: silentLog,
    requestTimeoutMs: 1_000,
    connectTimeoutMs: 1_000,
    ...own,
  })
}

/** A peer, and a server that answers ApiVersions by itself and leaves the rest to the test. */
async function pair(own: Partial<OutboundOptions> = {}, heartbeats: readonly [number, number] = [0, 4]) {
  const transport = memoryTransport({ chunkBytes: 7 })
  const clock: VirtualClock = virtualClock()
  const seen: Seen[] = []
  const connections: Connection[] = []
  const listening = await transport.listen('memory', 0, (connection) => {
    connections.push(connection)
    const frames = new FrameReader(100_000)
    connection.attach({
      onData(chunk) {
        frames.push(chunk)
        for (let frame = frames.next(); frame; frame = frames.next()) {
          const header = readRequestHeader(new Reader(frame))
          const answer = (chunks: Buffer[]): void => connection.write(chunks)
          if (header.apiKey !== apiVersions.key) seen.push({ ...header, answer, connection })
          else {
            const apiKeys = [
              { apiKey: apiVersions.key, minVersion: 0, maxVersion: 4 },
              { apiKey: heartbeat.key, minVersion: heartbeats[0], maxVersion: heartbeats[1] },
            ]
            const finalizedFeatures = [{ name: 'transaction.version', maxVersionLevel: 2, minVersionLevel: 1 }]
            const body = { errorCode: 0, apiKeys, finalizedFeatures }
            answer(encodeResponse(apiVersions, header.apiVersion, header.correlationId, body))
          }
        }
      },
      onDrain() {},
      onClose() {},
    })
  })
  const peer = peerAt(listening.port, { transport, clock, ...own })
  const beat = (): ReturnType<typeof peer.send<typeof heartbeat.request.shape, typeof heartbeat.response.shape>> =>
    peer.send(heartbeat, HEARTBEAT)
  const answerBeat = (to: Seen, errorCode = 0, throttleTimeMs = 0): void =>
    to.answer(encodeResponse(heartbeat, to.apiVersion, to.correlationId, { errorCode, throttleTimeMs }))
  return { peer, clock, seen, connections, beat, answerBeat, listening }
}

describe('a peer', () => {
  it('speaks the latest version that both know, and tells the features', async () => {
    const { peer, seen, beat, answerBeat } = await pair({}, [1, 3])
    const answer = beat()
    await settled()
    expect(seen.map(({ apiVersion, clientId }) => ({ apiVersion, clientId }))).toEqual([
      { apiVersion: 3, clientId: 'test' },
    ])
    answerBeat(seen[0]!, ErrorCode.REBALANCE_IN_PROGRESS)
    expect((await answer).errorCode).toBe(ErrorCode.REBALANCE_IN_PROGRESS)
    expect(peer.versions!.features.get('transaction.version')).toBe(2)
  })

  it('names the API that the other side lacks, and the versions that do not meet', async () => {
    const { peer, beat } = await pair({}, [9, 9])
    await expect(peer.send(metadata, { topics: null })).rejects.toMatchObject({
      kind: 'unsupportedVersion',
      message: expect.stringContaining('does not serve it'),
    })
    await expect(beat()).rejects.toThrow('serves versions 9 to 9')
  })

  it('sends without waiting for the answers before, and gives each its own', async () => {
    const { seen, beat, answerBeat } = await pair()
    const answers = [beat(), beat(), beat()]
    await settled()
    expect(seen.length).toBe(3)
    for (const [i, each] of seen.entries()) answerBeat(each, i)
    expect((await Promise.all(answers)).map(({ errorCode }) => errorCode)).toEqual([0, 1, 2])
  })

  it('keeps no more in flight than allowed', async () => {
    const { seen, beat, answerBeat } = await pair({ maxInFlight: 2 })
    const answers = [beat(), beat(), beat()]
    await settled()
    expect(seen.length).toBe(2)
    answerBeat(seen[0]!)
    await settled()
    expect(seen.length).toBe(3)
    answerBeat(seen[1]!)
    answerBeat(seen[2]!)
    await Promise.all(answers)
  })

  it('gives up the connection when an answer is late, and makes another after a while', async () => {
    const { seen, beat, answerBeat, clock, connections } = await pair()
    const late = Promise.allSettled([beat(), beat()])
    await settled()
    await clock.advance(1_001)
    const errors = (await late).map((each) => (each.status === 'rejected' ? (each.reason as Error).message : ''))
    expect(errors[0]).toMatch(/did not answer Heartbeat in time/)
    const again = beat()
    await settled()
    expect(connections.length).toBe(1)
    await clock.advance(100)
    await settled()
    expect([connections.length, seen.length]).toEqual([2, 3])
    answerBeat(seen[2]!)
    await again
  })

  it('trusts no connection whose answers are out of order', async () => {
    const { seen, beat } = await pair()
    const answers = Promise.allSettled([beat(), beat()])
    await settled()
    const second = seen[1]!
    second.answer(encodeResponse(heartbeat, second.apiVersion, second.correlationId, { errorCode: 0 }))
    expect((await answers).map((each) => each.status === 'rejected' && (each.reason as { kind: string }).kind)).toEqual(
      ['malformed', 'malformed'],
    )
  })

  it('fails what is under way when the connection is lost', async () => {
    const { seen, beat } = await pair()
    const answer = beat()
    await settled()
    seen[0]!.connection.destroy()
    await expect(answer).rejects.toMatchObject({ kind: 'disconnected' })
  })

  const lost = async (answer: Promise<unknown>): Promise<string> =>
    answer.then(
      () => 'nothing was lost',
      (error: Error) => error.message,
    )

  it('says what a connection may have lacked that was closed at its first request', async () => {
    const { seen, beat } = await pair()
    const message = lost(beat())
    await settled()
    seen[0]!.connection.destroy()
    expect(await message).toMatch(/before it answered more than its versions: does this listener ask for SASL\?$/)
  })

  it('says no such thing of a peer that has answered before, or was asked nothing', async () => {
    const { seen, beat, answerBeat, clock, peer, connections } = await pair()
    await peer.ready()
    connections[0]!.destroy()
    await settled()
    for (const answered of [true, false]) {
      const answer = beat()
      await clock.advance(100)
      await settled()
      if (answered) {
        answerBeat(seen.at(-1)!)
        await answer
        seen.at(-1)!.connection.destroy()
        await settled()
        continue
      }
      seen.at(-1)!.connection.destroy()
      expect(await lost(answer)).toMatch(/closed the connection$/)
    }
  })

  it.each([
    [undefined, /before it answered: does this listener ask for TLS\?/],
    [Buffer.from('15030300020250', 'hex'), /with an alert of TLS: this listener asks for it/],
    [Buffer.from('0000', 'hex'), /closed the connection$/],
  ])('says what a listener that closes at once, with %o, may ask for', async (bytes, words) => {
    const transport = memoryTransport()
    const listening = await transport.listen('memory', 0, (connection) => {
      connection.attach({
        onData() {
          if (bytes) connection.write([bytes])
          connection.end()
        },
        onDrain() {},
        onClose() {},
      })
    })
    expect(await lost(peerAt(listening.port, { transport, clock: virtualClock() }).ready())).toMatch(words)
  })

  it('leaves a peer alone for as long as it says', async () => {
    const { seen, beat, answerBeat, clock } = await pair()
    const first = beat()
    await settled()
    answerBeat(seen[0]!, 0, 400)
    await first
    const second = beat()
    await settled()
    await clock.advance(399)
    expect(seen.length).toBe(1)
    await clock.advance(1)
    await settled()
    expect(seen.length).toBe(2)
    answerBeat(seen[1]!)
    await second
  })

  it('waits longer after each connection that could not be made, and never longer than the most', async () => {
    const { peer, beat, clock, listening } = await pair()
    await listening.close()
    const waits: number[] = []
    for (let i = 0; i < 8; i++) {
      const from = clock.monotonic()
      let isOver = false
      const answer = expect(beat())
        .rejects.toMatchObject({ kind: 'disconnected' })
        .then(() => (isOver = true))
      while (!isOver) await clock.advance(5)
      await answer
      waits.push(clock.monotonic() - from)
    }
    expect(peer.isConnected).toBe(false)
    expect(waits[0]).toBeLessThan(10)
    for (const [i, plain] of [50, 100, 200, 400, 800, 1_000, 1_000].entries()) {
      expect(waits[i + 1]).toBeGreaterThanOrEqual(plain * 0.8)
      expect(waits[i + 1]).toBeLessThanOrEqual(plain * 1.2 + 10)
    }
  })

  it('is closed for good, and leaves no timer behind', async () => {
    const { peer, beat, clock } = await pair()
    const answer = beat()
    await settled()
    peer.close()
    await expect(answer).rejects.toMatchObject({ kind: 'closed' })
    await expect(beat()).rejects.toMatchObject({ kind: 'closed' })
    await settled()
    await clock.advance(2_000)
    expect(clock.pending).toBe(0)
  })

  it('leaves nothing behind after thousands of connections', async () => {
    const { peer, seen, beat, clock } = await pair({ reconnectBackOffMs: 1, reconnectBackOffMaxMs: 1 })
    for (let i = 0; i < 2_000; i++) {
      const answer = beat()
      const lost = expect(answer).rejects.toMatchObject({ kind: 'disconnected' })
      while (seen.length === 0) await clock.advance(1)
      seen.shift()!.connection.destroy()
      await lost
    }
    peer.close()
    await clock.advance(2_000)
    expect(clock.pending).toBe(0)
  })
})
