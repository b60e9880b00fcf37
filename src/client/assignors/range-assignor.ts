/** `RangeAssignor`: topic by topic, each member takes a run of neighbouring partitions; the first ones take one more. */
import type { TopicPartition } from '../../model/index.js'
import { sortedMembers, sortedTopics, type Assignor } from './assignor.js'

export const rangeAssignor: Assignor = {
  name: 'range',
  assign(members, partitionCount) {
    const sorted = sortedMembers(members)
    const assignment = new Map<string, TopicPartition[]>(members.map((member) => [member.memberId, []]))
    for (const topic of sortedTopics(members)) {
      const subscribers = sorted.filter((member) => member.topics.includes(topic))
      const count = partitionCount(topic)
      const each = Math.floor(count / subscribers.length)
      const extra = count % subscribers.length
      let partition = 0
      for (const [i, { memberId }] of subscribers.entries()) {
        const end = partition + each + (i < extra ? 1 : 0)
        for (; partition < end; partition++) assignment.get(memberId)!.push({ topic, partition })
      }
    }
    return assignment
  },
}
