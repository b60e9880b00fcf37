/**
 * Requests and answers on one connection to a peer. Answers come in the order of the requests; one that does not is the
 * end of the connection, and so is a request whose time-out passes, because everything behind it waits too.
 *
 * Requests beyond `maxInFlight`, or while the connection is held (throttled, re-authenticating), wait in order.
 */
import type { Clock, Timer } from '../base/clock.js'
import {
  correlationIdOf,
  decodeResponse,
  encodeRequest,
  type Api,
  type Decoded,
  type Draft,
  type Shape,
} from '../protocol/index.js'
import { FrameReader } from './frames.js'
import { OutboundError } from './outbound-error.js'
import type { Connection } from './transport.js'

const FRAME_BYTES_MAX = 2 ** 30
/** Content type of a TLS record, where a Kafka answer of 336 MB or more would begin alike. */
const TLS_ALERT = 0x15
const CORRELATION_MAX = 0x7fff_ffff
/** What was written before a close may still go out for so long. */
const LINGER_MS = 1_000

export interface OutboundConnectionOptions {
  readonly peer: string
  readonly clientId: string
  readonly clock: Clock
  readonly maxInFlight: number
  /** Who stands there has answered requests before: that it closes the connection has other reasons than how we came. */
  readonly isKnown: boolean
  onClose(error: OutboundError): void
}

interface Waiting {
  readonly deadlineMs: number
  /** Encodes for this correlation id. */
  readonly encode: (correlationId: number) => Buffer[]
  /** undefined: nothing is answered. */
  readonly answered: ((frame: Buffer) => void) | undefined
  readonly written: (() => void) | undefined
  readonly failed: (error: OutboundError) => void
  readonly what: string
  correlationId: number
}

export class OutboundConnection {
  private readonly reader = new FrameReader(FRAME_BYTES_MAX)
  private readonly inFlight: Waiting[] = []
  private readonly queue: Waiting[] = []
  private correlationId = 0
  private answers = 0
  private firstByte: number | undefined
  private heldUntilMs = 0
  private holds = 0
  private timer: Timer | undefined
  private timerDueMs = Infinity
  private release: Timer | undefined
  private lingering: Timer | undefined
  private failure: OutboundError | undefined
  private drained: (() => void)[] = []

  constructor(
    private readonly connection: Connection,
    private readonly options: OutboundConnectionOptions,
  ) {
    connection.attach({
      onData: (chunk) => this.onData(chunk),
      onDrain: () => {},
      onClose: (error) => {
        this.lingering?.cancel()
        this.fail(new OutboundError('disconnected', `${options.peer} closed the connection${this.hint()}`, error))
      },
    })
  }

  get isOpen(): boolean {
    return this.failure === undefined
  }

  /** Whether it has answered more than what it is asked for when a connection is made. */
  get hasServed(): boolean {
    return this.answers > 1
  }

  get inFlightCount(): number {
    return this.inFlight.length + this.queue.length
  }

  /** @param urgent passes a hold: for what the hold is about */
  request<Req extends Shape, Res extends Shape>(
    api: Api<Req, Res>,
    version: number,
    body: Draft<Req>,
    timeoutMs: number,
    urgent = false,
  ): Promise<Decoded<Res>> {
    return new Promise((resolve, reject) => {
      this.enqueue(
        {
          deadlineMs: this.options.clock.monotonic() + timeoutMs,
          encode: (id) => encodeRequest(api, version, id, this.options.clientId, body),
          answered: (frame) => {
            const answer = decodeResponse(api, version, frame)
            // clients leave a throttled broker alone for as long as it says (KIP-219)
            const { throttleTimeMs } = answer as { throttleTimeMs?: number }
            if (throttleTimeMs !== undefined && throttleTimeMs > 0) this.throttle(throttleTimeMs)
            resolve(answer)
          },
          written: undefined,
          failed: reject,
          what: api.name,
          correlationId: -1,
        },
        urgent,
      )
    })
  }

