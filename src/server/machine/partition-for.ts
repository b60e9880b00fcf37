/** Which partition of a coordinator's topic an id lives in, as Java computes it: `abs(id.hashCode()) % partitions`. */
export function partitionFor(id: string, numPartitions: number): number {
  let hash = 0
  for (let i = 0; i < id.length; i++) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) | 0
  // Java's abs leaves the smallest int negative; Kafka takes 0 for it
  return (hash === -2_147_483_648 ? 0 : Math.abs(hash)) % numPartitions
}
