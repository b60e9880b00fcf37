/**
 * A peer that we send requests to: connects when there is something to send, tells which versions both sides speak,
 * authenticates, and connects anew when the connection is lost, waiting longer each time. Requests are never repeated
 * here: one that is lost fails, and its sender knows whether it may be sent again.
 */
import { sleep, type Clock, type Timer } from '../base/clock.js'
import { lifetime } from '../base/lifetime.js'
import type { Log } from '../base/log.js'
import type { Random } from '../base/random.js'
import {
  ErrorCode,
  errorName,
  messages,
  protocolError,
  type Api,
  type Decoded,
  type Draft,
  type Shape,
} from '../protocol/index.js'
import { OutboundConnection } from './outbound-connection.js'
import { OutboundError } from './outbound-error.js'
import { authenticate, type OutboundSaslOptions } from './outbound-sasl.js'
import type { Transport } from './transport.js'

export interface OutboundOptions {
  readonly transport: Pick<Transport, 'connect'>
  readonly clientId: string
  readonly software: { readonly name: string; readonly version: string }
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly requestTimeoutMs: number
  /** For the connection with all that precedes the first request. */
  readonly connectTimeoutMs: number
  /** Default 50 (`reconnect.backoff.ms`). */
  readonly reconnectBackOffMs?: number | undefined
  /** Default 1,000 (`reconnect.backoff.max.ms`). */
  readonly reconnectBackOffMaxMs?: number | undefined
  /** Default 100. */
  readonly maxInFlight?: number | undefined
  readonly sasl?: OutboundSaslOptions | undefined
}

export interface RequestOptions {
  /** Default the peer's `requestTimeoutMs`. */
  readonly timeoutMs?: number | undefined
  /** Takes no later version than this. */
  readonly maxVersion?: number | undefined
}

/** A request's fields, or how to make them for the version that is chosen. */
export type Body<Req extends Shape> = Draft<Req> | ((version: number) => Draft<Req>)

/** What a peer told of itself when the connection was made. */
export interface PeerVersions {
  readonly ranges: ReadonlyMap<number, readonly [lowest: number, highest: number]>
  /** Finalised feature levels, e.g. `transaction.version`. */
  readonly features: ReadonlyMap<string, number>
}

/** Of the lifetime that the broker gives a session, when we authenticate again (KIP-368). */
const REAUTHENTICATE_AT = 0.85

export class OutboundPeer {
  private connection: OutboundConnection | undefined
  private connecting: Promise<OutboundConnection> | undefined
  private known: PeerVersions | undefined
  private failures = 0
  private retryAtMs = 0
  private renewal: Timer | undefined
  /** On a connection before this one, requests were answered. */
  private hasServed = false
  private closed = false
  private readonly closing = lifetime()

  constructor(
    readonly host: string,
    readonly port: number,
    private readonly options: OutboundOptions,
  ) {}

