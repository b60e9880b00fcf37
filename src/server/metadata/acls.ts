/**
 * Access rules (KIP-11, KIP-290): who may do what to which resources from where. Kept by the resources that they are for,
 * so that those which concern one resource are found without a look at the others.
 */

export interface Acl {
  /** 22 characters of base64url. */
  readonly id: string
  /** As `ResourceType` of security/acl-words.ts numbers them. */
  readonly resourceType: number
  readonly resourceName: string
  /** 3 = the name itself, `*` for all; 4 = every name that begins so. */
  readonly patternType: number
  /** `User:alice`, or `User:*` for everyone. */
  readonly principal: string
  /** An address, or `*`. */
  readonly host: string
  readonly operation: number
  /** 2 = deny, 3 = allow. */
  readonly permissionType: number
}

export const PatternType = { literal: 3, prefixed: 4 } as const

const WILDCARD = '*'

interface OfType {
  readonly literal: Map<string, Acl[]>
  readonly prefixed: Map<string, Acl[]>
}

export interface Acls extends Iterable<Acl> {
  readonly size: number
  /** Those that concern this resource, in lists. */
  matching(resourceType: number, resourceName: string): Iterable<readonly Acl[]>
  ofType(resourceType: number): Iterable<Acl>
}

export class AclIndex implements Acls {
  private readonly byId = new Map<string, Acl>()
  private readonly byType = new Map<number, OfType>()

  get size(): number {
    return this.byId.size
  }

  [Symbol.iterator](): IterableIterator<Acl> {
    return this.byId.values()
  }

  get(id: string): Acl | undefined {
    return this.byId.get(id)
  }

  add(acl: Acl): void {
    this.remove(acl.id)
    this.byId.set(acl.id, acl)
    let ofType = this.byType.get(acl.resourceType)
    if (!ofType) this.byType.set(acl.resourceType, (ofType = { literal: new Map(), prefixed: new Map() }))
    const byName = listsOf(ofType, acl)
    byName.set(acl.resourceName, [...(byName.get(acl.resourceName) ?? []), acl])
  }

  remove(id: string): void {
    const acl = this.byId.get(id)
    if (!acl) return
    this.byId.delete(id)
    const byName = listsOf(this.byType.get(acl.resourceType)!, acl)
    const left = byName.get(acl.resourceName)!.filter((one) => one !== acl)
    if (left.length > 0) byName.set(acl.resourceName, left)
    else byName.delete(acl.resourceName)
  }

  *matching(resourceType: number, resourceName: string): Generator<readonly Acl[]> {
    const ofType = this.byType.get(resourceType)
    if (!ofType) return
    const literal = ofType.literal.get(resourceName)
    if (literal) yield literal
    const all = resourceName === WILDCARD ? undefined : ofType.literal.get(WILDCARD)
    if (all) yield all
    for (const [prefix, acls] of ofType.prefixed) if (resourceName.startsWith(prefix)) yield acls
  }

  *ofType(resourceType: number): Generator<Acl> {
    for (const acl of this.byId.values()) if (acl.resourceType === resourceType) yield acl
  }
}

const listsOf = (ofType: OfType, { patternType }: Acl): Map<string, Acl[]> =>
  patternType === PatternType.prefixed ? ofType.prefixed : ofType.literal
