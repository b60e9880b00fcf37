/**
 * OAUTHBEARER (RFC 7628, KIP-255): one message with a token. A refused token is answered with a reason, and the
 * conversation fails when the peer has acknowledged that.
 */
import {
  SaslRefusal,
  type SaslConversation,
  type SaslIdentity,
  type SaslMechanism,
  type SaslStep,
} from './sasl-server.js'
import { unescapeName } from './scram.js'

const MESSAGE = /^n,(?:a=([^,]*))?,\x01auth=(\S+)[ ]+([-_.~+/A-Za-z0-9]+=*)\x01/i

/** @param validate who the token is for; throws SaslRefusal when it is not valid */
export function oauthBearerServer(validate: (token: string) => Promise<SaslIdentity>): SaslMechanism {
  return { name: 'OAUTHBEARER', start: () => new OauthBearerConversation(validate) }
}

class OauthBearerConversation implements SaslConversation {
  private refusal: SaslRefusal | undefined

  constructor(private readonly validate: (token: string) => Promise<SaslIdentity>) {}

  async respond(token: Buffer): Promise<SaslStep> {
    if (this.refusal) throw this.refusal
    const match = MESSAGE.exec(token.toString('utf8'))
    const [, authorizationId = '', scheme = '', bearer = ''] = match ?? []
    if (!match || scheme.toLowerCase() !== 'bearer') throw new SaslRefusal("the OAUTHBEARER message can't be read")
    try {
      const identity = await this.validate(bearer)
      if (authorizationId !== '' && unescapeName(authorizationId) !== identity.user) {
        throw new SaslRefusal('the authorization id must be the one that the token is for, or be left out')
      }
      return { answer: Buffer.alloc(0), identity }
    } catch (error) {
      if (!(error instanceof SaslRefusal)) throw error
      this.refusal = error
      return { answer: Buffer.from('{"status":"invalid_token"}') }
    }
  }
}
