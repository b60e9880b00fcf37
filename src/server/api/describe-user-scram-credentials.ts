/** Mechanisms and iterations of users' SCRAM credentials, never what proofs are checked against (KIP-554). */
import { ErrorCode } from '../../protocol/errors.js'
import { describeUserScramCredentials } from '../../protocol/messages/index.js'
import type { ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

type UserAnswer = ResponseOf<typeof describeUserScramCredentials>['results'][number]

export const describeUserScramCredentialsHandler = handler(
  describeUserScramCredentials,
  ({ cluster: { scram } }: Pick<Broker, 'cluster'>) =>
    ({ users }) => {
      const all = users === null || users.length === 0
      const names = all ? [...scram.users()] : users.map(({ name }) => name)
      const describe = (user: string): UserAnswer => {
        const failed = (errorCode: ErrorCode, errorMessage: string): UserAnswer => ({
          user,
          errorCode,
          errorMessage,
          credentialInfos: [],
        })
        if (names.indexOf(user) !== names.lastIndexOf(user)) {
          return failed(ErrorCode.DUPLICATE_RESOURCE, 'the user is named twice in the request')
        }
        const own = scram.of(user)
        if (own.size === 0) return failed(ErrorCode.RESOURCE_NOT_FOUND, 'the user has no SCRAM credentials')
        const credentialInfos = [...own].map(([mechanism, { iterations }]) => ({ mechanism, iterations }))
        return { user, errorCode: ErrorCode.NONE, errorMessage: '', credentialInfos }
      }
      return { errorCode: ErrorCode.NONE, errorMessage: '', results: [...new Set(names)].map(describe) }
    },
)
