/** Raises or lowers finalised features. v1 upgrade types and a trial run (KIP-778) · v2 one outcome for all. */
import { ErrorCode } from '../../protocol/errors.js'
import { updateFeatures } from '../../protocol/messages/update-features.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

const UPGRADE = 1
const SAFE_DOWNGRADE = 2

export const updateFeaturesHandler = handler(
  updateFeatures,
  ({ controller }: Pick<Broker, 'controller'>) =>
    async (request, { apiVersion }) => {
      const updates = request.featureUpdates.map(({ feature, maxVersionLevel, allowDowngrade, upgradeType }) => ({
        feature,
        level: maxVersionLevel,
        upgradeType: apiVersion === 0 ? (allowDowngrade ? SAFE_DOWNGRADE : UPGRADE) : upgradeType,
      }))
      const outcomes = [...(await controller.updateFeatures(updates, request.validateOnly))]
      const results = outcomes.map(([feature, outcome]) => ({
        feature,
        errorCode: outcome.errorCode,
        // a good outcome has words too, where each has its own (to v1)
        errorMessage: outcome.errorCode === ErrorCode.NONE ? 'NONE' : outcome.errorMessage,
      }))
      const refused = results.find(({ errorCode }) => errorCode !== ErrorCode.NONE)
      if (!refused) return { errorCode: ErrorCode.NONE, errorMessage: null, results }
      const { errorCode, errorMessage } = refused
      return { errorCode, errorMessage, results: [] }
    },
)
