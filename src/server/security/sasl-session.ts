/**
 * One connection's authentication by SASL, and again when its session runs out (KIP-152, KIP-368).
 *
 *   handshake ──SaslHandshake──▶ exchange ──last token──▶ authenticated ──SaslHandshake──▶ exchange ──▶ …
 *       └──────────────────────────┴── refused, after a delay ──▶ failed: the connection ends
 *
 * Until it is authenticated, a connection may ask for ApiVersions, once, and the requests of SASL only, in their order, one
 * at a time, each in a small frame. Nothing that the peer sends is logged.
 */
import { sleep, type Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import { framePrefix, SaslRefusal, type SaslConversation, type SaslMechanism, type SaslStep } from '../../net/index.js'
import { ErrorCode } from '../../protocol/errors.js'
import { apiVersions, saslAuthenticate, saslHandshake } from '../../protocol/messages/index.js'
import type { ResponseOf } from '../../protocol/schema/index.js'
import { userPrincipal } from './principal.js'

/** What a listener asks of those who authenticate. */
export interface SaslRules {
  readonly clock: Clock
  readonly log: Log
  /** Mechanisms enabled now, in order. */
  mechanisms(): readonly string[]
  mechanism(name: string): SaslMechanism | undefined
  /** How long a session may last before it must be renewed; undefined: as long as the connection. */
  sessionMaxMs(mechanism: string): number | undefined
  /** How long a refusal is kept back. */
  failureDelayMs(): number
  /** Turns away a user whose credentials are right: for tests of clients. */
  turnsAway(user: string): boolean
  /** Largest frame before authentication. */
  frameBytesMax(mechanism?: string): number
}

/** A request comes when it may not: the connection ends, sometimes after an answer that says so. */
export interface OutOfTurn {
  readonly why: string
  readonly isAnswered: boolean
}

type State = 'handshake' | 'exchange' | 'authenticated' | 'failed'

/** A client may renew its session once in this time. */
const RENEWAL_MS_MIN = 1000

export class SaslSession {
  private state: State = 'handshake'
  private mechanism = ''
  private hasVersions = false
  private conversation: SaslConversation | undefined
  /** Tokens come bare, as after SaslHandshake v0. */
  private bare = false
  /** undefined: never authenticated so far. */
  private principal: string | undefined
  private mechanismBefore = ''
  private expiresMs = Infinity
  private renewedMs = -Infinity

  constructor(
    private readonly rules: SaslRules,
    private readonly host: string,
    private readonly signal: AbortSignal,
    private readonly onAuthenticated: (principal: string) => void,
  ) {}

  /** Requests of every kind are served, as far as the session lasts. */
  get isAuthenticated(): boolean {
    return this.principal !== undefined && this.state !== 'failed'
  }

  /** The connection is to be ended, once what is due has been sent. */
  get isFailed(): boolean {
    return this.state === 'failed'
  }

  get frameBytesMax(): number {
    return this.rules.frameBytesMax(this.mechanism === '' ? undefined : this.mechanism)
  }

  /** The next frame is a token and no request. */
  get takesBareToken(): boolean {
    return this.bare && this.state === 'exchange'
  }

  /** Looks at a request before it is read; undefined: it is in turn. */
  outOfTurn(apiKey: number, apiVersion: number): OutOfTurn | undefined {
    switch (this.state) {
      case 'handshake':
        if (apiKey === saslHandshake.key || (apiKey === apiVersions.key && !this.hasVersions)) {
          const [lowest, highest] = apiVersions.versions
          this.hasVersions ||= apiKey === apiVersions.key && apiVersion >= lowest && apiVersion <= highest
          return undefined
        }
        return { why: 'it has not authenticated', isAnswered: false }
      case 'exchange':
        if (apiKey === saslAuthenticate.key && !this.bare) return undefined
        this.state = 'failed'
        return { why: 'it is about to authenticate', isAnswered: true }
      case 'authenticated':
        if (apiKey === saslHandshake.key || apiKey === saslAuthenticate.key) return undefined
        if (this.rules.clock.monotonic() <= this.expiresMs) return undefined
        return { why: 'its session has run out', isAnswered: false }
      case 'failed':
        return { why: 'it could not authenticate', isAnswered: false }
    }
  }

  async handshake(name: string, apiVersion: number): Promise<ResponseOf<typeof saslHandshake>> {
    const mechanisms = this.rules.mechanisms()
    const nowMs = this.rules.clock.monotonic()
    const renews = this.state === 'authenticated'
    if (renews && nowMs - this.renewedMs < RENEWAL_MS_MIN) {
      return { errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms: [] }
    }
    const mechanism = mechanisms.includes(name) ? this.rules.mechanism(name) : undefined
    if (!mechanism) {
      await this.fail(`${printable(name)} is none of the enabled mechanisms ${mechanisms.join(', ')}`)
      return { errorCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM, mechanisms: [...mechanisms] }
    }
    this.renewedMs = renews ? nowMs : this.renewedMs
    this.mechanism = name
    this.bare = apiVersion === 0
    this.conversation = mechanism.start()
    this.state = 'exchange'
    return { errorCode: ErrorCode.NONE, mechanisms: [...mechanisms] }
  }

  async authenticate(token: Buffer): Promise<ResponseOf<typeof saslAuthenticate>> {
    const none = Buffer.alloc(0)
    if (this.state !== 'exchange') {
      const errorMessage = 'the client is authenticated already'
      return { errorCode: ErrorCode.ILLEGAL_SASL_STATE, errorMessage, authBytes: none }
    }
    try {
      const { answer, lifetimeMs } = await this.step(token)
      return { errorCode: ErrorCode.NONE, errorMessage: '', authBytes: answer, sessionLifetimeMs: lifetimeMs }
    } catch (error) {
      const errorMessage = await this.refused(error)
      return { errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED, errorMessage, authBytes: none }
    }
  }

  /** The answer's frame; undefined: the connection is to be closed. */
  async bareToken(token: Buffer): Promise<readonly Buffer[] | undefined> {
    try {
      const { answer } = await this.step(token)
      return [framePrefix([answer]), answer]
    } catch (error) {
      await this.refused(error)
      return undefined
    }
  }

  private async step(token: Buffer): Promise<{ answer: Buffer; lifetimeMs: number }> {
    const step = await this.conversation!.respond(token)
    return { answer: step.answer, lifetimeMs: step.identity ? this.accept(step.identity) : 0 }
  }

  /** Gives how long the session lasts in ms, 0 = without end. */
  private accept(identity: NonNullable<SaslStep['identity']>): number {
    const principal = userPrincipal(identity.user)
    if (this.rules.turnsAway(identity.user)) throw new SaslRefusal('authentication failed: a fault was asked for')
    if (this.principal !== undefined && (principal !== this.principal || this.mechanism !== this.mechanismBefore)) {
      throw new SaslRefusal('a session must be renewed by the same principal and mechanism')
    }
    const { clock } = this.rules
    const { expiresMs = Infinity } = identity
    const max = this.rules.sessionMaxMs(this.mechanism) ?? Infinity
    const lifetimeMs = Math.max(0, Math.min(max, expiresMs - clock.now()))
    this.expiresMs = clock.monotonic() + lifetimeMs
    this.principal = principal
    this.mechanismBefore = this.mechanism
    this.conversation = undefined
    this.state = 'authenticated'
    this.onAuthenticated(principal)
    return Number.isFinite(lifetimeMs) ? Math.round(lifetimeMs) : 0
  }

  private async refused(error: unknown): Promise<string> {
    const known = error instanceof SaslRefusal
    if (!known) this.rules.log.error(`SASL ${this.mechanism} failed unexpectedly`, { error })
    const words = known ? error.message : 'authentication failed unexpectedly'
    await this.fail(`SASL ${this.mechanism}: ${words}`)
    return words
  }

  private async fail(why: string): Promise<void> {
    this.state = 'failed'
    this.conversation = undefined
    this.rules.log.info(`a client at ${this.host} failed to authenticate: ${why}`)
    await sleep(this.rules.clock, this.rules.failureDelayMs(), this.signal).catch(() => {})
  }
}

/** What a stranger sent, fit for a line of the log. */
const printable = (text: string): string => JSON.stringify(text.slice(0, 40))
