/** Deletes empty groups together with their offsets (KIP-229). */
import { api, array, arrayOf, int16, int32, string } from '../schema/index.js'

export const deleteGroups = api({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexible: 2,
  request: { groupsNames: array(string) },
  response: {
    throttleTimeMs: int32.default(0),
    results: arrayOf({ groupId: string, errorCode: int16 }),
  },
})
