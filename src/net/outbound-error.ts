/** Why a request to a peer has no answer. What the peer did answer, errors of the protocol included, is never one of these. */

export type OutboundErrorKind =
  /** The connection could not be made, or was lost before the answer: whether the peer did its work is not known. */
  | 'disconnected'
  /** No answer within the request's time-out; the connection was given up, since all answers come in order. */
  | 'timeout'
  /** Peer and caller share no version of the API. */
  | 'unsupportedVersion'
  /** The peer refused who we are, or we refused its certificate: waiting does not help. */
  | 'auth'
  /** The peer answered what can't be read. */
  | 'malformed'
  /** We closed it. */
  | 'closed'

export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  constructor(
    readonly kind: OutboundErrorKind,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
  }
}
