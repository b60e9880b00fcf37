/** SCRAM credentials, quotas and delegation tokens. */
import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { messages, type DecodedOf } from '../../../protocol/index.js'
import { answers, valueOr, type Answer } from './answer.js'
import { scramMechanisms, type ScramMechanism } from './codes.js'
import type { AdminRequests } from './requests.js'

export interface ScramCredentialInfo {
  readonly mechanism: ScramMechanism
  readonly iterations: number
}

export type UserScramCredentialAlteration =
  | { readonly user: string; readonly mechanism: ScramMechanism; readonly deletion: true }
  | {
      readonly user: string
      readonly mechanism: ScramMechanism
      readonly password: string | Buffer
      /** Default 4,096, which is the least. */
      readonly iterations?: number | undefined
      /** Default: random. */
      readonly salt?: Buffer | undefined
    }

export type QuotaEntityType = 'user' | 'client-id' | 'ip'

/** A name for each type that plays; null is the type's default. */
export type ClientQuotaEntity = Readonly<Partial<Record<QuotaEntityType, string | null>>>

export interface ClientQuotaFilterComponent {
  readonly entityType: QuotaEntityType
  /** A name; null: the default; left out: any that is set. */
  readonly match?: string | null | undefined
}

export interface ClientQuotaAlteration {
  readonly entity: ClientQuotaEntity
  /** By key, e.g. `producer_byte_rate`; null takes the quota away. */
  readonly ops: Readonly<Record<string, number | null>>
}

export interface KafkaPrincipal {
  readonly principalType: string
  readonly name: string
}

export interface DelegationToken {
  readonly tokenId: string
  readonly hmac: Buffer
  readonly owner: KafkaPrincipal
  readonly tokenRequester: KafkaPrincipal
  readonly renewers: readonly KafkaPrincipal[]
  /** Epoch milliseconds. */
  readonly issueTimestamp: number
  readonly expiryTimestamp: number
  readonly maxTimestamp: number
}

const MATCH_EXACT = 0
const MATCH_DEFAULT = 1
const MATCH_SPECIFIED = 2
const ITERATIONS = 4_096
const SALT_BYTES = 24
const derive = promisify(pbkdf2)

type TokenAnswer = DecodedOf<typeof messages.describeDelegationToken.response>['tokens'][number]

