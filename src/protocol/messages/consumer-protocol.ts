/**
 * What the members of a classic consumer group tell each other inside JoinGroup and SyncGroup (protocol type `consumer`):
 * a version, then the message. Members of different versions share a group, so what is newer than known is read as the
 * highest version known; fields only ever come at the end.
 *
 * v1 owned partitions, for cooperative rebalancing (KIP-429) · v2 the generation they are from (KIP-792) · v3 rack (KIP-881).
 */
import { MalformedError, Reader, Writer } from '../../base/bytes.js'
import {
  array,
  arrayOf,
  bytes,
  int32,
  record,
  string,
  type Decoded,
  type Draft,
  type Message,
  type Shape,
} from '../schema/index.js'

const topicPartition = { topic: string, partitions: array(int32) }

export const consumerProtocolSubscription = record({
  name: 'ConsumerProtocolSubscription',
  versions: [0, 3],
  fields: {
    topics: array(string),
    userData: bytes.nullable().default(null),
    ownedPartitions: arrayOf(topicPartition).since(1).ignorable(),
    generationId: int32.since(2).default(-1).ignorable(),
    rackId: string.since(3).nullable().default(null).ignorable(),
  },
})

export const consumerProtocolAssignment = record({
  name: 'ConsumerProtocolAssignment',
  versions: [0, 3],
  fields: { assignedPartitions: arrayOf(topicPartition), userData: bytes.nullable().default(null) },
})

/** @param version default the highest */
export function encodeVersioned<S extends Shape>(
  message: Message<S>,
  value: Draft<S>,
  version = message.versions[1],
): Buffer {
  const writer = new Writer()
  writer.int16(version)
  message.write(writer, value, version)
  return writer.finish()
}

/** @throws MalformedError */
export function decodeVersioned<S extends Shape>(message: Message<S>, data: Buffer): Decoded<S> {
  const reader = new Reader(data)
  const version = reader.int16()
  const [lowest, highest] = message.versions
  if (version < lowest) throw new MalformedError(`${message.name} has no version ${version}`)
  return message.read(reader, Math.min(version, highest))
}
