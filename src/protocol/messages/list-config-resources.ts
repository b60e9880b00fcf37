/**
 * Names of resources that have settings of their own.
 * v0 client-metrics subscriptions only (KIP-1000) · v1 resource types; none given asks for all (KIP-1142).
 */
import { api, array, arrayOf, int16, int32, int8, string } from '../schema/index.js'

export const listConfigResources = api({
  key: 74,
  name: 'ListConfigResources',
  versions: [0, 1],
  flexible: 0,
  request: { resourceTypes: array(int8).since(1) },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    configResources: arrayOf({
      resourceName: string,
      resourceType: int8.since(1).default(16).ignorable(),
    }),
  },
})
