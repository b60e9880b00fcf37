/**
 * How long a request waits while something else goes on: ApiVersions, which costs the broker next to nothing, asked every
 * few milliseconds over a connection of its own. What it takes is what the broker's event loop had to do first.
 */
import { once } from 'node:events'
import { connect } from 'node:net'

const EVERY_MS = 10
/** ApiVersions v0: size, key 18, version 0, correlation id, no client id. */
const REQUEST = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 0, 0xff, 0xff])

export interface Pulse {
  /** Longest wait so far in ms. Ends the pulse. */
  stop(): number
}

export async function startPulse(bootstrapServers: string): Promise<Pulse> {
  const [host, port] = bootstrapServers.split(':')
  const socket = connect(Number(port), host)
  await once(socket, 'connect')
  socket.setNoDelay(true)
  let worstMs = 0
  let askedMs: number | undefined
  const wait = (): number => (askedMs === undefined ? 0 : performance.now() - askedMs)
  let answer = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    answer = Buffer.concat([answer, chunk])
    if (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) return
    answer = Buffer.alloc(0)
    worstMs = Math.max(worstMs, wait())
    askedMs = undefined
  })
  const timer = setInterval(() => {
    if (askedMs !== undefined) return
    askedMs = performance.now()
    socket.write(REQUEST)
  }, EVERY_MS)
  return {
    stop() {
      clearInterval(timer)
      socket.destroy()
      return Math.max(worstMs, wait())
    },
  }
}
