/** SCRAM credentials of users, by mechanism (KIP-554): what proofs are checked against. */
import type { ScramCredential } from '../../net/index.js'

/** As Kafka numbers mechanisms. */
export const ScramMechanism = { 'SCRAM-SHA-256': 1, 'SCRAM-SHA-512': 2 } as const

export interface ScramUsersState {
  get(user: string, mechanism: number): ScramCredential | undefined
  /** A user's credentials by mechanism. */
  of(user: string): ReadonlyMap<number, ScramCredential>
  users(): Iterable<string>
}

const NONE: ReadonlyMap<number, ScramCredential> = new Map()

export class ScramCredentials implements ScramUsersState {
  private readonly byUser = new Map<string, Map<number, ScramCredential>>()

  get(user: string, mechanism: number): ScramCredential | undefined {
    return this.byUser.get(user)?.get(mechanism)
  }

  of(user: string): ReadonlyMap<number, ScramCredential> {
    return this.byUser.get(user) ?? NONE
  }

  users(): Iterable<string> {
    return this.byUser.keys()
  }

  set(user: string, mechanism: number, credential: ScramCredential): void {
    let own = this.byUser.get(user)
    if (!own) this.byUser.set(user, (own = new Map()))
    own.set(mechanism, credential)
  }

  delete(user: string, mechanism: number): void {
    const own = this.byUser.get(user)
    own?.delete(mechanism)
    if (own?.size === 0) this.byUser.delete(user)
  }
}
