/** Creates access rules; each is taken or refused by itself. Without an authorizer there is nothing to rule. */
import { ErrorCode, protocolError } from '../../protocol/errors.js'
import { createAcls } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const createAclsHandler = handler(
  createAcls,
  ({ controller, authorizer }: Pick<Broker, 'controller' | 'authorizer'>) =>
    async ({ creations }) => {
      if (!authorizer) return { results: creations.map(() => securityDisabled) }
      const rules = creations.map(({ resourcePatternType, ...rule }) => ({ ...rule, patternType: resourcePatternType }))
      const outcomes = await controller.createAcls(rules)
      return {
        results: outcomes.map((outcome) => ({
          errorCode: outcome.errorCode,
          errorMessage: outcome.errorCode === ErrorCode.NONE ? null : outcome.errorMessage,
        })),
      }
    },
)

export const securityDisabled = {
  errorCode: ErrorCode.SECURITY_DISABLED,
  errorMessage: `${protocolError(ErrorCode.SECURITY_DISABLED).message} Set authorizer.class.name.`,
}
