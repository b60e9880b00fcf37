/** Replaces all configs of resources: what is not named goes back to its default. Superseded by IncrementalAlterConfigs. */
import { alterConfigs } from '../../protocol/messages/alter-configs.js'
import type { Broker } from '../broker.js'
import { ConfigOperation } from '../controller/alter-configs.js'
import { handler } from './handler.js'
import { resourceAnswers } from './incremental-alter-configs.js'

export const alterConfigsHandler = handler(
  alterConfigs,
  ({ controller }: Pick<Broker, 'controller'>) =>
    async (request) => {
      const asked = request.resources.map(({ resourceType, resourceName, configs }) => ({
        resourceType,
        resourceName,
        replaces: true,
        changes: configs.map(({ name, value }) => ({ name, value, operation: ConfigOperation.set })),
      }))
      return resourceAnswers(asked, await controller.alterConfigs(asked, request.validateOnly))
    },
)
