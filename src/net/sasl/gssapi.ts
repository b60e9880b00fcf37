/**
 * SASL GSSAPI, Kerberos (RFC 4752): tokens go to and fro until the context stands; then the broker offers security layers and
 * none is taken, as in Kafka, where TLS protects what follows. GSS-API itself is somebody else's: `kerberos.ts` has the usual
 * one.
 */
import { OutboundError } from '../outbound-error.js'

/** A security context of GSS-API, on the side that begins. */
export interface GssapiContext {
  /** Takes the broker's token, none at first, and gives what it is to be sent; empty when there is nothing to say. */
  step(token: Buffer | undefined): Promise<Buffer>
  /** The context stands. */
  readonly isComplete: boolean
  /** What a message of the broker's says, its integrity checked. */
  unwrap(message: Buffer): Promise<Buffer>
  /** A message with its integrity protected, not encrypted. */
  wrap(message: Buffer): Promise<Buffer>
}

/** Whom a context is made for. */
export interface GssapiService {
  readonly serviceName: string
  readonly host: string
  /** undefined: whoever the credentials at hand are of. */
  readonly principal: string | undefined
}

const NO_LAYER = 1
const OFFER_BYTES = 4
const STEPS_MAX = 10

/** @throws OutboundError 'auth' when the broker insists on a layer, or does not know an end */
export async function gssapi(context: GssapiContext, exchange: (message: Buffer) => Promise<Buffer>): Promise<void> {
  let answer = await exchange(await context.step(undefined))
  for (let steps = 0; !context.isComplete; steps++) {
    if (steps === STEPS_MAX) throw new OutboundError('auth', `no context after ${STEPS_MAX} steps`)
    answer = await exchange(await context.step(answer))
  }
  const offer = await context.unwrap(answer)
  if (offer.length !== OFFER_BYTES) {
    throw new OutboundError(
      'auth',
      `the broker's offer of security layers has ${offer.length} bytes, not ${OFFER_BYTES}`,
    )
  }
  if ((offer[0]! & NO_LAYER) === 0) {
    throw new OutboundError('auth', 'the broker insists on a security layer of its own; Kafka has none')
  }
  // no layer, hence no size of its messages; as whom: as who the context is
  await exchange(await context.wrap(Buffer.from([NO_LAYER, 0, 0, 0])))
}
