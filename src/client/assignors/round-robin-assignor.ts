/** `RoundRobinAssignor`: all partitions of all topics in order, dealt to the members in turn; who did not subscribe is passed over. */
import type { TopicPartition } from '../../model/index.js'
import { sortedMembers, sortedTopics, type Assignor } from './assignor.js'

export const roundRobinAssignor: Assignor = {
  name: 'roundrobin',
  assign(members, partitionCount) {
    const sorted = sortedMembers(members)
    const assignment = new Map<string, TopicPartition[]>(members.map((member) => [member.memberId, []]))
    let turn = 0
    for (const topic of sortedTopics(members)) {
      const count = partitionCount(topic)
      for (let partition = 0; partition < count; partition++) {
        while (!sorted[turn % sorted.length]!.topics.includes(topic)) turn++
        assignment.get(sorted[turn++ % sorted.length]!.memberId)!.push({ topic, partition })
      }
    }
    return assignment
  },
}
