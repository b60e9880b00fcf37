import { afterEach, describe, expect, it } from 'vitest'
import {
  ListenError,
  listenOnLoopback,
  memoryTransport,
  tcpTransport,
  type Connection,
  type Listening,
  type Transport,
} from './index.js'

const open: Listening[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

/** An end that gathers what comes, and tells when it is closed. */
function collect(connection: Connection): {
  text: () => string
  closed: Promise<void>
  received: (length: number) => Promise<void>
} {
  const chunks: Buffer[] = []
  let waiting: { length: number; resolve: () => void } | undefined
  const size = (): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const closed = new Promise<void>((resolve) =>
    connection.attach({
      onData(chunk) {
        chunks.push(chunk)
        if (waiting && size() >= waiting.length) waiting.resolve()
      },
      onDrain() {},
      onClose: () => resolve(),
    }),
  )
  return {
    text: () => Buffer.concat(chunks).toString(),
    closed,
    received: (length) =>
      size() >= length ? Promise.resolve() : new Promise((resolve) => (waiting = { length, resolve })),
  }
}

async function pair(transport: Transport): Promise<[near: Connection, far: Connection]> {
  let accept: (connection: Connection) => void = () => {}
  const accepted = new Promise<Connection>((resolve) => (accept = resolve))
  const listening = await transport.listen('127.0.0.1', 0, (connection) => accept(connection))
  open.push(listening)
  const near = await transport.connect('127.0.0.1', listening.port)
  return [near, await accepted]
}

describe.each([
  ['tcp', tcpTransport],
  ['memory', memoryTransport({ chunkBytes: 3 })],
] as const)('the %s transport', (_, transport) => {
  it('carries bytes both ways, in order', async () => {
    const [near, far] = await pair(transport)
    const atNear = collect(near)
    const atFar = collect(far)
    near.write([Buffer.from('hello '), Buffer.from('there')])
    await atFar.received(11)
    far.write([Buffer.from('and back')])
    await atNear.received(8)
    expect(atFar.text()).toBe('hello there')
    expect(atNear.text()).toBe('and back')
    near.destroy()
    await atFar.closed
  })

  it('sends what was written before it ends', async () => {
    const [near, far] = await pair(transport)
    const atFar = collect(far)
    collect(near)
    near.write([Buffer.alloc(300_000, 'x')])
    near.end()
    await atFar.closed
    expect(atFar.text()).toHaveLength(300_000)
  })

  it('keeps what comes while paused', async () => {
    const [near, far] = await pair(transport)
    const atFar = collect(far)
    far.pause()
    near.write([Buffer.from('later')])
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(atFar.text()).toBe('')
    far.resume()
    await atFar.received(5)
    expect(atFar.text()).toBe('later')
    near.destroy()
  })

  it('names a taken address', async () => {
    const listening = await transport.listen('127.0.0.1', 0, () => {})
    open.push(listening)
    await expect(transport.listen('127.0.0.1', listening.port, () => {})).rejects.toThrow(/taken/)
  })
})

describe('tcpTransport', () => {
  it('refuses an address that is not of this machine', async () => {
    await expect(tcpTransport.listen('203.0.113.1', 0, () => {})).rejects.toThrow(ListenError)
  })

  it('answers localhost over both families', async () => {
    const listening = await listenOnLoopback(tcpTransport, 0, (connection) => connection.write([Buffer.from('hi')]))
    open.push(listening)
    for (const host of ['127.0.0.1', '::1']) {
      const end = collect(await tcpTransport.connect(host, listening.port))
      await end.received(2)
      expect(end.text()).toBe('hi')
    }
  })
})
