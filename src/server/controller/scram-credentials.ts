/**
 * Decides on SCRAM credentials (KIP-554): a user is changed once in a request, or not at all. Clients salt the password;
 * what is written down can check a proof and not give one.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { scramHash, scramKeys, type ScramMechanismName } from '../../net/index.js'
import { ScramMechanism } from '../metadata/scram-credentials.js'
import type { MetadataEvent } from '../metadata/events.js'
import type { MetadataImage } from '../metadata/metadata-image.js'
import type { AlterScramRequest, Outcome, ScramDeletion, ScramUpsertion } from './controller.js'
import { outcomeOf, Refusal, type ClusterDecision } from './decisions.js'

const ITERATIONS_MIN = 4096
const ITERATIONS_MAX = 16_384

const NAMES = new Map<number, ScramMechanismName>(
  Object.entries(ScramMechanism).map(([name, number]) => [number, name as ScramMechanismName]),
)

/** One outcome per user. */
export type AlterScramAnswer = ReadonlyMap<string, Outcome<object>>

export function decideAlterScram(image: MetadataImage, request: AlterScramRequest): ClusterDecision<AlterScramAnswer> {
  const events: MetadataEvent[] = []
  const answer = new Map<string, Outcome<object>>()
  const all = [...request.deletions, ...request.upsertions]
  const isTwice = (user: string): boolean => all.filter(({ name }) => name === user).length > 1
  const take = (user: string, decide: () => MetadataEvent): void => {
    // a user of whom one change is refused is not changed at all
    if ((answer.get(user)?.errorCode ?? ErrorCode.NONE) !== ErrorCode.NONE) return
    answer.set(
      user,
      outcomeOf(() => {
        if (isTwice(user)) {
          throw new Refusal(ErrorCode.DUPLICATE_RESOURCE, 'a user may be changed once in a request')
        }
        events.push(decide())
        return {}
      }),
    )
  }
  for (const deletion of request.deletions) take(deletion.name, () => removal(image, deletion))
  for (const upsertion of request.upsertions) take(upsertion.name, () => credential(upsertion))
  const isGood = (event: MetadataEvent): boolean =>
    (event.type === 'UserScramCredentialRecord' || event.type === 'RemoveUserScramCredentialRecord') &&
    answer.get(event.value.name)?.errorCode === ErrorCode.NONE
  return { events: events.filter(isGood), answer }
}

function check(name: string, mechanism: number): ScramMechanismName {
  if (name === '') throw new Refusal(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'a user must have a name')
  const known = NAMES.get(mechanism)
  if (!known) throw new Refusal(ErrorCode.UNSUPPORTED_SASL_MECHANISM, `there is no SCRAM mechanism ${mechanism}`)
  return known
}

function removal(image: MetadataImage, { name, mechanism }: ScramDeletion): MetadataEvent {
  check(name, mechanism)
  if (!image.scram.get(name, mechanism)) {
    throw new Refusal(ErrorCode.RESOURCE_NOT_FOUND, 'there is no such credential')
  }
  return { type: 'RemoveUserScramCredentialRecord', value: { name, mechanism } }
}

function credential({ name, mechanism, iterations, salt, saltedPassword }: ScramUpsertion): MetadataEvent {
  const known = check(name, mechanism)
  if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX) {
    throw new Refusal(
      ErrorCode.UNACCEPTABLE_CREDENTIAL,
      `iterations must be from ${ITERATIONS_MIN} to ${ITERATIONS_MAX}, not ${iterations}`,
    )
  }
  if (salt.length === 0 || saltedPassword.length === 0) {
    throw new Refusal(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'salt and salted password must not be empty')
  }
  const keys = scramKeys(scramHash(known), saltedPassword)
  return { type: 'UserScramCredentialRecord', value: { name, mechanism, salt, iterations, ...keys } }
}