  /** For requests that are not answered (Produce with acks=0): resolves when the bytes are handed to the system. */
  post<Req extends Shape>(api: Api<Req>, version: number, body: Draft<Req>, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.enqueue({
        deadlineMs: this.options.clock.monotonic() + timeoutMs,
        encode: (id) => encodeRequest(api, version, id, this.options.clientId, body),
        answered: undefined,
        written: resolve,
        failed: reject,
        what: api.name,
        correlationId: -1,
      })
    })
  }

  /** Runs `task` while nothing else is under way and no other request leaves. */
  async exclusively<T>(task: () => Promise<T>): Promise<T> {
    this.holds++
    try {
      if (this.inFlight.length > 0) await new Promise<void>((resolve) => this.drained.push(resolve))
      return await task()
    } finally {
      this.holds--
      this.pump()
    }
  }

  destroy(error: OutboundError): void {
    this.fail(error)
  }

  private enqueue(request: Waiting, urgent = false): void {
    if (this.failure) return request.failed(this.failure)
    if (urgent) this.write(request)
    else {
      this.queue.push(request)
      this.pump()
    }
    this.watch(request.deadlineMs)
  }

  private pump(): void {
    if (this.holds > 0 || this.queue.length === 0) return
    const leftMs = this.heldUntilMs - this.options.clock.monotonic()
    if (leftMs > 0) {
      this.release ??= this.options.clock.after(leftMs, () => {
        this.release = undefined
        this.pump()
      })
      return
    }
    while (this.queue.length > 0 && this.inFlight.length < this.options.maxInFlight && this.holds === 0) {
      this.write(this.queue.shift()!)
    }
  }

  private write(request: Waiting): void {
    let chunks: Buffer[]
    try {
      request.correlationId = this.correlationId
      chunks = request.encode(this.correlationId)
    } catch (error) {
      // what does not fit its layout is the caller's bug: the connection is not harmed
      request.failed(error as OutboundError)
      return
    }
    this.correlationId = this.correlationId === CORRELATION_MAX ? 0 : this.correlationId + 1
    this.connection.write(chunks)
    if (request.answered) this.inFlight.push(request)
    else request.written?.()
  }

  private onData(chunk: Buffer): void {
    this.firstByte ??= chunk[0]
    try {
      this.reader.push(chunk)
      for (let frame = this.reader.next(); frame && !this.failure; frame = this.reader.next()) this.onFrame(frame)
    } catch (error) {
      this.fail(new OutboundError('malformed', `${this.options.peer} sent what can't be read: ${String(error)}`, error))
    }
  }

  private onFrame(frame: Buffer): void {
    this.answers++
    const request = this.inFlight.shift()
    const correlationId = correlationIdOf(frame)
    if (request === undefined || request.correlationId !== correlationId) {
      const { peer } = this.options
      const failure = new OutboundError('malformed', `${peer} answered request ${correlationId}, which is not due`)
      request?.failed(failure)
      return this.fail(failure)
    }
    try {
      request.answered!(frame)
    } catch (error) {
      const failure = new OutboundError(
        'malformed',
        `${this.options.peer}'s answer to ${request.what} can't be read: ${String(error)}`,
        error,
      )
      request.failed(failure)
      return this.fail(failure)
    }
    if (this.inFlight.length === 0) for (const resolve of this.drained.splice(0)) resolve()
    this.pump()
  }

  /**
   * Brokers hang up on who speaks another protocol than the listener's: one with TLS at the first request, without a word
   * or with an alert; one with SASL at the first that is not for its versions.
   */
  private hint(): string {
    if (this.options.isKnown || this.hasServed || this.inFlight.length === 0) return ''
    if (this.answers === 1) return ' before it answered more than its versions: does this listener ask for SASL?'
    if (this.firstByte === undefined) return ' before it answered: does this listener ask for TLS?'
    return this.firstByte === TLS_ALERT ? ' with an alert of TLS: this listener asks for it' : ''
  }

  private throttle(throttleTimeMs: number): void {
    this.heldUntilMs = Math.max(this.heldUntilMs, this.options.clock.monotonic() + throttleTimeMs)
  }

  // ── time-outs: one timer, for the earliest deadline ──

  private watch(deadlineMs: number): void {
    if (deadlineMs >= this.timerDueMs || this.failure) return
    this.timer?.cancel()
    this.timerDueMs = deadlineMs
    this.timer = this.options.clock.after(deadlineMs - this.options.clock.monotonic(), () => this.onTimer())
  }

  private onTimer(): void {
    this.timerDueMs = Infinity
    const nowMs = this.options.clock.monotonic()
    let earliestMs = Infinity
    for (const list of [this.inFlight, this.queue]) {
      for (const request of list) {
        if (request.deadlineMs <= nowMs) {
          const { peer } = this.options
          const late = new OutboundError('timeout', `${peer} did not answer ${request.what} in time`)
          // the others are lost with the connection; whether this one was late or they were is all the same to them
          return this.fail(late)
        }
        earliestMs = Math.min(earliestMs, request.deadlineMs)
      }
    }
    if (earliestMs < Infinity) this.watch(earliestMs)
  }

  private fail(error: OutboundError): void {
    if (this.failure) return
    this.failure = error
    this.timer?.cancel()
    this.release?.cancel()
    if (error.kind === 'closed' && this.connection.pendingBytes > 0) this.linger()
    else this.connection.destroy()
    for (const request of this.inFlight.splice(0)) request.failed(error)
    for (const request of this.queue.splice(0)) request.failed(error)
    for (const resolve of this.drained.splice(0)) resolve()
    this.options.onClose(error)
  }

  private linger(): void {
    this.lingering = this.options.clock.after(LINGER_MS, () => this.connection.destroy())
    this.connection.end()
  }
}
