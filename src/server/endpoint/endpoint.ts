/**
 * The listeners and every client connection. Addresses are bound first, so that a taken port is found before anything
 * else is touched; connections that come early wait until `serve`.
 */
import type { Clock, Timer } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import { listenOnLoopback, type Connection, type Listening, type Transport } from '../../net/index.js'
import { advertisedAddress, type ListenerConfig } from '../config/listeners.js'
import { connectionCounts } from '../config/rules.js'
import type { Settings } from '../config/settings.js'
import type { ListenerAddress } from '../running-broker.js'
import { noSecurity, type ListenerSecurity } from '../security/listener-security.js'
import { ClientConnection, type Arrival } from './client-connection.js'
import type { Dispatch } from './dispatch.js'

/** How long a stopping endpoint waits for answers under way and for clients to take them. */
const STOP_GRACE_MS = 500

export class Endpoint {
  private readonly listening: Listening[] = []
  private readonly connections = new Set<ClientConnection>()
  private waiting: { connection: Connection; arrival: Arrival }[] = []
  private dispatch: Dispatch | undefined
  private idleSweep: Timer | undefined
  private stopped = false
  private onEmpty = (): void => {}

  constructor(
    private readonly transport: Transport,
    private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly log: Log,
    /** @throws SettingError */
    private readonly secure: (config: ListenerConfig) => ListenerSecurity = () => noSecurity,
  ) {}

  get connectionCount(): number {
    return this.connections.size
  }

  /** @throws ListenError, SettingError; what was bound before is given back */
  async bind(listeners: readonly ListenerConfig[]): Promise<ListenerAddress[]> {
    const addresses: ListenerAddress[] = []
    try {
      for (const config of listeners) {
        const bound = await this.listen(config)
        this.listening.push(bound)
        const { name, securityProtocol } = config
        addresses.push({ name, securityProtocol, ...advertisedAddress(config, bound) })
      }
    } catch (error) {
      await this.unbind()
      throw error
    }
    return addresses
  }

  private listen(config: ListenerConfig): Promise<Listening> {
    const security = this.secure(config)
    const transport = security.transport ?? this.transport
    const onConnection = (connection: Connection): void => this.arrive(connection, config.name, security)
    return config.host === '127.0.0.1' || config.host === 'localhost'
      ? listenOnLoopback(transport, config.port, onConnection)
      : transport.listen(config.host, config.port, onConnection)
  }

  serve(dispatch: Dispatch): void {
    this.dispatch = dispatch
    const early = this.waiting
    this.waiting = []
    for (const { connection, arrival } of early) this.accept(connection, arrival)
    this.sweepIdle()
  }

  private arrive(connection: Connection, listenerName: string, security: ListenerSecurity): void {
    const principal = security.principalOf(connection)
    if (principal === undefined) {
      this.log.info(
        `refused a client at ${connection.remoteHost}: no rule of ssl.principal.mapping.rules fits its name`,
      )
      return connection.destroy()
    }
    const frameBytesMax = this.settings.int('socket.request.max.bytes')
    this.accept(connection, { listenerName, frameBytesMax, principal, authenticate: security.authenticate })
  }

  private accept(connection: Connection, arrival: Arrival): void {
    if (this.stopped) return connection.destroy()
    if (!this.dispatch) {
      this.waiting.push({ connection, arrival })
      return
    }
    if (this.isFull(connection.remoteHost)) {
      this.log.warn(
        `refused a connection of ${connection.remoteHost}: max.connections or max.connections.per.ip is reached`,
      )
      return connection.destroy()
    }
    const onClosed = (closed: ClientConnection): void => this.onClosed(closed)
    this.connections.add(new ClientConnection(connection, arrival, this.dispatch, this.clock, this.log, onClosed))
  }

  private onClosed(connection: ClientConnection): void {
    this.connections.delete(connection)
    if (this.connections.size === 0) this.onEmpty()
  }

  private isFull(host: string): boolean {
    if (this.connections.size >= this.settings.int('max.connections')) return true
    const own = connectionCounts(this.settings.string('max.connections.per.ip.overrides'))?.get(host)
    const most = own ?? this.settings.int('max.connections.per.ip')
    // counting costs something, and hardly anyone sets it
    if (this.connections.size < most) return false
    let count = 0
    for (const one of this.connections) if (one.remoteHost === host) count++
    return count >= most
  }

  /** Closes connections that were silent for connections.max.idle.ms, and comes back when the next is due. */
  private sweepIdle(): void {
    const idleMs = this.settings.long('connections.max.idle.ms')
    if (idleMs < 0) return
    const nowMs = this.clock.monotonic()
    let nextMs = idleMs
    for (const connection of this.connections) {
      if (connection.inFlight > 0) continue
      const leftMs = connection.lastActiveMs + idleMs - nowMs
      if (leftMs <= 0) connection.destroy()
      else nextMs = Math.min(nextMs, leftMs)
    }
    this.idleSweep = this.clock.after(Math.max(nextMs, 1), () => this.sweepIdle())
  }

  private async unbind(): Promise<void> {
    await Promise.all(this.listening.splice(0).map((one) => one.close()))
  }

  /** Answers what is under way, as far as it is quick, and closes every connection. */
  async stop(): Promise<void> {
    if (this.stopped) return
    this.stopped = true
    this.idleSweep?.cancel()
    await this.unbind()
    for (const { connection } of this.waiting.splice(0)) connection.destroy()
    if (this.connections.size === 0) return
    const empty = new Promise<void>((resolve) => (this.onEmpty = resolve))
    const cut = this.clock.after(STOP_GRACE_MS, () => {
      for (const connection of this.connections) connection.destroy()
    })
    for (const connection of this.connections) connection.stop()
    await empty
    cut.cancel()
  }
}
