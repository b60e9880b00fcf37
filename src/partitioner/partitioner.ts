/**
 * Which partition a record goes to. Pure but for what the partitioner itself remembers (a counter, say): it is given the
 * record as bytes and the number of partitions. A partition set on the record itself always wins and is never asked about.
 */
export interface PartitionedRecord {
  readonly topic: string
  /** Serialized. */
  readonly key: Buffer | null
  /** Serialized. */
  readonly value: Buffer | null
}

/** "Any will do": the record joins the batch that is being filled, which sticks to one partition (KIP-480, KIP-794). */
export const STICKY = -1

export interface Partitioner {
  /** 0 … partitions - 1, or `STICKY`. */
  partition(record: PartitionedRecord, partitions: number): number
}

export type PartitionerFunction = (record: PartitionedRecord, partitions: number) => number
