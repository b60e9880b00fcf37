/** Racks of members and of replicas (KIP-881): a member that reads in its own rack saves the way to another. */

/** Racks of the brokers that have a replica; those without a rack are left out. */
export type ReplicaRacks = (topic: string, partition: number) => readonly string[]

/**
 * Whether an assignment can be better or worse by its racks: some member's rack has replicas, and not every partition has
 * one in all racks. (`AbstractPartitionAssignor.useRackAwareAssignment`)
 */
export function racksMatter(
  members: readonly (string | undefined)[],
  partitions: readonly (readonly string[])[],
): boolean {
  const all = new Set(partitions.flat())
  const isSomewhere = members.some((rack) => rack !== undefined && all.has(rack))
  return isSomewhere && partitions.some((racks) => racks.length < all.size)
}
