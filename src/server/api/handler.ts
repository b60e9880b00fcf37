/**
 * A handler answers one API. It is a function of the parts that it needs and gives the function that answers requests:
 *
 *   export const heartbeatHandler = handler(heartbeat, ({ groups }: Pick<Broker, 'groups'>) => groups.heartbeat)
 *
 * Requests of one connection start in order, and are answered in order by the endpoint, whatever time each takes.
 */
import type { Api, RequestOf, ResponseOf, VersionRange } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import type { SaslSession } from '../security/sasl-session.js'

export interface RequestContext {
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly connectionId: string
  /** Where the peer is, e.g. `127.0.0.1`. */
  readonly clientHost: string
  readonly clientPort: number
  /** The listener that it came in by, e.g. `PLAINTEXT`. */
  readonly listenerName: string
  /** `User:ANONYMOUS` before authentication. */
  readonly principal: string
  /** The connection's authentication, where the listener asks for SASL. */
  readonly session?: SaslSession | undefined
  /** Aborted when the connection is gone: nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/** An answer that is not sent: Produce with acks=0 answers nothing, and closes the connection on an error. */
export const noAnswer = Symbol('no answer')
export const closeConnection = Symbol('close connection')

export type Answer<A> = ResponseOf<A> | typeof noAnswer | typeof closeConnection

export type Handle<A> = (request: RequestOf<A>, context: RequestContext) => Answer<A> | Promise<Answer<A>>

export interface Handler {
  readonly api: Api
  readonly create: (broker: Broker) => Handle<Api>
}

export function handler<A extends Pick<Api, 'key' | 'name' | 'versions'>, Parts extends Partial<Broker>>(
  api: A,
  create: (parts: Broker extends Parts ? Parts : never) => Handle<A>,
  /** The versions that are served, where the layout has others that Kafka holds back as unstable. */
  versions: VersionRange = api.versions,
): Handler {
  return { api: { ...(api as unknown as Api), versions }, create: create as unknown as Handler['create'] }
}
