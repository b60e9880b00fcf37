/** What the sender of one request may do: the authorizer's answers, with the sender and the resource types filled in. */
import type { ErrorCode } from '../../../protocol/errors.js'
import { ErrorCode as Code } from '../../../protocol/errors.js'
import { CLUSTER_NAME, ResourceType } from '../acl-words.js'
import type { Asker, Authorizer } from '../authorizer.js'

export class Access {
  constructor(
    private readonly authorizer: Authorizer,
    private readonly asker: Asker,
  ) {}

  topic(operation: number, name: string): boolean {
    return this.authorizer.allows(this.asker, operation, ResourceType.topic, name)
  }

  group(operation: number, id: string): boolean {
    return this.authorizer.allows(this.asker, operation, ResourceType.group, id)
  }

  transactionalId(operation: number, id: string): boolean {
    return this.authorizer.allows(this.asker, operation, ResourceType.transactionalId, id)
  }

  cluster(operation: number): boolean {
    return this.authorizer.allows(this.asker, operation, ResourceType.cluster, CLUSTER_NAME)
  }

  /** On some topic, whichever. */
  someTopic(operation: number): boolean {
    return this.authorizer.allowsSome(this.asker, operation, ResourceType.topic)
  }

  /** Of these operations, given as bits, those that are allowed on the resource (KIP-430). */
  allowedBits(bits: number, resourceType: number, name: string): number {
    let allowed = 0
    for (let operation = 0; operation < 31; operation++) {
      const bit = 2 ** operation
      if ((bits & bit) !== 0 && this.authorizer.allows(this.asker, operation, resourceType, name)) allowed += bit
    }
    return allowed
  }
}

/** What a refusal is called, by what it is about; undefined: it is none. */
export const denied = {
  topic: (isAllowed: boolean): Denial => (isAllowed ? undefined : Code.TOPIC_AUTHORIZATION_FAILED),
  group: (isAllowed: boolean): Denial => (isAllowed ? undefined : Code.GROUP_AUTHORIZATION_FAILED),
  transactionalId: (isAllowed: boolean): Denial => (isAllowed ? undefined : Code.TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
  cluster: (isAllowed: boolean): Denial => (isAllowed ? undefined : Code.CLUSTER_AUTHORIZATION_FAILED),
}

export type Denial = ErrorCode | undefined
