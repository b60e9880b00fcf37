/**
 * What a member of the metadata quorum must not forget: the leader and epoch it knows, and whom it voted for. Kafka keeps
 * it in the file `quorum-state` beside the metadata log, as JSON with its version in `data_version`.
 */
import { MalformedError } from '../../base/bytes.js'
import { arrayOf, int32, int64, record, string, uuid, ZERO_UUID, type DecodedOf } from '../schema/index.js'

export const quorumStateData = record({
  name: 'QuorumStateData',
  versions: [0, 1],
  flexible: 0,
  fields: {
    clusterId: string.until(0),
    leaderId: int32.default(-1),
    leaderEpoch: int32.default(-1),
    votedId: int32.default(-1),
    votedDirectoryId: uuid.since(1),
    appliedOffset: int64.until(0),
    currentVoters: arrayOf({ voterId: int32 }).until(0).nullable(),
  },
})

/** The part that both versions have; version 0 knows no directories, and its voters are found in the log since. */
export type QuorumState = Pick<
  DecodedOf<typeof quorumStateData>,
  'leaderId' | 'leaderEpoch' | 'votedId' | 'votedDirectoryId'
>

/** Always version 1. */
export function writeQuorumState({ leaderId, leaderEpoch, votedId, votedDirectoryId }: QuorumState): string {
  return JSON.stringify({ leaderId, leaderEpoch, votedId, votedDirectoryId, data_version: 1 })
}

/** @throws MalformedError */
export function readQuorumState(text: string): QuorumState {
  const json = parse(text)
  const version = integer(json, 'data_version')
  if (version !== 0 && version !== 1) throw new MalformedError(`quorum-state has version ${version}; 0 and 1 are known`)
  const voted = json['votedDirectoryId']
  return {
    leaderId: integer(json, 'leaderId'),
    leaderEpoch: integer(json, 'leaderEpoch'),
    votedId: integer(json, 'votedId'),
    votedDirectoryId: typeof voted === 'string' ? voted : ZERO_UUID,
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    throw new MalformedError(`quorum-state is not JSON: ${(error as Error).message}`)
  }
}

function integer(json: Record<string, unknown>, name: string): number {
  const value = json[name]
  if (!Number.isSafeInteger(value)) throw new MalformedError(`quorum-state has no number ${name}`)
  return value as number
}
