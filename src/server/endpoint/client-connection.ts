/**
 * One client's connection: its requests start in the order in which they came, and are answered in that order, whatever
 * time each takes. What may be under way at once is capped by count and by bytes; a client that does not read its answers
 * is not read from either. A turn of the event loop is shared: after a while one connection gives way to the others.
 */
import { setMaxListeners } from 'node:events'
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import { nextTurn } from '../../base/turn.js'
import { FrameError, FrameReader, type Connection } from '../../net/index.js'
import { closeConnection, noAnswer } from '../api/handler.js'
import type { SaslSession } from '../security/sasl-session.js'
import { RefusedRequest, type Dispatch, type Outcome, type Peer } from './dispatch.js'

const IN_FLIGHT_MAX = 100
const IN_FLIGHT_BYTES_MAX = 16 * 1024 * 1024
/** Beyond this, the client does not read its answers. */
const UNREAD_BYTES_MAX = 4 * 1024 * 1024
const TURN_BYTES_MAX = 1024 * 1024
const TURN_MS_MAX = 2

/** How a connection came in, and what is asked of it. */
export interface Arrival {
  readonly listenerName: string
  readonly frameBytesMax: number
  /** Who it is as long as it has not said. */
  readonly principal: string
  /** Where the listener asks for SASL. */
  readonly authenticate:
    | ((connection: Connection, gone: AbortSignal, onAuthenticated: (principal: string) => void) => SaslSession)
    | undefined
}

/** A request and its answer. */
interface Exchange {
  readonly bytes: number
  outcome: Outcome | undefined
}

export class ClientConnection {
  private readonly frames: FrameReader
  private readonly exchanges: Exchange[] = []
  private readonly gone = new AbortController()
  private peer: Peer
  private inFlightBytes = 0
  private reading = true
  /** `work` is on the stack, or due in the next turn. */
  private working = false
  /** No further request is started. */
  private closing = false
  private closed = false
  private stopping = false
  lastActiveMs: number

  constructor(
    private readonly connection: Connection,
    private readonly arrival: Arrival,
    private readonly dispatch: Dispatch,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly onClosed: (connection: ClientConnection) => void,
  ) {
    const { listenerName, principal } = arrival
    const session = arrival.authenticate?.(connection, this.gone.signal, (name) => this.onAuthenticated(name))
    this.frames = new FrameReader(session?.frameBytesMax ?? arrival.frameBytesMax)
    this.lastActiveMs = clock.monotonic()
    setMaxListeners(0, this.gone.signal)
    this.peer = {
      connectionId: connection.id,
      clientHost: connection.remoteHost,
      clientPort: connection.remotePort,
      listenerName,
      principal,
      session,
      signal: this.gone.signal,
    }
    connection.attach({
      onData: (chunk) => this.onData(chunk),
      onDrain: () => this.work(),
      onClose: () => this.onClose(),
    })
  }

  /** What follows in the connection's stream is served in full. */
  private onAuthenticated(principal: string): void {
    this.peer = { ...this.peer, principal }
    this.frames.maxBytes = this.arrival.frameBytesMax
  }

  get remoteHost(): string {
    return this.connection.remoteHost
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.exchanges.length
  }

  private onData(chunk: Buffer): void {
    if (this.closing) return
    this.frames.push(chunk)
    this.work()
  }

  private onClose(): void {
    this.closing = true
    this.closed = true
    this.gone.abort(new Error('the connection is gone'))
    this.onClosed(this)
  }

  private mayStart(): boolean {
    return (
      !this.closing &&
      this.exchanges.length < (this.peer.session?.isAuthenticated === false ? 1 : IN_FLIGHT_MAX) &&
      (this.inFlightBytes < IN_FLIGHT_BYTES_MAX || this.exchanges.length === 0) &&
      this.connection.pendingBytes < UNREAD_BYTES_MAX
    )
  }

  /** Starts what has come, as far as it may. */
  private work(): void {
    if (this.working) return
    this.working = true
    // something came or went: that is why this is called
    const sinceMs = (this.lastActiveMs = this.clock.monotonic())
    let bytes = 0
    let more = true
    while (more && this.mayStart()) {
      const frame = this.nextFrame()
      if (!frame) break
      this.start(frame)
      bytes += frame.length
      more = bytes < TURN_BYTES_MAX && this.clock.monotonic() - sinceMs < TURN_MS_MAX
    }
    if (more) {
      this.working = false
    } else {
      void nextTurn().then(() => {
        this.working = false
        this.work()
      })
    }
    this.readWhile(more && this.mayStart())
  }

  private readWhile(wanted: boolean): void {
    if (wanted === this.reading || this.closed) return
    this.reading = wanted
    if (wanted) this.connection.resume()
    else this.connection.pause()
  }

  private nextFrame(): Buffer | undefined {
    try {
      return this.frames.next()
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.refuse(error.message)
      return undefined
    }
  }

  private start(frame: Buffer): void {
    const exchange: Exchange = { bytes: frame.length, outcome: undefined }
    this.exchanges.push(exchange)
    this.inFlightBytes += frame.length
    let outcome: Outcome | Promise<Outcome>
    try {
      outcome = this.peer.session?.takesBareToken
        ? this.peer.session.bareToken(frame).then((answer) => answer ?? closeConnection)
        : this.dispatch.start(frame, this.peer)
    } catch (error) {
      if (!(error instanceof RefusedRequest)) throw error
      this.log.info(`closing the connection of ${this.connection.remoteHost}: ${error.message}`)
      this.closing = true
      outcome = closeConnection
    }
    if (outcome instanceof Promise) void outcome.then((value) => this.complete(exchange, value))
    else this.complete(exchange, outcome)
  }

  private complete(exchange: Exchange, outcome: Outcome): void {
    exchange.outcome = outcome
    if (this.exchanges[0] !== exchange) return
    this.flush()
    this.work()
  }

  /** Sends the answers that are due, in order. */
  private flush(): void {
    for (let first = this.exchanges[0]; first?.outcome !== undefined; first = this.exchanges[0]) {
      this.exchanges.shift()
      this.inFlightBytes -= first.bytes
      if (first.outcome === noAnswer) continue
      if (first.outcome === closeConnection) {
        this.end()
        return
      }
      this.connection.write(first.outcome)
    }
    const isOver = this.stopping || this.peer.session?.isFailed === true
    if (isOver && this.exchanges.length === 0) this.end()
  }

  private refuse(reason: string): void {
    this.log.info(`closing the connection of ${this.connection.remoteHost}: ${reason}`)
    this.end()
  }

  private end(): void {
    this.closing = true
    this.connection.end()
  }

  /** Takes no more requests, tells those that wait not to, and ends once all are answered. */
  stop(): void {
    this.closing = true
    this.stopping = true
    this.gone.abort(new Error('the broker is stopping'))
    if (this.exchanges.length === 0) this.end()
  }

  /** Ends now, answered or not. */
  destroy(): void {
    this.closing = true
    this.connection.destroy()
  }
}
