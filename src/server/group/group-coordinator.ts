/** Groups, their members and their offsets; one machine per partition of `__consumer_offsets`. Methods are named for their requests. */
import type { RequestContext } from '../api/handler.js'
import type * as messages from '../../protocol/messages/index.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'

type Call<A> = (request: RequestOf<A>, context: RequestContext) => Promise<ResponseOf<A>>

export interface GroupCoordinator {
  /** The partition of `__consumer_offsets` that a group lives in. */
  partitionFor(groupId: string): number
  joinGroup: Call<typeof messages.joinGroup>
  syncGroup: Call<typeof messages.syncGroup>
  heartbeat: Call<typeof messages.heartbeat>
  leaveGroup: Call<typeof messages.leaveGroup>
  offsetCommit: Call<typeof messages.offsetCommit>
  offsetFetch: Call<typeof messages.offsetFetch>
}
