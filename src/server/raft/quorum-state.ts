/**
 * `quorum-state`: which epoch the metadata log is in and who leads it, as Kafka's raft keeps it beside the log, in the
 * form of its JSON. One node is its own quorum: every start is an election that it wins, so every start begins an epoch.
 */
import { replaceFile, type Disk } from '../disk/disk.js'
import { StartError } from '../running-broker.js'

export const QUORUM_STATE = 'quorum-state'

export interface QuorumState {
  readonly leaderId: number
  readonly leaderEpoch: number
}

/** @throws StartError when the file can't be understood */
export function readQuorumState(disk: Disk, logDirectory: string): QuorumState | undefined {
  const path = `${logDirectory}/${QUORUM_STATE}`
  const content = disk.readFile(path)
  if (content === undefined) return undefined
  try {
    const { leaderId, leaderEpoch } = JSON.parse(content.toString('utf8')) as Record<string, unknown>
    if (typeof leaderId === 'number' && typeof leaderEpoch === 'number') return { leaderId, leaderEpoch }
  } catch {
    // said below
  }
  throw new StartError(`${path} is damaged. Use another data directory, or restore the file`)
}

export async function writeQuorumState(disk: Disk, logDirectory: string, state: QuorumState): Promise<void> {
  const content = {
    clusterId: '',
    leaderId: state.leaderId,
    leaderEpoch: state.leaderEpoch,
    votedId: -1,
    appliedOffset: 0,
    currentVoters: [{ voterId: state.leaderId }],
    data_version: 0,
  }
  await replaceFile(disk, `${logDirectory}/${QUORUM_STATE}`, Buffer.from(JSON.stringify(content)))
}
