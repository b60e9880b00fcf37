/** Sets and removes quotas of users, client ids and addresses (KIP-546). */
import { api, arrayOf, bool, float64, int16, int32, string } from '../schema/index.js'

export const alterClientQuotas = api({
  key: 49,
  name: 'AlterClientQuotas',
  versions: [0, 1],
  flexible: 1,
  request: {
    entries: arrayOf({
      entity: arrayOf({ entityType: string, entityName: string.nullable() }),
      ops: arrayOf({ key: string, value: float64, remove: bool }),
    }),
    validateOnly: bool,
  },
  response: {
    throttleTimeMs: int32.default(0),
    entries: arrayOf({
      errorCode: int16,
      errorMessage: string.nullable(),
      entity: arrayOf({ entityType: string, entityName: string.nullable() }),
    }),
  },
})
