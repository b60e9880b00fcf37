/** Partitions by topic id: what a member should have, has, or is to give up. */

/** Numbers of partitions by topic id. */
export type Assignment = ReadonlyMap<string, ReadonlySet<number>>

/** By topic id and partition, the epoch in which the partition was given to the member. */
export type EpochAssignment = ReadonlyMap<string, ReadonlyMap<number, number>>

export const NOTHING_ASSIGNED: ReadonlyMap<string, never> = new Map<string, never>()

interface TopicPartitions {
  readonly topicId: string
  readonly partitions: readonly number[]
}

export function assignmentOf(topicPartitions: readonly TopicPartitions[]): Assignment {
  return new Map(topicPartitions.map(({ topicId, partitions }) => [topicId, new Set(partitions)]))
}

export function listed(assignment: Assignment | EpochAssignment): { topicId: string; partitions: number[] }[] {
  return [...assignment].map(([topicId, partitions]) => ({ topicId, partitions: [...partitions.keys()] }))
}

/** All that is in either; no partition is in both. */
export function joined(a: EpochAssignment, b: EpochAssignment): Assignment {
  const all = new Map<string, ReadonlySet<number>>()
  for (const topicId of new Set([...a.keys(), ...b.keys()])) {
    all.set(topicId, new Set([...(a.get(topicId)?.keys() ?? []), ...(b.get(topicId)?.keys() ?? [])]))
  }
  return all
}

export function sameAssignment(a: Assignment, b: Assignment): boolean {
  if (a.size !== b.size) return false
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId)
    if (others?.size !== partitions.size) return false
    for (const partition of partitions) if (!others.has(partition)) return false
  }
  return true
}

export function sameEpochAssignment(a: EpochAssignment, b: EpochAssignment): boolean {
  if (a.size !== b.size) return false
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId)
    if (others?.size !== partitions.size) return false
    for (const [partition, epoch] of partitions) if (others.get(partition) !== epoch) return false
  }
  return true
}

/** Whether every partition of the list is in the assignment. */
export function holdsAll(assignment: EpochAssignment, list: readonly TopicPartitions[]): boolean {
  return list.every(({ topicId, partitions }) => partitions.every((one) => assignment.get(topicId)?.has(one) ?? false))
}

/** Whether any partition of the list is in the assignment. */
export function holdsAny(assignment: EpochAssignment, list: readonly TopicPartitions[]): boolean {
  return list.some(({ topicId, partitions }) => partitions.some((one) => assignment.get(topicId)?.has(one) ?? false))
}
