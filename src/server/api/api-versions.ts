/**
 * What this broker serves. Everything here follows from the list of handlers: an API without a handler is not advertised.
 * v3 asks who the client is (KIP-511), and tells features (KIP-584); v4 may tell features whose lowest version is 0, which
 * older clients can't read. A version that is not served is answered by the endpoint.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { apiVersions } from '../../protocol/messages/api-versions.js'
import { produce } from '../../protocol/messages/produce.js'
import type { Api } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { supportedFeatures } from '../metadata/features.js'
import { handler, type Handler } from './handler.js'

/** As KIP-511 has it: letters, digits, dots and dashes, none of the latter two at the ends. */
const CLIENT_SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

export function apiVersionsHandler(served: () => readonly Pick<Api, 'key' | 'versions'>[]): Handler {
  return handler(apiVersions, ({ cluster }: Pick<Broker, 'cluster'>) => {
    const apiKeys = served()
      .map(({ key, versions: [lowest, maxVersion] }) => ({
        apiKey: key,
        // librdkafka takes a broker without Produce v0 for one that it can't speak to (KAFKA-18659)
        minVersion: key === produce.key ? 0 : lowest,
        maxVersion,
      }))
      .sort((a, b) => a.apiKey - b.apiKey)
    return (request, { apiVersion }) => {
      const isNamed =
        CLIENT_SOFTWARE.test(request.clientSoftwareName) && CLIENT_SOFTWARE.test(request.clientSoftwareVersion)
      if (apiVersion >= 3 && !isNamed) return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] }
      return {
        errorCode: ErrorCode.NONE,
        apiKeys,
        supportedFeatures: supportedFeatures.filter(({ minVersion }) => apiVersion >= 4 || minVersion > 0),
        finalizedFeaturesEpoch: cluster.offset,
        finalizedFeatures: [...cluster.features]
          .filter(([, level]) => level > 0)
          .map(([name, level]) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
      }
    }
  })
}
