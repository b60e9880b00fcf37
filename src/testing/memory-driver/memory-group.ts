/**
 * The coordinator of one consumer group in memory: members, rebalances, committed offsets.
 *
 * Rebalances are eager, as in Kafka's classic protocol: every member gives up everything (awaited, each bounded by its own
 * deadline), then the assignor that all members offer deals the partitions out under a new generation.
 */
import { rangeAssignor, roundRobinAssignor, type Assignor } from '../../client/assignors/index.js'
import type { TopicPartition } from '../../model/index.js'

export interface MemoryMember {
  readonly memberId: string
  readonly assignors: readonly string[]
  /** Topics subscribed to, as they exist now. */
  topics(): readonly string[]
  /** Gives up what is assigned; never rejects, and ends by the member's own deadline. */
  revoke(): Promise<void>
  /** Drops what is assigned at once: the group went on without this member. */
  lose(): void
  assign(partitions: readonly TopicPartition[], generation: number): void
}

const ASSIGNORS: readonly Assignor[] = [rangeAssignor, roundRobinAssignor]

export class MemoryGroup {
  readonly committed = new Map<string, { offset: number; metadata: string }>()
  /** Partitions with offsets in a transaction that is still open. */
  readonly pending = new Set<string>()
  readonly members = new Map<string, MemoryMember>()
  generation = 0
  private stale = false
  private running = false

  constructor(
    readonly groupId: string,
    private readonly partitionCount: (topic: string) => number,
  ) {}

  join(member: MemoryMember): void {
    this.members.set(member.memberId, member)
    this.rebalance()
  }

  leave(member: MemoryMember): void {
    if (this.members.delete(member.memberId)) this.rebalance()
  }

  /** The member's session times out: its partitions go to others, and it finds out at once and joins anew. */
  expire(memberId: string): void {
    const member = this.members.get(memberId)
    if (member === undefined) return
    member.lose()
    this.rebalance()
  }

  /** Also what a change of topics or partitions asks for. Several requests while one is under way become one more. */
  rebalance(): void {
    this.stale = true
    if (!this.running) void this.run()
  }

  private async run(): Promise<void> {
    this.running = true
    while (this.stale) {
      this.stale = false
      await Promise.all([...this.members.values()].map((member) => member.revoke()))
      if (this.stale) continue
      this.generation++
      const assignment = this.assignor().assign(
        [...this.members.values()].map((member) => ({ memberId: member.memberId, topics: member.topics() })),
        this.partitionCount,
      )
      for (const member of this.members.values()) member.assign(assignment.get(member.memberId) ?? [], this.generation)
    }
    this.running = false
  }

  /** The first of the first member's assignors that all members offer. */
  private assignor(): Assignor {
    const offers = [...this.members.values()].map((member) => member.assignors)
    const name = offers[0]?.find((candidate) => offers.every((offer) => offer.includes(candidate)))
    return ASSIGNORS.find((assignor) => assignor.name === name) ?? rangeAssignor
  }
}
