/** DescribeGroups, ListGroups, DeleteGroups. */
import { ErrorCode } from '../../protocol/errors.js'
import { coordinatorError } from '../machine/coordinator-error.js'
import type { describeGroups, listGroups } from '../../protocol/messages/index.js'
import type { ResponseOf } from '../../protocol/schema/index.js'
import { NO_ASSIGNMENT, type ClassicGroup } from './classic/classic-group.js'
import type { GroupEvent, GroupState } from './events.js'
import { groupGone } from './consumer/leave.js'
import type { GroupCoordinator } from './group-coordinator.js'
import type { Group } from './group-shard.js'
import type { GroupShards } from './group-shards.js'

type Requests = Pick<GroupCoordinator, 'describeGroups' | 'listGroups' | 'deleteGroups'>
type Listing = ResponseOf<typeof listGroups>['groups'][number]
type DescribedGroup = ResponseOf<typeof describeGroups>['groups'][number]

export function groupRequests(shards: GroupShards): Requests {
  async function describe(groupId: string, apiVersion: number): Promise<DescribedGroup> {
    const shard = shards.for(groupId)
    if (typeof shard === 'number') return undescribed(groupId, shard)
    try {
      return await shard.query(() => {
        const group = shard.group(groupId)
        if (group?.kind === 'classic') return described(group)
        const reason = group ? `Group ${groupId} is not a classic group.` : `Group ${groupId} not found.`
        return notFound(groupId, reason, apiVersion)
      })
    } catch (error) {
      return undescribed(groupId, coordinatorError(error))
    }
  }

  async function remove(groupId: string): Promise<{ groupId: string; errorCode: ErrorCode }> {
    const shard = shards.for(groupId)
    if (typeof shard === 'number') return { groupId, errorCode: shard }
    try {
      const errorCode = await shard.decide(groupId, (state) => {
        const group = shard.group(groupId)
        if (!group) return { events: [], answer: ErrorCode.GROUP_ID_NOT_FOUND }
        if (!group.isEmpty) return { events: [], answer: ErrorCode.NON_EMPTY_GROUP }
        return { events: tombstones(group, state), answer: ErrorCode.NONE }
      })
      return { groupId, errorCode }
    } catch (error) {
      return { groupId, errorCode: coordinatorError(error) }
    }
  }

  return {
    async describeGroups(request, { apiVersion }) {
      return { groups: await Promise.all(request.groups.map((groupId) => describe(groupId, apiVersion))) }
    },

    async listGroups(request) {
      const states = new Set(request.statesFilter.map((state) => state.toLowerCase().trim()))
      const types = new Set(request.typesFilter.map((type) => type.toLowerCase().trim()))
      const asked = (group: Group): boolean =>
        (states.size === 0 || states.has(group.stateName.toLowerCase())) && (types.size === 0 || types.has(group.kind))
      try {
        const listed = await Promise.all(
          shards.all().map((shard) => shard.query(() => [...shard.groups()].filter(asked).map(listing))),
        )
        return { errorCode: ErrorCode.NONE, groups: listed.flat() }
      } catch (error) {
        return { errorCode: coordinatorError(error), groups: [] }
      }
    },

    async deleteGroups(request) {
      return { results: await Promise.all([...new Set(request.groupsNames)].map(remove)) }
    },
  }
}

function listing({ groupId, protocolType, stateName, kind }: Group): Listing {
  return { groupId, protocolType: protocolType ?? '', groupState: stateName, groupType: kind }
}

/** What a member said of itself is shown of a stable group only: before, it may differ by protocol. */
function described(group: ClassicGroup): DescribedGroup {
  const stable = group.is('Stable')
  return {
    errorCode: ErrorCode.NONE,
    groupId: group.groupId,
    groupState: group.state.name,
    protocolType: group.protocolType ?? '',
    protocolData: stable ? (group.protocolName ?? '') : '',
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: stable ? group.metadataOf(member) : NO_ASSIGNMENT,
      memberAssignment: member.assignment,
    })),
  }
}

function undescribed(groupId: string, errorCode: ErrorCode): DescribedGroup {
  return { errorCode, groupId, groupState: '', protocolType: '', protocolData: '', members: [] }
}

/** Before version 6 a group that is not there is shown as a dead one. */
function notFound(groupId: string, errorMessage: string, apiVersion: number): DescribedGroup {
  const dead = { ...undescribed(groupId, ErrorCode.NONE), groupState: 'Dead' }
  if (apiVersion < 6) return dead
  return { ...dead, errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage }
}

function tombstones(group: Group, { offsets }: GroupState): GroupEvent[] {
  const { groupId } = group
  const gone = [...offsets.partitionsOf(groupId)].map(({ topic, partition }): GroupEvent => ({
    type: 'offset',
    groupId,
    topic,
    partition,
    committed: null,
    producer: null,
  }))
  if (group.kind === 'consumer') return [...gone, ...groupGone(group)]
  return [...gone, { type: 'classic-group', groupId, metadata: null }]
}
