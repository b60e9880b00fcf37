/**
 * Groups that this broker coordinates.
 * v4 filters by state (KIP-518) · v5 filters by and gives the group type (KIP-848).
 */
import { api, array, arrayOf, int16, int32, string } from '../schema/index.js'

export const listGroups = api({
  key: 16,
  name: 'ListGroups',
  versions: [0, 5],
  flexible: 3,
  request: {
    statesFilter: array(string).since(4),
    typesFilter: array(string).since(5),
  },
  response: {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: int16,
    groups: arrayOf({
      groupId: string,
      protocolType: string,
      groupState: string.since(4).ignorable(),
      groupType: string.since(5).ignorable(),
    }),
  },
})
