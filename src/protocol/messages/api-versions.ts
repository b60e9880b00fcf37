/**
 * Which APIs, versions and features a broker serves; the first request on a connection.
 * v3 client software name and version (KIP-511), features (KIP-584) · v4 lets a feature's lowest version be 0
 * (KAFKA-17011).
 * The answer's header is version 0 always. A version that is not known is answered in version 0 with
 * UNSUPPORTED_VERSION and the list, so that the client can choose again.
 */
import { api, arrayOf, bool, int16, int32, int64, string } from '../schema/index.js'

export const apiVersions = api({
  key: 18,
  name: 'ApiVersions',
  versions: [0, 4],
  flexible: 3,
  request: {
    clientSoftwareName: string.since(3).ignorable(),
    clientSoftwareVersion: string.since(3).ignorable(),
  },
  response: {
    errorCode: int16,
    apiKeys: arrayOf({ apiKey: int16, minVersion: int16, maxVersion: int16 }),
    throttleTimeMs: int32.since(1).ignorable(),
    supportedFeatures: arrayOf({ name: string, minVersion: int16, maxVersion: int16 }).since(3).tagged(0).ignorable(),
    finalizedFeaturesEpoch: int64.since(3).default(-1).tagged(1).ignorable(),
    finalizedFeatures: arrayOf({ name: string, maxVersionLevel: int16, minVersionLevel: int16 })
      .since(3)
      .tagged(2)
      .ignorable(),
    zkMigrationReady: bool.since(3).tagged(3).ignorable(),
  },
})
