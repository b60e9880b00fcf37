/** What hooks ask of groups, by the requests that any client could send. */
import { ErrorCode } from '../../protocol/errors.js'
import type { RequestContext } from '../api/handler.js'
import type { Broker } from '../broker.js'

export interface GroupCondition {
  /** As DescribeGroups names states. Default `Stable`. */
  readonly state?: string | undefined
  readonly members?: number | undefined
}

/** Of a request that hooks make. */
export const hookContext = (apiVersion: number): RequestContext => ({
  apiVersion,
  correlationId: 0,
  clientId: 'hooks',
  connectionId: 'hooks',
  clientHost: 'hooks',
  clientPort: 0,
  listenerName: 'hooks',
  principal: 'User:hooks',
  signal: new AbortController().signal,
})

export async function groupIs(
  { groups }: Pick<Broker, 'groups'>,
  groupId: string,
  { state = 'Stable', members }: GroupCondition,
): Promise<{ readonly isSo: boolean; readonly found: string }> {
  const answer = await groups.describeGroups({ groups: [groupId], includeAuthorizedOperations: false }, hookContext(5))
  const group = answer.groups[0]
  if (!group || group.errorCode !== ErrorCode.NONE) return { isSo: false, found: 'not there' }
  const isSo = group.groupState === state && (members === undefined || group.members.length === members)
  return { isSo, found: `${group.groupState} with ${group.members.length} member(s)` }
}

/** Records between what the group has committed and the ends of those partitions; undefined when it has committed nothing. */
export async function groupLag(
  { groups, partitions }: Pick<Broker, 'groups' | 'partitions'>,
  groupId: string,
): Promise<number | undefined> {
  const group = { groupId, memberId: null, memberEpoch: -1, topics: null }
  const answer = await groups.offsetFetch(
    { groupId: '', topics: null, groups: [group], requireStable: false },
    hookContext(8),
  )
  let lag: number | undefined
  for (const { name = '', partitions: committed } of answer.groups?.[0]?.topics ?? []) {
    for (const { partitionIndex, committedOffset } of committed) {
      const end = partitions.get(name, partitionIndex)?.highWatermark
      if (end !== undefined && committedOffset >= 0) lag = (lag ?? 0) + Math.max(end - committedOffset, 0)
    }
  }
  return lag
}
