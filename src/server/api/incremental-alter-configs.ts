/** Sets, deletes, appends to and subtracts from single configs of topics, brokers, groups and client metrics (KIP-339). */
import { ErrorCode } from '../../protocol/errors.js'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.js'
import type { ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import type { AlterConfigsRequest, Outcome } from '../controller/controller.js'
import { handler } from './handler.js'

export const incrementalAlterConfigsHandler = handler(
  incrementalAlterConfigs,
  ({ controller }: Pick<Broker, 'controller'>) =>
    async (request) => {
      const asked = request.resources.map(({ resourceType, resourceName, configs }) => ({
        resourceType,
        resourceName,
        replaces: false,
        changes: configs.map(({ name, value, configOperation }) => ({ name, value, operation: configOperation })),
      }))
      return resourceAnswers(asked, await controller.alterConfigs(asked, request.validateOnly))
    },
)

/** The answer of both APIs that alter configs. */
export function resourceAnswers(
  asked: readonly AlterConfigsRequest[],
  outcomes: readonly Outcome<object>[],
): ResponseOf<typeof incrementalAlterConfigs> {
  const responses = outcomes.map((outcome, i) => ({
    resourceType: asked[i]!.resourceType,
    resourceName: asked[i]!.resourceName,
    errorCode: outcome.errorCode,
    errorMessage: outcome.errorCode === ErrorCode.NONE ? null : outcome.errorMessage,
  }))
  return { responses }
}
