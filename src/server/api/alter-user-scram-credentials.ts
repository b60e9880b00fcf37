/** Sets and deletes SCRAM credentials of users; each user is changed or refused by itself (KIP-554). */
import { ErrorCode } from '../../protocol/errors.js'
import { alterUserScramCredentials } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const alterUserScramCredentialsHandler = handler(
  alterUserScramCredentials,
  ({ controller }: Pick<Broker, 'controller'>) =>
    async (request) => {
      const outcomes = await controller.alterScramCredentials(request)
      return {
        results: [...outcomes].map(([user, outcome]) => ({
          user,
          errorCode: outcome.errorCode,
          errorMessage: outcome.errorCode === ErrorCode.NONE ? null : outcome.errorMessage,
        })),
      }
    },
)
