/**
 * Control records: the end markers of transactions, and what a metadata log says about its own leaders, voters and
 * snapshots. A control batch has one record of these (snapshots have several in a row); they take up offsets, and no
 * application ever sees them. The key is a version and a type; values are messages whose first field is their version,
 * but for end markers, which have it in front.
 */
import { MalformedError, Reader, Writer } from '../../base/bytes.js'
import {
  arrayOf,
  int16,
  int32,
  int64,
  record,
  string,
  struct,
  uint16,
  uuid,
  type Decoded,
  type Draft,
  type Message,
  type Shape,
} from '../schema/index.js'
import { BatchBuilder } from './batch-builder.js'
import { NO_SEQUENCE } from './batch.js'

export const ControlType = {
  ABORT: 0,
  COMMIT: 1,
  LEADER_CHANGE: 2,
  SNAPSHOT_HEADER: 3,
  SNAPSHOT_FOOTER: 4,
  KRAFT_VERSION: 5,
  KRAFT_VOTERS: 6,
} as const

export type ControlType = (typeof ControlType)[keyof typeof ControlType]

const KEY_VERSION = 0

export function encodeControlKey(type: ControlType): Buffer {
  const writer = new Writer(4)
  writer.int16(KEY_VERSION)
  writer.int16(type)
  return writer.finish()
}

/** The type's number; newer versions of the key may go on after it. @throws MalformedError */
export function controlTypeOf(key: Buffer | null): number {
  if (key === null) throw new MalformedError('a control record has no key')
  const reader = new Reader(key)
  const version = reader.int16()
  if (version < KEY_VERSION) throw new MalformedError(`a control record of version ${version}`)
  return reader.int16()
}

// ── end markers of transactions ─────────────────────────────────────────────────────────────────────────────────────

const END_MARKER_VERSION = 0

export interface EndMarker {
  readonly producerId: number
  readonly producerEpoch: number
  readonly committed: boolean
  readonly coordinatorEpoch: number
  readonly timestampMs: number
}

/** The batch that ends a producer's transaction in a partition. */
export function endMarkerBatch(marker: EndMarker, baseOffset = 0, partitionLeaderEpoch = -1): Buffer {
  const value = new Writer(6)
  value.int16(END_MARKER_VERSION)
  value.int32(marker.coordinatorEpoch)
  const batch = new BatchBuilder({ baseOffset, partitionLeaderEpoch, control: true }, 128)
  const key = encodeControlKey(marker.committed ? ControlType.COMMIT : ControlType.ABORT)
  batch.append({ key, value: value.finish(), timestampMs: marker.timestampMs })
  const { producerId, producerEpoch } = marker
  return batch.finish({ producerId, producerEpoch, baseSequence: NO_SEQUENCE, transactional: true })
}

/** Epoch of the transaction coordinator, from an end marker's value. @throws MalformedError */
export function coordinatorEpochOf(value: Buffer | null): number {
  if (value === null) throw new MalformedError('an end marker has no value')
  const reader = new Reader(value)
  reader.skip(2)
  return reader.int32()
}

// ── records of a metadata log ───────────────────────────────────────────────────────────────────────────────────────

const voter = { voterId: int32, voterDirectoryId: uuid.since(1) }

export const leaderChangeMessage = record({
  name: 'LeaderChangeMessage',
  versions: [0, 1],
  flexible: 0,
  fields: { version: int16, leaderId: int32, voters: arrayOf(voter), grantingVoters: arrayOf(voter) },
})

export const snapshotHeaderRecord = record({
  name: 'SnapshotHeaderRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { version: int16, lastContainedLogTimestamp: int64 },
})

export const snapshotFooterRecord = record({
  name: 'SnapshotFooterRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { version: int16 },
})

export const kraftVersionRecord = record({
  name: 'KRaftVersionRecord',
  versions: [0, 0],
  flexible: 0,
  fields: { version: int16, kraftVersion: int16 },
})

export const votersRecord = record({
  name: 'VotersRecord',
  versions: [0, 0],
  flexible: 0,
  fields: {
    version: int16,
    voters: arrayOf({
      voterId: int32,
      voterDirectoryId: uuid,
      endpoints: arrayOf({ name: string, host: string, port: uint16 }),
      kraftVersionFeature: struct({ minSupportedVersion: int16, maxSupportedVersion: int16 }),
    }),
  },
})

export interface ControlBatchPlace {
  readonly baseOffset: number
  readonly leaderEpoch: number
  readonly timestampMs: number
}

type Versioned = Shape & { readonly version: typeof int16 }

/** A control batch of one record of a metadata log. */
export function controlBatch<S extends Versioned>(
  type: ControlType,
  message: Message<S>,
  value: Draft<S> & { readonly version: number },
  place: ControlBatchPlace,
): Buffer {
  const batch = new BatchBuilder({
    baseOffset: place.baseOffset,
    partitionLeaderEpoch: place.leaderEpoch,
    control: true,
  })
  const body = message.encode(value, value.version)
  batch.append({ key: encodeControlKey(type), value: body, timestampMs: place.timestampMs })
  return batch.finish()
}

/** Reads a value of a metadata log's control record by the version that it begins with. @throws MalformedError */
export function decodeControlValue<S extends Versioned>(message: Message<S>, value: Buffer): Decoded<S> {
  const version = new Reader(value).int16()
  const [lowest, highest] = message.versions
  if (version < lowest) throw new MalformedError(`${message.name} has no version ${version}`)
  // newer versions only add tagged fields
  return message.decode(value, Math.min(version, highest))
}