export function userAdmin(requests: AdminRequests) {
  const { random } = requests.cluster.context

  return {
    /** @param users default all that have credentials */
    async describeUserScramCredentials(
      users?: readonly string[],
    ): Promise<Answer<{ readonly user: string }, { readonly credentialInfos: readonly ScramCredentialInfo[] }>[]> {
      const answer = await requests.ask(messages.describeUserScramCredentials, {
        users: users?.map((name) => ({ name })) ?? null,
      })
      return answers(
        answer.results.map(({ user }) => ({ user })),
        answer.results.map(({ user, errorCode, errorMessage, credentialInfos }) =>
          valueOr(errorCode, user, errorMessage, () => ({
            credentialInfos: credentialInfos.map(({ mechanism, iterations }) => ({
              mechanism: scramMechanisms.name(mechanism) as ScramMechanism,
              iterations,
            })),
          })),
        ),
      )
    },

    /** Passwords are salted here: brokers never see them. Apache Kafka takes one alteration of a user at a time. */
    async alterUserScramCredentials(
      alterations: readonly UserScramCredentialAlteration[],
    ): Promise<Answer<{ readonly user: string }>[]> {
      const users = [...new Set(alterations.map(({ user }) => user))]
      const upsertions = await Promise.all(
        alterations.flatMap((alteration) => ('deletion' in alteration ? [] : [upsertion(alteration, random.bytes)])),
      )
      const deletions = alterations
        .filter((alteration) => 'deletion' in alteration)
        .map(({ user, mechanism }) => ({ name: user, mechanism: scramMechanisms.code(mechanism) }))
      const got = await requests.each('AlterUserScramCredentials', users, {
        target: () => undefined,
        ask: async (peer, asked) => {
          const answer = await peer.send(messages.alterUserScramCredentials, {
            deletions: deletions.filter(({ name }) => asked.includes(name)),
            upsertions: upsertions.filter(({ name }) => asked.includes(name)),
          })
          return asked.map((user) => {
            const { errorCode, errorMessage } = answer.results.find((each) => each.user === user)!
            return valueOr(errorCode, user, errorMessage, () => ({}))
          })
        },
      })
      return answers(
        users.map((user) => ({ user })),
        got,
      )
    },

    /** @param strict only entities that have no other component than those of the filter */
    async describeClientQuotas(
      filter: readonly ClientQuotaFilterComponent[] = [],
      options: { readonly strict?: boolean | undefined } = {},
    ): Promise<{ readonly entity: ClientQuotaEntity; readonly quotas: Readonly<Record<string, number>> }[]> {
      const answer = await requests.ask(messages.describeClientQuotas, {
        components: filter.map(({ entityType, match }) => ({
          entityType,
          matchType: match === undefined ? MATCH_SPECIFIED : match === null ? MATCH_DEFAULT : MATCH_EXACT,
          match: match ?? null,
        })),
        strict: options.strict ?? false,
      })
      return (answer.entries ?? []).map(({ entity, values }) => ({
        entity: Object.fromEntries(entity.map(({ entityType, entityName }) => [entityType, entityName])),
        quotas: Object.fromEntries(values.map(({ key, value }) => [key, value])),
      }))
    },

    async alterClientQuotas(
      alterations: readonly ClientQuotaAlteration[],
      options: { readonly validateOnly?: boolean | undefined } = {},
    ): Promise<Answer<ClientQuotaAlteration>[]> {
      const got = await requests.each('AlterClientQuotas', alterations, {
        target: () => undefined,
        ask: async (peer, asked) => {
          const answer = await peer.send(messages.alterClientQuotas, {
            entries: asked.map(({ entity, ops }) => ({
              entity: entityDraft(entity),
              ops: Object.entries(ops).map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
            })),
            validateOnly: options.validateOnly ?? false,
          })
          return asked.map(({ entity }) => {
            const told = answer.entries.find((each) => isSameEntity(entity, each.entity))!
            return valueOr(told.errorCode, JSON.stringify(entity), told.errorMessage, () => ({}))
          })
        },
      })
      return answers(alterations, got)
    },

    /** @throws DriverError */
    async createDelegationToken(
      options: {
        /** Default: who is connected. */
        readonly owner?: KafkaPrincipal | undefined
        readonly renewers?: readonly KafkaPrincipal[] | undefined
        /** Default: the broker's `delegation.token.max.lifetime.ms`. */
        readonly maxLifetimeMs?: number | undefined
      } = {},
    ): Promise<DelegationToken> {
      const { owner, renewers = [], maxLifetimeMs = -1 } = options
      const answer = await requests.ask(messages.createDelegationToken, (version) => ({
        ownerPrincipalType: version >= 3 ? (owner?.principalType ?? null) : '',
        ownerPrincipalName: version >= 3 ? (owner?.name ?? null) : '',
        renewers: renewers.map(principalDraft),
        maxLifetimeMs,
      }))
      return toToken({
        ...answer,
        issueTimestamp: answer.issueTimestampMs,
        expiryTimestamp: answer.expiryTimestampMs,
        maxTimestamp: answer.maxTimestampMs,
        renewers: renewers.map(principalDraft),
      })
    },

    /** @returns when it ends now, epoch milliseconds. @throws DriverError */
    async renewDelegationToken(
      hmac: Buffer,
      options: { readonly renewTimePeriodMs?: number | undefined } = {},
    ): Promise<number> {
      const renewPeriodMs = options.renewTimePeriodMs ?? -1
      return (await requests.ask(messages.renewDelegationToken, { hmac, renewPeriodMs })).expiryTimestampMs
    },

    /** @param options.expiryTimePeriodMs default: at once. @returns when it ends, epoch milliseconds. @throws DriverError */
    async expireDelegationToken(
      hmac: Buffer,
      options: { readonly expiryTimePeriodMs?: number | undefined } = {},
    ): Promise<number> {
      const expiryTimePeriodMs = options.expiryTimePeriodMs ?? -1
      return (await requests.ask(messages.expireDelegationToken, { hmac, expiryTimePeriodMs })).expiryTimestampMs
    },

    /** @param owners default: all that we may see */
    async describeDelegationToken(owners?: readonly KafkaPrincipal[]): Promise<DelegationToken[]> {
      const answer = await requests.ask(messages.describeDelegationToken, {
        owners: owners?.map(principalDraft) ?? null,
      })
      return answer.tokens.map(toToken)
    },
  }
}

async function upsertion(
  alteration: Exclude<UserScramCredentialAlteration, { deletion: true }>,
  newSalt: (bytes: number) => Buffer,
) {
  const { user, mechanism, password, iterations = ITERATIONS, salt = newSalt(SALT_BYTES) } = alteration
  const [hash, bytes] = mechanism === 'SCRAM-SHA-256' ? (['sha256', 32] as const) : (['sha512', 64] as const)
  const plain = typeof password === 'string' ? password.normalize('NFKC') : password
  const saltedPassword = await derive(plain, salt, iterations, bytes, hash)
  return { name: user, mechanism: scramMechanisms.code(mechanism), iterations, salt, saltedPassword }
}

const entityDraft = (entity: ClientQuotaEntity) =>
  Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName: entityName ?? null }))

function isSameEntity(
  entity: ClientQuotaEntity,
  told: readonly { readonly entityType: string; readonly entityName: string | null }[],
): boolean {
  const own = entityDraft(entity)
  return (
    own.length === told.length &&
    own.every((one) => told.some((other) => other.entityType === one.entityType && other.entityName === one.entityName))
  )
}

const principalDraft = ({ principalType, name }: KafkaPrincipal) => ({ principalType, principalName: name })

function toToken(told: TokenAnswer): DelegationToken {
  const principal = (principalType: string, name: string): KafkaPrincipal => ({ principalType, name })
  return {
    tokenId: told.tokenId,
    hmac: told.hmac,
    owner: principal(told.principalType, told.principalName),
    tokenRequester: principal(told.tokenRequesterPrincipalType, told.tokenRequesterPrincipalName),
    renewers: told.renewers.map(({ principalType, principalName }) => principal(principalType, principalName)),
    issueTimestamp: told.issueTimestamp,
    expiryTimestamp: told.expiryTimestamp,
    maxTimestamp: told.maxTimestamp,
  }
}
