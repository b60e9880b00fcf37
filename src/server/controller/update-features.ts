/** Decides on the levels of features: all of a request's updates come into effect, or none (KIP-584, KIP-778). */
import { ErrorCode } from '../../protocol/errors.js'
import { METADATA_VERSION, supportedFeatures } from '../metadata/features.js'
import type { MetadataEvent } from '../metadata/events.js'
import type { MetadataImage } from '../metadata/metadata-image.js'
import type { FeatureUpdate, Outcome } from './controller.js'
import { outcomeOf, Refusal, type ClusterDecision } from './decisions.js'

/** As UpdateFeatures numbers them. */
const UpgradeType = { upgrade: 1, safeDowngrade: 2, unsafeDowngrade: 3 } as const

export type UpdateFeaturesAnswer = ReadonlyMap<string, Outcome<object>>

export function decideUpdateFeatures(
  image: MetadataImage,
  updates: readonly FeatureUpdate[],
): ClusterDecision<UpdateFeaturesAnswer> {
  const answer = new Map(updates.map((update) => [update.feature, outcomeOf(() => check(image, update))]))
  const isRefused = [...answer.values()].some(({ errorCode }) => errorCode !== ErrorCode.NONE)
  if (isRefused) return { events: [], answer }
  const events = updates
    .filter(({ feature, level }) => (image.features.get(feature) ?? 0) !== level)
    .map(({ feature, level }): MetadataEvent => ({
      type: 'FeatureLevelRecord',
      value: { name: feature, featureLevel: level },
    }))
  return { events, answer }
}

function check(image: MetadataImage, { feature, level, upgradeType }: FeatureUpdate): object {
  const refuse = (words: string): Refusal => new Refusal(ErrorCode.INVALID_UPDATE_VERSION, words)
  const known = supportedFeatures.find(({ name }) => name === feature)
  if (!known) throw refuse(`${feature} is no feature of this broker`)
  // 0 takes a feature away
  if (level !== 0 && (level < known.minVersion || level > known.maxVersion)) {
    throw refuse(`level ${level} of ${feature} is not supported: ${known.minVersion} to ${known.maxVersion} are`)
  }
  const before = image.features.get(feature) ?? 0
  const isDowngrade = upgradeType === UpgradeType.safeDowngrade || upgradeType === UpgradeType.unsafeDowngrade
  if (!isDowngrade && upgradeType !== UpgradeType.upgrade) throw refuse(`there is no upgrade type ${upgradeType}`)
  if (level < before && !isDowngrade)
    throw refuse(`${feature} is at level ${before}: ${level} would be a downgrade, which must be asked for`)
  if (level > before && isDowngrade) throw refuse(`${feature} is at level ${before}: ${level} is no downgrade`)
  if (feature === METADATA_VERSION.name && level < before) {
    throw refuse(`${feature} can't go back from ${before}: records of that level are in the log`)
  }
  return {}
}
