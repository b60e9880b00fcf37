/**
 * Groups, their members and their offsets; one machine per partition of `__consumer_offsets`. Methods are named for their
 * requests.
 *
 * What a request says of topics is taken as it stands: whoever calls has seen to it that they exist and may be used.
 */
import type { RequestContext } from '../api/handler.js'
import type { ErrorCode } from '../../protocol/errors.js'
import type * as messages from '../../protocol/messages/index.js'
import type { RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import type { Producer } from '../machine/partition-event-log.js'

type Call<A> = (request: RequestOf<A>, context: RequestContext) => Promise<ResponseOf<A>>

export interface TransactionEnd {
  readonly producer: Producer
  readonly coordinatorEpoch: number
  readonly outcome: 'commit' | 'abort'
}

export interface GroupCoordinator {
  /** The partition of `__consumer_offsets` that a group lives in. */
  partitionFor(groupId: string): number
  joinGroup: Call<typeof messages.joinGroup>
  syncGroup: Call<typeof messages.syncGroup>
  heartbeat: Call<typeof messages.heartbeat>
  leaveGroup: Call<typeof messages.leaveGroup>
  offsetCommit: Call<typeof messages.offsetCommit>
  offsetFetch: Call<typeof messages.offsetFetch>
  /** In a transaction that has been found to be open; `isVerified` tells whether it may still be, right before it counts. */
  txnOffsetCommit(
    request: RequestOf<typeof messages.txnOffsetCommit>,
    context: RequestContext,
    isVerified?: () => boolean,
  ): Promise<ResponseOf<typeof messages.txnOffsetCommit>>
  offsetDelete: Call<typeof messages.offsetDelete>
  deleteGroups: Call<typeof messages.deleteGroups>
  describeGroups: Call<typeof messages.describeGroups>
  listGroups: Call<typeof messages.listGroups>
  consumerGroupHeartbeat: Call<typeof messages.consumerGroupHeartbeat>
  consumerGroupDescribe: Call<typeof messages.consumerGroupDescribe>
  /** Writes a transaction's end marker to a partition of `__consumer_offsets`, and decides on the offsets that waited for it. */
  endTransaction(partition: number, end: TransactionEnd): Promise<ErrorCode>
}
