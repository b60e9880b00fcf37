/**
 * The states of a classic group, and which may follow which.
 *
 *   Empty ──first join──▶ PreparingRebalance ──all joined, or time is up──▶ CompletingRebalance ──leader's sync──▶ Stable
 *     ▲                     │  ▲        ▲                                        │                                   │
 *     └──nobody is left─────┘  │        └──────a member comes, goes, changes─────┘                                   │
 *                              └─────────────────a member comes, goes, changes───────────────────────────────────────┘
 *
 * Deadlines are part of the state, so that leaving it ends them. Whoever holds a group decides when to look at them.
 */

export type ClassicState =
  | { readonly name: 'Empty' }
  | {
      readonly name: 'PreparingRebalance'
      readonly joinDeadlineMs: number
      /** Set while an empty group gathers its first members: it then waits, even when all that are known have joined. */
      readonly initial: InitialDelay | null
    }
  | { readonly name: 'CompletingRebalance'; readonly syncDeadlineMs: number }
  | {
      readonly name: 'Stable'
      /** Until when members that joined may still fetch their assignment; Infinity once all have. */
      readonly syncDeadlineMs: number
    }
  | { readonly name: 'Dead' }

export interface InitialDelay {
  readonly delayMs: number
  /** How much longer the delay may still grow. */
  readonly remainingMs: number
  /** A member came since the delay last began: it may grow. */
  readonly memberAdded: boolean
}

export type ClassicStateName = ClassicState['name']

export const mayBecome: Readonly<Record<ClassicStateName, readonly ClassicStateName[]>> = {
  Empty: ['PreparingRebalance', 'Dead'],
  PreparingRebalance: ['CompletingRebalance', 'Empty', 'Dead'],
  CompletingRebalance: ['Stable', 'PreparingRebalance', 'Dead'],
  Stable: ['PreparingRebalance', 'Dead'],
  Dead: [],
}
