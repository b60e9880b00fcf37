/** JoinGroup, SyncGroup, Heartbeat, LeaveGroup: requests checked, brought to their group, and answered by version. */
import { ErrorCode } from '../../protocol/errors.js'
import type { GroupCoordinator } from './group-coordinator.js'
import { joinError, NO_ASSIGNMENT, type JoinResponse, type SyncResponse } from './classic/classic-group.js'
import { join, type Join } from './classic/join.js'
import { heartbeat, leave, sync, type Leaving, type Sync } from './classic/members.js'
import { NOTHING, type Events } from './classic/rebalance.js'
import { refusalCode } from './consumer/decision.js'
import { groupGone } from './consumer/leave.js'
import { simpleGroup } from './events.js'
import type { GroupShard } from './group-shard.js'
import type { GroupParts, GroupShards } from './group-shards.js'

type Requests = Pick<GroupCoordinator, 'joinGroup' | 'syncGroup' | 'heartbeat' | 'leaveGroup'>

export function membershipRequests(shards: GroupShards, { random, settings }: GroupParts): Requests {
  /** A member of the classic protocol joins a group of the new one. */
  async function joinConsumer(shard: GroupShard, groupId: string, asked: Join): Promise<JoinResponse> {
    const hasNewId = asked.memberId === ''
    const memberId = hasNewId ? random.bytes(16).toString('base64url') : asked.memberId
    try {
      const { member, protocolName } = await shard.consumers.join(groupId, { ...asked, memberId }, hasNewId)
      return {
        errorCode: ErrorCode.NONE,
        generationId: member.memberEpoch,
        protocolType: 'consumer',
        protocolName,
        // nobody leads: the broker assigns
        leader: '',
        memberId: member.memberId,
        members: [],
      }
    } catch (error) {
      const code = refusalCode(error)
      return joinError(code, code === ErrorCode.MEMBER_ID_REQUIRED ? memberId : '')
    }
  }

  return {
    async joinGroup(request, { apiVersion, clientId, clientHost }) {
      const { groupId, memberId, sessionTimeoutMs } = request
      // before version 7 there is no null in its place
      const shaped = (response: JoinResponse): JoinResponse =>
        apiVersion < 7 ? { ...response, protocolName: response.protocolName ?? '' } : response
      if (groupId === '') return shaped(joinError(ErrorCode.INVALID_GROUP_ID, memberId))
      if (
        sessionTimeoutMs < settings.int('group.min.session.timeout.ms') ||
        sessionTimeoutMs > settings.int('group.max.session.timeout.ms')
      ) {
        return shaped(joinError(ErrorCode.INVALID_SESSION_TIMEOUT, memberId))
      }
      const shard = shards.for(groupId)
      if (typeof shard === 'number') return shaped(joinError(shard, ''))
      const asked: Join = {
        apiVersion,
        clientId: clientId ?? '',
        clientHost: `/${clientHost}`,
        memberId,
        instanceId: request.groupInstanceId,
        sessionTimeoutMs,
        rebalanceTimeoutMs: apiVersion === 0 ? sessionTimeoutMs : request.rebalanceTimeoutMs,
        protocolType: request.protocolType,
        protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
        reason: request.reason ?? 'no reason given',
        newIdSuffix: random.uuid(),
      }
      const consumer = shard.consumer(groupId)
      if (consumer && !consumer.isEmpty) return shaped(await joinConsumer(shard, groupId, asked))
      const response = await shard.park(
        groupId,
        (code) => joinError(code, ''),
        (parked): Events => {
          // an empty group of the new protocol makes way
          const before = consumer ? groupGone(consumer) : []
          const present = consumer ? undefined : shard.classic(groupId)
          if (!present && memberId !== '') {
            parked.answer(joinError(ErrorCode.UNKNOWN_MEMBER_ID, memberId))
            return NOTHING
          }
          const group = present ?? shard.newGroup(groupId)
          const events = join(group, asked, parked, shard.classicContext())
          if (present || events.length > 0) return [...before, ...events]
          // a group that nobody has joined yet is remembered too: its members have been told that they may come
          const metadata = { ...simpleGroup, stateTimestampMs: group.inStateSinceMs }
          return [...before, { type: 'classic-group', groupId, metadata }]
        },
      )
      return shaped(response)
    },

    async syncGroup(request) {
      const { groupId } = request
      const refused = (code: ErrorCode): SyncResponse => ({ errorCode: code, assignment: NO_ASSIGNMENT })
      if (groupId === '') return refused(ErrorCode.INVALID_GROUP_ID)
      const shard = shards.for(groupId)
      if (typeof shard === 'number') return refused(shard)
      const assignments = request.assignments.map(
        ({ memberId, assignment }) => [memberId, Buffer.from(assignment)] as const,
      )
      const asked: Sync = {
        memberId: request.memberId,
        instanceId: request.groupInstanceId,
        generation: request.generationId,
        protocolType: request.protocolType,
        protocolName: request.protocolName,
        assignments: new Map(assignments),
      }
      if (shard.consumer(groupId)) {
        try {
          const assignment = await shard.consumers.sync(groupId, asked)
          const { protocolType, protocolName } = asked
          return { errorCode: ErrorCode.NONE, protocolType, protocolName, assignment }
        } catch (error) {
          return refused(refusalCode(error))
        }
      }
      return shard.park(groupId, refused, (parked): Events => {
        const group = shard.classic(groupId)
        if (group) return sync(group, asked, parked, shard.classicContext())
        parked.answer(refused(ErrorCode.UNKNOWN_MEMBER_ID))
        return NOTHING
      })
    },

    async heartbeat(request) {
      const { groupId, memberId, groupInstanceId, generationId } = request
      if (groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID }
      const shard = shards.for(groupId)
      if (typeof shard === 'number') return { errorCode: shard }
      try {
        if (shard.consumer(groupId)) {
          return { errorCode: await shard.consumers.classicHeartbeat(groupId, memberId, groupInstanceId, generationId) }
        }
        const errorCode = await shard.query(() => {
          const group = shard.classic(groupId)
          if (!group) return ErrorCode.UNKNOWN_MEMBER_ID
          return heartbeat(group, memberId, groupInstanceId, generationId, shard.classicContext().nowMs)
        })
        return { errorCode }
      } catch (error) {
        const code = refusalCode(error)
        // nothing is known of the member yet, so nothing speaks against it
        return { errorCode: code === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.NONE : code }
      }
    },

    async leaveGroup(request, { apiVersion }) {
      const { groupId } = request
      const leaving: readonly Leaving[] =
        apiVersion >= 3
          ? request.members.map(({ memberId, groupInstanceId, reason }) => ({
              memberId,
              instanceId: groupInstanceId,
              reason,
            }))
          : [{ memberId: request.memberId, instanceId: null, reason: null }]
      if (groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID }
      const shard = shards.for(groupId)
      if (typeof shard === 'number') return { errorCode: shard }
      try {
        const errors = await (shard.consumer(groupId)
          ? shard.consumers.classicLeave(groupId, leaving)
          : shard.decide<readonly ErrorCode[]>(groupId, () => {
              const group = shard.classic(groupId)
              if (!group) return { events: NOTHING, answer: leaving.map(() => ErrorCode.UNKNOWN_MEMBER_ID) }
              const { events, errors } = leave(group, leaving, shard.classicContext())
              return { events, answer: errors }
            }))
        if (apiVersion < 3) return { errorCode: errors[0]! }
        const members = leaving.map(({ memberId, instanceId }, i) => ({
          memberId,
          groupInstanceId: instanceId,
          errorCode: errors[i]!,
        }))
        return { errorCode: ErrorCode.NONE, members }
      } catch (error) {
        return { errorCode: refusalCode(error) }
      }
    },
  }
}
