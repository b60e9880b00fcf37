/**
 * Until when the members of a group must be heard of: `session` by any heartbeat; `rebalance` by one that confirms what it
 * has let go; members of the classic protocol also by a `join` when they are told to, and by a `sync` after it. Soft: made
 * anew when the group is loaded.
 */

export type DeadlineKind = 'session' | 'rebalance' | 'join' | 'sync'

export interface Due {
  readonly memberId: string
  readonly kind: DeadlineKind
}

export class MemberDeadlines {
  private readonly byMember = new Map<string, Map<DeadlineKind, number>>()

  set(memberId: string, kind: DeadlineKind, atMs: number): void {
    let deadlines = this.byMember.get(memberId)
    if (!deadlines) this.byMember.set(memberId, (deadlines = new Map()))
    deadlines.set(kind, atMs)
  }

  setIfAbsent(memberId: string, kind: DeadlineKind, atMs: number): void {
    if (!this.byMember.get(memberId)?.has(kind)) this.set(memberId, kind, atMs)
  }

  clear(memberId: string, kind: DeadlineKind): void {
    this.byMember.get(memberId)?.delete(kind)
  }

  forget(memberId: string): void {
    this.byMember.delete(memberId)
  }

  get nextMs(): number {
    let next = Infinity
    for (const deadlines of this.byMember.values()) for (const atMs of deadlines.values()) next = Math.min(next, atMs)
    return next
  }

  /** One of each member's deadlines that have come. */
  due(nowMs: number): Due[] {
    const out: Due[] = []
    for (const [memberId, deadlines] of this.byMember) {
      for (const [kind, atMs] of deadlines) {
        if (atMs > nowMs) continue
        out.push({ memberId, kind })
        break
      }
    }
    return out
  }
}
