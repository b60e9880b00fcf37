/** A pure assignor in the form that kafkajs takes, with the names and layouts of Java's client, for mixed groups. */
import type { Assigner } from 'kafkajs'
import type { Assignor } from '../assignors/index.js'
import type { Kafkajs, KafkajsCluster } from './vendor.js'

export interface Subscribing {
  /** The topics to join with, as they are at the moment of the join. */
  topics(): readonly string[]
}

type JoinMember = { memberId: string; groupInstanceId?: string | null; memberMetadata: Buffer }

export function kafkajsAssigner(
  { AssignerProtocol: { MemberMetadata, MemberAssignment } }: Kafkajs,
  cluster: KafkajsCluster,
  assignor: Assignor,
  subscribing: Subscribing,
): Assigner {
  return {
    name: assignor.name,
    version: 0,

    protocol({ topics }) {
      // kafkajs passes its own list of what is subscribed: what stands in it now is what it takes for its own after the join
      topics.splice(0, topics.length, ...subscribing.topics())
      return {
        name: assignor.name,
        metadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
      }
    },

    async assign({ members }) {
      const decoded = (members as JoinMember[]).map(({ memberId, groupInstanceId, memberMetadata }) => ({
        memberId,
        groupInstanceId: groupInstanceId ?? undefined,
        topics: MemberMetadata.decode(memberMetadata)?.topics ?? [],
      }))
      await learn(cluster, new Set(decoded.flatMap((member) => member.topics)))
      const assignment = assignor.assign(decoded, (topic) => cluster.findTopicPartitionMetadata(topic).length)
      return [...assignment].map(([memberId, partitions]) => {
        const byTopic: Record<string, number[]> = {}
        for (const { topic, partition } of partitions) (byTopic[topic] ??= []).push(partition)
        const memberAssignment = MemberAssignment.encode({
          version: 0,
          assignment: byTopic,
          userData: Buffer.alloc(0),
        })
        return { memberId, memberAssignment }
      })
    },
  }
}

/** The leader assigns topics that it need not subscribe to itself. */
async function learn(cluster: KafkajsCluster, topics: ReadonlySet<string>): Promise<void> {
  const unknown = [...topics].filter((topic) => !cluster.targetTopics.has(topic))
  if (unknown.length === 0) return
  for (const topic of unknown) cluster.targetTopics.add(topic)
  await cluster.refreshMetadata()
}
