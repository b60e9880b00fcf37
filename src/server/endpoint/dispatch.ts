/**
 * From a request's frame to its answer's frame, for every API that is served. What can't be read, and what is not served,
 * ends the connection, as Kafka does; a handler that fails unexpectedly is answered with UNKNOWN_SERVER_ERROR.
 */
import { MalformedError, Reader } from '../../base/bytes.js'
import type { Log } from '../../base/log.js'
import { encodeResponse, readRequestHeader, type RequestHeader } from '../../protocol/header.js'
import { ErrorCode } from '../../protocol/errors.js'
import * as messages from '../../protocol/messages/index.js'
import type { Api, RequestOf } from '../../protocol/schema/index.js'
import { errorAnswer } from '../api/error-answer.js'
import {
  closeConnection,
  noAnswer,
  type Answer,
  type Handle,
  type Handler,
  type RequestContext,
} from '../api/handler.js'
import type { Broker } from '../broker.js'

/** The request can't be served, and nothing that follows it on its connection. */
export class RefusedRequest extends Error {
  override readonly name = 'RefusedRequest'
}

export interface Peer extends Pick<
  RequestContext,
  'connectionId' | 'clientHost' | 'clientPort' | 'listenerName' | 'principal' | 'session' | 'signal'
> {}

/** A request as read, on its way to its handler. */
export interface Call {
  readonly api: Api
  readonly request: RequestOf<Api>
  readonly context: RequestContext
}

export type Perform = (call: Call) => Answer<Api> | Promise<Answer<Api>>

interface Served {
  readonly api: Api
  readonly handle: Handle<Api>
}

export class Dispatch {
  private readonly served = new Map<number, Served>()
  private readonly perform: Perform

  /** @param around what stands between the endpoint and the handlers: metrics, faults */
  constructor(
    handlers: readonly Handler[],
    broker: Broker,
    private readonly log: Log,
    around: (perform: Perform) => Perform = (perform) => perform,
  ) {
    for (const { api, create } of handlers) this.served.set(api.key, { api, handle: create(broker) })
    this.perform = around((call) => this.served.get(call.api.key)!.handle(call.request, call.context))
  }

  /**
   * Starts the request; what it gives is the answer's frame, or what happens instead of one.
   *
   * @throws RefusedRequest
   */
  start(frame: Buffer, peer: Peer): Outcome | Promise<Outcome> {
    const reader = new Reader(frame)
    const header = this.readHeader(reader)
    const outOfTurn = peer.session?.outOfTurn(header.apiKey, header.apiVersion)
    if (outOfTurn?.isAnswered === false) {
      throw new RefusedRequest(`it asks for API key ${header.apiKey}, and ${outOfTurn.why}`)
    }
    const served = this.served.get(header.apiKey)
    if (!served) throw new RefusedRequest(`API key ${header.apiKey} is not served`)
    const [lowest, highest] = served.api.versions
    if (header.apiVersion < lowest || header.apiVersion > highest) return this.unsupported(header, served.api)
    const request = this.readBody(reader, served.api, header.apiVersion)
    const { apiVersion, correlationId, clientId } = header
    if (outOfTurn) {
      const answer = errorAnswer(served.api, request, apiVersion, ErrorCode.ILLEGAL_SASL_STATE)
      return encodeResponse(served.api, apiVersion, correlationId, answer)
    }
    const call = { api: served.api, request, context: { ...peer, apiVersion, correlationId, clientId } }
    return this.run(call)
  }

  private readHeader(reader: Reader): RequestHeader {
    try {
      return readRequestHeader(reader)
    } catch (error) {
      throw refusal(error, 'request header')
    }
  }

  private readBody(reader: Reader, api: Api, version: number): RequestOf<Api> {
    try {
      return api.request.read(reader, version)
    } catch (error) {
      throw refusal(error, `${api.name} v${version}`)
    }
  }

  /** A client that speaks newer versions learns ours, in the one form that all read (KIP-511). */
  private unsupported(header: RequestHeader, api: Api): Outcome {
    if (api.key !== messages.apiVersions.key) {
      throw new RefusedRequest(`${api.name} v${header.apiVersion} is not served`)
    }
    const [minVersion, maxVersion] = api.versions
    const body = { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys: [{ apiKey: api.key, minVersion, maxVersion }] }
    return encodeResponse(api, 0, header.correlationId, body)
  }

  private run(call: Call): Outcome | Promise<Outcome> {
    let answer: Answer<Api> | Promise<Answer<Api>>
    try {
      answer = this.perform(call)
    } catch (error) {
      return this.failed(call, error)
    }
    if (!(answer instanceof Promise)) return this.encode(call, answer)
    return answer.then(
      (value) => this.encode(call, value),
      (error: unknown) => this.failed(call, error),
    )
  }

  private encode(call: Call, answer: Answer<Api>): Outcome {
    if (answer === noAnswer || answer === closeConnection) return answer
    try {
      return encodeResponse(call.api, call.context.apiVersion, call.context.correlationId, answer)
    } catch (error) {
      return this.failed(call, error)
    }
  }

  private failed(call: Call, error: unknown): Outcome {
    const { api, request, context } = call
    if (context.signal.aborted) return closeConnection
    const what = `${api.name} v${context.apiVersion}`
    this.log.error(`${what} of client ${context.clientId ?? '(unnamed)'} failed unexpectedly`, { error })
    try {
      const answer = errorAnswer(api, request, context.apiVersion, ErrorCode.UNKNOWN_SERVER_ERROR)
      return encodeResponse(api, context.apiVersion, context.correlationId, answer)
    } catch (second) {
      this.log.error(`no error answer could be made for ${what}`, { error: second })
      return closeConnection
    }
  }
}

/** The answer's frame in chunks, size and header included. */
export type Outcome = readonly Buffer[] | typeof noAnswer | typeof closeConnection

function refusal(error: unknown, what: string): unknown {
  return error instanceof MalformedError ? new RefusedRequest(`${what} can't be read: ${error.message}`) : error
}
