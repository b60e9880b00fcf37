/** Numbers of the protocol, by the names that Java's classes give them. */

export interface Codes<Name extends string> {
  code(name: Name): number
  /** 'UNKNOWN' when this version of Kafka has no such number. */
  name(code: number): Name | 'UNKNOWN'
  readonly names: readonly Name[]
}

function codes<Name extends string>(table: Readonly<Record<Name, number>>): Codes<Name> {
  const names = Object.keys(table) as Name[]
  const byCode = new Map(names.map((name) => [table[name], name]))
  return { code: (name) => table[name], name: (code) => byCode.get(code) ?? 'UNKNOWN', names }
}

export type ConfigResourceType = 'TOPIC' | 'BROKER' | 'BROKER_LOGGER' | 'CLIENT_METRICS' | 'GROUP'
export const configResourceTypes = codes<ConfigResourceType>({
  TOPIC: 2,
  BROKER: 4,
  BROKER_LOGGER: 8,
  CLIENT_METRICS: 16,
  GROUP: 32,
})

export type ConfigSource =
  | 'DYNAMIC_TOPIC_CONFIG'
  | 'DYNAMIC_BROKER_CONFIG'
  | 'DYNAMIC_DEFAULT_BROKER_CONFIG'
  | 'STATIC_BROKER_CONFIG'
  | 'DEFAULT_CONFIG'
  | 'DYNAMIC_BROKER_LOGGER_CONFIG'
  | 'DYNAMIC_CLIENT_METRICS_CONFIG'
  | 'DYNAMIC_GROUP_CONFIG'
export const configSources = codes<ConfigSource>({
  DYNAMIC_TOPIC_CONFIG: 1,
  DYNAMIC_BROKER_CONFIG: 2,
  DYNAMIC_DEFAULT_BROKER_CONFIG: 3,
  STATIC_BROKER_CONFIG: 4,
  DEFAULT_CONFIG: 5,
  DYNAMIC_BROKER_LOGGER_CONFIG: 6,
  DYNAMIC_CLIENT_METRICS_CONFIG: 7,
  DYNAMIC_GROUP_CONFIG: 8,
})

export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD'
export const configTypes = codes<ConfigType>({
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
})

export type AlterConfigOpType = 'SET' | 'DELETE' | 'APPEND' | 'SUBTRACT'
export const alterConfigOpTypes = codes<AlterConfigOpType>({ SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 })

export type ResourceType = 'ANY' | 'TOPIC' | 'GROUP' | 'CLUSTER' | 'TRANSACTIONAL_ID' | 'DELEGATION_TOKEN' | 'USER'
export const resourceTypes = codes<ResourceType>({
  ANY: 1,
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
  USER: 7,
})

export type PatternType = 'ANY' | 'MATCH' | 'LITERAL' | 'PREFIXED'
export const patternTypes = codes<PatternType>({ ANY: 1, MATCH: 2, LITERAL: 3, PREFIXED: 4 })

export type AclOperation =
  | 'ANY'
  | 'ALL'
  | 'READ'
  | 'WRITE'
  | 'CREATE'
  | 'DELETE'
  | 'ALTER'
  | 'DESCRIBE'
  | 'CLUSTER_ACTION'
  | 'DESCRIBE_CONFIGS'
  | 'ALTER_CONFIGS'
  | 'IDEMPOTENT_WRITE'
  | 'CREATE_TOKENS'
  | 'DESCRIBE_TOKENS'
  | 'TWO_PHASE_COMMIT'
export const aclOperations = codes<AclOperation>({
  ANY: 1,
  ALL: 2,
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
  CREATE_TOKENS: 13,
  DESCRIBE_TOKENS: 14,
  TWO_PHASE_COMMIT: 15,
})

export type AclPermissionType = 'ANY' | 'DENY' | 'ALLOW'
export const aclPermissionTypes = codes<AclPermissionType>({ ANY: 1, DENY: 2, ALLOW: 3 })

export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
export const scramMechanisms = codes<ScramMechanism>({ 'SCRAM-SHA-256': 1, 'SCRAM-SHA-512': 2 })

export type ElectionType = 'PREFERRED' | 'UNCLEAN'
export const electionTypes = codes<ElectionType>({ PREFERRED: 0, UNCLEAN: 1 })

export type UpgradeType = 'UPGRADE' | 'SAFE_DOWNGRADE' | 'UNSAFE_DOWNGRADE'
export const upgradeTypes = codes<UpgradeType>({ UPGRADE: 1, SAFE_DOWNGRADE: 2, UNSAFE_DOWNGRADE: 3 })

const NOT_TOLD = -2_147_483_648

/** A bit for each operation; undefined when the broker did not tell. */
export function operationsIn(bits: number): AclOperation[] | undefined {
  if (bits === NOT_TOLD) return undefined
  return aclOperations.names.filter((name) => (bits & (1 << aclOperations.code(name))) !== 0)
}
