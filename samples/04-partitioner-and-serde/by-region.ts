/** A partitioner of one's own: keys are countries, and a region's countries share a partition. */
import { STICKY, type PartitionedRecord } from 'kts-kafka'

const REGIONS: readonly (readonly string[])[] = [
  ['fr', 'de', 'it'],
  ['us', 'ca'],
]

export function byRegion({ key }: PartitionedRecord, partitions: number): number {
  if (key === null) return STICKY
  const region = REGIONS.findIndex((countries) => countries.includes(key.toString()))
  // what has no region goes to the last partition
  return region === -1 || region >= partitions ? partitions - 1 : region
}