  get address(): string {
    return this.host.includes(':') ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`
  }

  get isConnected(): boolean {
    return this.connection?.isOpen === true
  }

  /** Known once a connection stood. */
  get versions(): PeerVersions | undefined {
    return this.known
  }

  /** The latest version that both sides know. @throws OutboundError 'unsupportedVersion' */
  version(api: Api, maxVersion = Infinity): number {
    const [lowest, highest] = this.known?.ranges.get(api.key) ?? [0, -1]
    const version = Math.min(highest, api.versions[1], maxVersion)
    if (version < lowest || version < api.versions[0]) {
      const served = highest < 0 ? 'does not serve it' : `serves versions ${lowest} to ${highest}`
      throw new OutboundError('unsupportedVersion', `${api.name}: ${this.address} ${served}`)
    }
    return version
  }

  /** Resolves when the connection stands. A connection that failed lately is waited for before it is tried again. */
  async ready(): Promise<void> {
    if (!this.isConnected) await this.open()
  }

  /** @throws OutboundError */
  async send<Req extends Shape, Res extends Shape>(
    api: Api<Req, Res>,
    body: Body<Req>,
    options: RequestOptions = {},
  ): Promise<Decoded<Res>> {
    const connection = this.isConnected ? this.connection! : await this.open()
    const version = this.version(api as unknown as Api, options.maxVersion)
    const draft = typeof body === 'function' ? body(version) : body
    return connection.request(api, version, draft, options.timeoutMs ?? this.options.requestTimeoutMs)
  }

  /** For a request that is not answered; resolves when it is on its way. */
  async post<Req extends Shape>(api: Api<Req>, body: Body<Req>, options: RequestOptions = {}): Promise<void> {
    const connection = this.isConnected ? this.connection! : await this.open()
    const version = this.version(api as unknown as Api, options.maxVersion)
    const draft = typeof body === 'function' ? body(version) : body
    return connection.post(api, version, draft, options.timeoutMs ?? this.options.requestTimeoutMs)
  }

  /** Now; what is under way fails. */
  close(): void {
    if (this.closed) return
    this.closed = true
    const error = new OutboundError('closed', `the connection to ${this.address} was closed`)
    this.closing.abort(error)
    this.connection?.destroy(error)
    this.renewal?.cancel()
  }

  // ── connecting ──

  private open(): Promise<OutboundConnection> {
    if (this.closed) return Promise.reject(this.closing.signal.reason as Error)
    this.connecting ??= this.connect().finally(() => (this.connecting = undefined))
    return this.connecting
  }

  private async connect(): Promise<OutboundConnection> {
    const { clock } = this.options
    const waitMs = this.retryAtMs - clock.monotonic()
    if (waitMs > 0) await sleep(clock, waitMs, this.closing.signal)
    try {
      const connection = await this.handshake()
      this.connection = connection
      this.failures = 0
      return connection
    } catch (error) {
      this.retryAtMs = clock.monotonic() + this.backOffMs(this.failures++)
      if (error instanceof OutboundError) throw error
      const reason = error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code : String(error)
      throw new OutboundError('disconnected', `can't connect to ${this.address}: ${reason}`, error)
    }
  }

  private backOffMs(failures: number): number {
    const { reconnectBackOffMs = 50, reconnectBackOffMaxMs = 1_000, random } = this.options
    const plainMs = Math.min(reconnectBackOffMs * 2 ** failures, reconnectBackOffMaxMs)
    return plainMs * (0.8 + 0.4 * random.next())
  }

  private async handshake(): Promise<OutboundConnection> {
    const { clock, clientId, connectTimeoutMs, transport } = this.options
    const untilMs = clock.monotonic() + connectTimeoutMs
    const connecting = transport.connect(this.host, this.port)
    const socket = await this.within(connecting, connectTimeoutMs, () =>
      connecting.then(
        (late) => late.destroy(),
        () => {},
      ),
    )
    const connection: OutboundConnection = new OutboundConnection(socket, {
      peer: this.address,
      clientId,
      clock,
      maxInFlight: this.options.maxInFlight ?? 100,
      isKnown: this.hasServed,
      onClose: (error) => this.onClose(connection, error),
    })
    if (this.closed) {
      connection.destroy(this.closing.signal.reason as OutboundError)
      throw this.closing.signal.reason as Error
    }
    const abort = (): void => connection.destroy(this.closing.signal.reason as OutboundError)
    this.closing.signal.addEventListener('abort', abort, { once: true })
    try {
      this.known = await this.askVersions(connection, untilMs)
      if (this.options.sasl) await this.logIn(connection, () => untilMs - clock.monotonic())
    } catch (error) {
      connection.destroy(new OutboundError('disconnected', `${this.address} is not usable: ${String(error)}`, error))
      throw error
    } finally {
      this.closing.signal.removeEventListener('abort', abort)
    }
    return connection
  }

  private onClose(connection: OutboundConnection, error: OutboundError): void {
    this.hasServed ||= connection.hasServed
    if (this.connection !== connection) return
    this.connection = undefined
    this.renewal?.cancel()
    this.retryAtMs = this.options.clock.monotonic() + this.backOffMs(0)
    if (!this.closed) this.options.log.debug(`lost the connection to ${this.address}`, { error: error.message })
  }

  private async askVersions(connection: OutboundConnection, untilMs: number): Promise<PeerVersions> {
    const { clock, software } = this.options
    const api = messages.apiVersions
    const ask = (version: number): Promise<Decoded<typeof api.response.shape>> => {
      const body = version < 3 ? {} : { clientSoftwareName: software.name, clientSoftwareVersion: software.version }
      return connection.request(api, version, body as never, Math.max(untilMs - clock.monotonic(), 1), true)
    }
    let answer = await ask(api.versions[1])
    if (answer.errorCode === ErrorCode.UNSUPPORTED_VERSION) {
      const theirs = answer.apiKeys.find(({ apiKey }) => apiKey === api.key)
      answer = await ask(Math.min(theirs?.maxVersion ?? 0, api.versions[1]))
    }
    if (answer.errorCode !== ErrorCode.NONE) {
      throw new OutboundError(
        'disconnected',
        `${this.address} does not tell its versions: ${errorName(answer.errorCode)}`,
      )
    }
    return {
      ranges: new Map(answer.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]])),
      features: new Map(answer.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel])),
    }
  }

  private async logIn(connection: OutboundConnection, leftMs: () => number): Promise<void> {
    const { clock, random, sasl } = this.options
    const { saslHandshake, saslAuthenticate } = messages
    const ask = <Req extends Shape, Res extends Shape>(api: Api<Req, Res>, body: Draft<Req>): Promise<Decoded<Res>> => {
      const version = this.version(api as unknown as Api)
      return connection.request(api, version, body, Math.max(leftMs(), 1), true)
    }
    const shaken = await ask(saslHandshake, { mechanism: sasl!.mechanism })
    if (shaken.errorCode !== ErrorCode.NONE) {
      const offered = shaken.mechanisms.join(', ') || 'none'
      throw new OutboundError('auth', `${this.address} does not take SASL ${sasl!.mechanism}; it offers ${offered}`)
    }
    let lifetimeMs = 0
    await authenticate(
      sasl!,
      async (message) => {
        const answer = await ask(saslAuthenticate, { authBytes: message })
        if (answer.errorCode !== ErrorCode.NONE) {
          const words = answer.errorMessage ?? protocolError(answer.errorCode).message
          throw new OutboundError('auth', `${this.address}: ${words} (${errorName(answer.errorCode)})`)
        }
        lifetimeMs = answer.sessionLifetimeMs
        return answer.authBytes
      },
      random,
      { host: this.host, port: this.port },
    )
    if (lifetimeMs > 0) {
      this.renewal?.cancel()
      this.renewal = clock.after(lifetimeMs * REAUTHENTICATE_AT, () => void this.logInAgain(connection))
    }
  }

  private async logInAgain(connection: OutboundConnection): Promise<void> {
    if (!connection.isOpen) return
    const { clock, connectTimeoutMs } = this.options
    try {
      await connection.exclusively(() => {
        const untilMs = clock.monotonic() + connectTimeoutMs
        return this.logIn(connection, () => untilMs - clock.monotonic())
      })
    } catch (error) {
      connection.destroy(
        new OutboundError('auth', `${this.address} did not renew the session: ${String(error)}`, error),
      )
    }
  }

  /** Rejects when the peer is closed, or the time is over; `late` then deals with what comes of the work. */
  private within<T>(work: Promise<T>, ms: number, late: () => void): Promise<T> {
    const { signal } = this.closing
    return new Promise<T>((resolve, reject) => {
      const settle = (end: () => void): void => {
        timer.cancel()
        signal.removeEventListener('abort', onAbort)
        end()
      }
      const giveUp = (error: Error): void => {
        settle(() => reject(error))
        late()
      }
      const onAbort = (): void => giveUp(signal.reason as Error)
      const timer = this.options.clock.after(ms, () =>
        giveUp(new OutboundError('timeout', `${this.address} did not take the connection within ${ms} ms`)),
      )
      signal.addEventListener('abort', onAbort, { once: true })
      work.then(
        (value) => settle(() => resolve(value)),
        (error: unknown) => settle(() => reject(error as Error)),
      )
    })
  }
}
