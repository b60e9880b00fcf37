/**
 * Finalizes levels of features such as metadata.version (KIP-584).
 * v1 upgrade type and validate-only (KIP-778) · v2 one answer for all features.
 */
import { api, arrayOf, bool, int16, int32, int8, string } from '../schema/index.js'

export const updateFeatures = api({
  key: 57,
  name: 'UpdateFeatures',
  versions: [0, 2],
  flexible: 0,
  request: {
    timeoutMs: int32.default(60_000),
    featureUpdates: arrayOf({
      feature: string,
      maxVersionLevel: int16,
      allowDowngrade: bool.until(0),
      upgradeType: int8.since(1).default(1),
    }),
    validateOnly: bool.since(1),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
    results: arrayOf({ feature: string, errorCode: int16, errorMessage: string.nullable() }).until(1).ignorable(),
  },
})
