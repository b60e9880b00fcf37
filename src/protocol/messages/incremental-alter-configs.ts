/**
 * Changes single dynamic settings of resources: 0 set, 1 delete, 2 append to a list, 3 subtract from a list (KIP-339).
 */
import { api, arrayOf, bool, int16, int32, int8, string } from '../schema/index.js'

export const incrementalAlterConfigs = api({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: [0, 1],
  flexible: 1,
  request: {
    resources: arrayOf({
      resourceType: int8,
      resourceName: string,
      configs: arrayOf({ name: string, configOperation: int8, value: string.nullable() }),
    }),
    validateOnly: bool,
  },
  response: {
    throttleTimeMs: int32.default(0),
    responses: arrayOf({
      errorCode: int16,
      errorMessage: string.nullable(),
      resourceType: int8,
      resourceName: string,
    }),
  },
})
