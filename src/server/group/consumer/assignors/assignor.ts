/** What a server-side assignor is given, and gives. Pure: the same input gives the same target. */
import type { Assignment } from '../assignment.js'

export interface AssignorMember {
  readonly memberId: string
  readonly instanceId: string | null
  /** Ids of topics that exist. */
  readonly subscribed: ReadonlySet<string>
  /** The target before. */
  readonly target: Assignment
}

export interface AssignorInput {
  readonly members: readonly AssignorMember[]
  /** Number of partitions by topic id, of every topic that anyone is subscribed to. */
  readonly partitions: ReadonlyMap<string, number>
}

export interface Assignor {
  /** As `group.consumer.assignors` and clients name it. */
  readonly name: string
  /** By member id; every member is in it. */
  assign(input: AssignorInput): ReadonlyMap<string, Assignment>
}
