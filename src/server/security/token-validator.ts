/**
 * Which tokens OAUTHBEARER takes, as Kafka's `sasl.oauthbearer.*` settings say: signed by a key of the set that is named;
 * unsigned ones only when that is asked for, since anyone can make them.
 */
import type { Clock } from '../../base/clock.js'
import { SaslRefusal, type SaslIdentity } from '../../net/index.js'
import type { ListenerSettings } from '../config/listener-settings.js'
import { SettingError } from '../config/setting.js'
import { KeySet } from './json-web-keys.js'
import { checkSignature, parseToken, type JsonWebToken } from './json-web-token.js'
import { jaasEntry } from './plain-users.js'

const OAUTH = 'OAUTHBEARER'
const URL_SETTING = 'sasl.oauthbearer.jwks.endpoint.url'
const HANDLER_SETTING = 'sasl.server.callback.handler.class'
const UNSECURED_HANDLER = /OAuthBearerUnsecuredValidatorCallbackHandler$/

export interface ValidatorParts {
  readonly settings: ListenerSettings
  readonly clock: Clock
  readonly readFile: (path: string) => Buffer | undefined
}

/** @throws SettingError when neither keys are named nor unsigned tokens asked for */
export function tokenValidator({
  settings,
  clock,
  readFile,
}: ValidatorParts): (token: string) => Promise<SaslIdentity> {
  const url = settings.text(URL_SETTING, OAUTH)
  if (url !== undefined && url !== '') {
    if (!/^(file|https?):/.test(url)) {
      throw new SettingError(`Invalid value '${url}' for ${URL_SETTING}: it must be a file:, http: or https: URL`)
    }
    const refreshMs = (): number => settings.number('sasl.oauthbearer.jwks.endpoint.refresh.ms', OAUTH)
    const keys = new KeySet({ url, clock, refreshMs, readFile })
    return async (text) => {
      const token = parseToken(text)
      checkSignature(token, await keys.find(token.keyId))
      return identityIn(token, settings, clock)
    }
  }
  if (!wantsUnsecured(settings)) {
    throw new SettingError(
      `listener ${settings.listener} offers OAUTHBEARER, and has no keys to check tokens: set ${URL_SETTING}, or, for ` +
        `tests, ${settings.nameOf(HANDLER_SETTING, OAUTH)} to ` +
        'org.apache.kafka.common.security.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler',
    )
  }
  return async (text) => {
    const token = parseToken(text)
    if (token.algorithm !== 'none' || token.signature.length > 0) {
      throw new SaslRefusal('only unsigned tokens are taken here')
    }
    return identityIn(token, settings, clock)
  }
}

/** By the handler's class, or by an option of the login module that only it knows. */
function wantsUnsecured(settings: ListenerSettings): boolean {
  if (UNSECURED_HANDLER.test(settings.text(HANDLER_SETTING, OAUTH) ?? '')) return true
  const options = jaasEntry(settings, OAUTH)?.options.keys() ?? []
  return [...options].some((name) => name.startsWith('unsecuredValidator'))
}

function identityIn({ claims }: JsonWebToken, settings: ListenerSettings, clock: Clock): SaslIdentity {
  const skewMs = settings.number('sasl.oauthbearer.clock.skew.seconds', OAUTH) * 1000
  const nowMs = clock.now()
  const user = claims[settings.text('sasl.oauthbearer.sub.claim.name', OAUTH) ?? 'sub']
  const { exp, nbf, iat, iss, aud } = claims
  if (typeof user !== 'string' || user === '') throw new SaslRefusal('the token does not say who it is for')
  if (typeof exp !== 'number') throw new SaslRefusal('the token does not say when it expires')
  if (exp * 1000 + skewMs <= nowMs) throw new SaslRefusal('the token has expired')
  for (const since of [nbf, iat]) {
    if (typeof since === 'number' && since * 1000 - skewMs > nowMs) throw new SaslRefusal('the token is not valid yet')
  }
  const issuer = settings.text('sasl.oauthbearer.expected.issuer', OAUTH)
  if (issuer !== undefined && iss !== issuer) throw new SaslRefusal('the token is of another issuer')
  const audiences = settings.list('sasl.oauthbearer.expected.audience').filter((one) => one !== '')
  const given = Array.isArray(aud) ? aud : [aud]
  if (audiences.length > 0 && !audiences.some((one) => given.includes(one))) {
    throw new SaslRefusal('the token is for another audience')
  }
  return { user, expiresMs: exp * 1000 }
}
