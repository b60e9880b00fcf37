/**
 * Before the first fetch from a committed offset, and after a change of leader: asks the leader whether the log up to our position is still the one that we read (KIP-320).
 * Where it was cut off before, what we read last exists no more: reading goes on where the logs part, so that nothing of
 * what replaced it is missed.
 */
import { ErrorCode, messages } from '../../../protocol/index.js'
import { groupBy } from '../../group-by.js'
import type { Cluster } from '../cluster.js'
import { throwCode } from '../errors.js'
import { byTopic } from '../offsets.js'
import type { AssignedPartition } from './assignment.js'

const CONSUMER = -1
/** Before this one it asks for rights on the cluster, which consumers seldom have: these are not asked, as in Java. */
const CONSUMER_VERSION = 3

/** @param unknown the new leader knows nothing of the epoch that we read last */
export async function validatePositions(
  cluster: Cluster,
  partitions: readonly AssignedPartition[],
  unknown: (own: AssignedPartition, offset: number) => void,
): Promise<void> {
  const asked = partitions.map((own) => ({
    own,
    version: own.version,
    known: cluster.metadata.partition(own.topic, own.partition)!,
  }))
  const groups = groupBy(asked, ({ known }) => known.leaderId)
  for (const [nodeId, group] of groups) {
    const topics = byTopic(
      group.map(({ own, known }) => ({ topic: own.topic, partition: own.partition, own, known })),
      ({ partition, own, known }) => ({
        partition,
        currentLeaderEpoch: known.leaderEpoch,
        leaderEpoch: own.positionEpoch,
      }),
    )
    const peer = cluster.peer(nodeId)
    await peer.ready()
    const [, highest] = peer.versions!.ranges.get(messages.offsetForLeaderEpoch.key) ?? [0, -1]
    if (highest < CONSUMER_VERSION) {
      for (const { own, known } of group) own.validatedEpoch = known.leaderEpoch
      continue
    }
    const answer = await peer.send(messages.offsetForLeaderEpoch, {
      replicaId: CONSUMER,
      topics: topics.map(({ name, partitions: each }) => ({ topic: name, partitions: each })),
    })
    for (const { topic, partitions: told } of answer.topics) {
      for (const { partition, errorCode, leaderEpoch, endOffset } of told) {
        const entry = group.find(({ own }) => own.topic === topic && own.partition === partition)
        const position = entry?.own.position
        if (!entry || entry.own.version !== entry.version || position === undefined) continue
        if (errorCode !== ErrorCode.NONE) {
          await cluster.refresh([topic])
          throwCode(errorCode, { topic, partition })
        }
        const { own, known } = entry
        if (endOffset < 0 || leaderEpoch < 0) {
          own.moveTo(undefined)
          unknown(own, position)
        } else if (endOffset < position) {
          cluster.context.log.warn(
            `${own.name} was cut off at ${endOffset} under position ${position}: reading goes on at ${endOffset}`,
          )
          own.moveTo(endOffset, leaderEpoch)
        }
        own.validatedEpoch = known.leaderEpoch
      }
    }
  }
}
