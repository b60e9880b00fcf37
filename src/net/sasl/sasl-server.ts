/**
 * The broker's side of SASL: a mechanism starts a conversation per authentication, and a conversation answers tokens until
 * it knows who is there, or throws `SaslRefusal`. No conversation keeps a password beyond the step that needs it.
 */

export interface SaslMechanism {
  /** As clients name it, e.g. `SCRAM-SHA-256`. */
  readonly name: string
  start(): SaslConversation
}

export interface SaslConversation {
  /** @throws SaslRefusal */
  respond(token: Buffer): SaslStep | Promise<SaslStep>
}

export interface SaslStep {
  readonly answer: Buffer
  /** Set by the last step. */
  readonly identity?: SaslIdentity
}

export interface SaslIdentity {
  readonly user: string
  /** Epoch milliseconds at which what the peer showed runs out; undefined = never. */
  readonly expiresMs?: number | undefined
}

/** The peer is not who it says, or broke the mechanism's rules. The message goes to the peer: no secret stands in it. */
export class SaslRefusal extends Error {
  override readonly name = 'SaslRefusal'
}
