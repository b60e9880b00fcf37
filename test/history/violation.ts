import type { Indexed } from './indexed.js'

export type ViolationKind =
  | 'acknowledged write lost'
  | 'refused write there'
  | 'offset with two values'
  | 'out of order'
  | 'never sent'
  | 'written twice'
  | 'output twice'
  | 'output missing'
  | 'aborted record seen'
  | 'read before commit'
  | 'transaction torn'
  | 'went back'
  | 'skipped'
  | 'not delivered'
  | 'committed offset lost'

export interface Violation {
  readonly kind: ViolationKind
  readonly where: string
  readonly what: string
}

export type Rule = (facts: Indexed) => Violation[]
