/** Puts a group coordinator together and sets it going. */
import { consumerRequests } from './consumer-requests.js'
import type { GroupCoordinator } from './group-coordinator.js'
import { groupRequests } from './group-requests.js'
import { GroupShards, type GroupParts } from './group-shards.js'
import { membershipRequests } from './membership-requests.js'
import { offsetRequests } from './offset-requests.js'

export interface RunningGroupCoordinator extends GroupCoordinator {
  /** Answers NOT_COORDINATOR to whoever waits, and COORDINATOR_NOT_AVAILABLE from then on. */
  close(): void
}

/** Begins to load, in the background, the groups that are in the log; until it has, they are answered as loading. */
export function startGroupCoordinator(parts: GroupParts): RunningGroupCoordinator {
  const shards = new GroupShards(parts)
  shards.start()
  return {
    partitionFor: (groupId) => shards.partitionFor(groupId),
    ...membershipRequests(shards, parts),
    ...offsetRequests(shards, parts),
    ...groupRequests(shards),
    ...consumerRequests(shards, parts),
    close: () => shards.close(),
  }
}
