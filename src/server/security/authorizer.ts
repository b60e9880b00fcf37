/**
 * Who may do what, as Kafka's StandardAuthorizer decides it: super users may do everything; then a rule that denies counts
 * before all that allow; and where no rule is for a resource at all, `allow.everyone.if.no.acl.found` says.
 *
 * READ, WRITE, DELETE and ALTER imply DESCRIBE, and ALTER_CONFIGS implies DESCRIBE_CONFIGS, in what they allow and not in
 * what they deny.
 */
import type { BrokerSettings } from '../config/broker-settings.js'
import { SettingError } from '../config/setting.js'
import { PatternType, type Acl, type Acls } from '../metadata/acls.js'
import { Operation, Permission } from './acl-words.js'

/** Who asks, and from where. */
export interface Asker {
  readonly principal: string
  readonly clientHost: string
}

export interface Authorizer {
  allows(asker: Asker, operation: number, resourceType: number, resourceName: string): boolean
  /** Whether there is any resource of the type, be it yet to come, on which this is allowed (KIP-679). */
  allowsSome(asker: Asker, operation: number, resourceType: number): boolean
}

export interface AuthorizerRules {
  readonly superUsers: ReadonlySet<string>
  readonly allowsIfNoAcl: boolean
}

const STANDARD = 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'
const ANYONE = 'User:*'
const ANYWHERE = '*'

const IMPLY_DESCRIBE: ReadonlySet<number> = new Set([
  Operation.describe,
  Operation.read,
  Operation.write,
  Operation.delete,
  Operation.alter,
])

/** @returns undefined when no authorizer is set: then everything is allowed. @throws SettingError */
export function authorizerRules(settings: BrokerSettings): AuthorizerRules | undefined {
  const name = settings.string('authorizer.class.name')
  if (name === '') return undefined
  if (name !== STANDARD) {
    throw new SettingError(`Invalid value '${name}' for authorizer.class.name: what is built in is ${STANDARD}`)
  }
  const superUsers = (settings.foreign('super.users') ?? '')
    .split(';')
    .map((user) => user.trim())
    .filter((user) => user !== '')
  const wrong = superUsers.find((user) => !/^[^:]+:.+$/.test(user))
  if (wrong !== undefined) {
    throw new SettingError(`Invalid value '${wrong}' for super.users: it must be Type:name, e.g. User:admin`)
  }
  const open = settings.foreign('allow.everyone.if.no.acl.found')?.trim().toLowerCase() === 'true'
  return { superUsers: new Set(superUsers), allowsIfNoAcl: open }
}

export function standardAuthorizer({ superUsers, allowsIfNoAcl }: AuthorizerRules, acls: Acls): Authorizer {
  return {
    allows(asker, operation, resourceType, resourceName) {
      if (superUsers.has(asker.principal)) return true
      let concerned = false
      let allowed = false
      for (const list of acls.matching(resourceType, resourceName)) {
        concerned = true
        for (const acl of list) {
          if (!isFor(acl, asker)) continue
          if (acl.permissionType === Permission.deny) {
            if (acl.operation === operation || acl.operation === Operation.all) return false
          } else if (!allowed) {
            allowed = allowsOperation(acl.operation, operation)
          }
        }
      }
      return concerned ? allowed : allowsIfNoAcl
    },

    allowsSome(asker, operation, resourceType) {
      if (superUsers.has(asker.principal)) return true
      const own = [...acls.ofType(resourceType)].filter((acl) => isFor(acl, asker))
      const denied = own.filter(
        (acl) =>
          acl.permissionType === Permission.deny && (acl.operation === operation || acl.operation === Operation.all),
      )
      if (denied.some(isForAllNames)) return false
      const allowed = own.filter(
        (acl) => acl.permissionType === Permission.allow && allowsOperation(acl.operation, operation),
      )
      return allowsIfNoAcl || allowed.some((acl) => !denied.some((denial) => covers(denial, acl)))
    },
  }
}

const isFor = ({ principal, host }: Acl, asker: Asker): boolean =>
  (principal === asker.principal || principal === ANYONE) && (host === asker.clientHost || host === ANYWHERE)

function allowsOperation(given: number, asked: number): boolean {
  if (given === asked || given === Operation.all) return true
  if (asked === Operation.describe) return IMPLY_DESCRIBE.has(given)
  return asked === Operation.describeConfigs && given === Operation.alterConfigs
}

const isForAllNames = ({ patternType, resourceName }: Acl): boolean =>
  patternType === PatternType.literal && resourceName === '*'

/** Whatever the one rule is for, the other is for it too. */
function covers(denial: Acl, allowance: Acl): boolean {
  if (denial.patternType === PatternType.prefixed) {
    return !isForAllNames(allowance) && allowance.resourceName.startsWith(denial.resourceName)
  }
  return allowance.patternType === PatternType.literal && denial.resourceName === allowance.resourceName
}
