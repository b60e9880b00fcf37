/**
 * Metadata events: the records of `__cluster_metadata`, as Kafka lays them out. A record's value is a frame version (1),
 * the record type, the version of its layout, each an unsigned varint, and then the layout's fields.
 */
import { MalformedError, Reader, Writer } from '../../base/bytes.js'
import * as stored from '../../protocol/stored/index.js'
import type { DraftOf, Message, Shape } from '../../protocol/schema/index.js'

const FRAME_VERSION = 1

/** Types that this broker writes or reads, with the version that it writes: what metadata.version 4.3 asks for. */
const layouts = {
  RegisterBrokerRecord: { key: 0, writes: 4, message: stored.registerBrokerRecord },
  UnregisterBrokerRecord: { key: 1, writes: 0, message: stored.unregisterBrokerRecord },
  TopicRecord: { key: 2, writes: 0, message: stored.topicRecord },
  PartitionRecord: { key: 3, writes: 2, message: stored.partitionRecord },
  ConfigRecord: { key: 4, writes: 0, message: stored.configRecord },
  PartitionChangeRecord: { key: 5, writes: 2, message: stored.partitionChangeRecord },
  FenceBrokerRecord: { key: 7, writes: 0, message: stored.fenceBrokerRecord },
  UnfenceBrokerRecord: { key: 8, writes: 0, message: stored.unfenceBrokerRecord },
  RemoveTopicRecord: { key: 9, writes: 0, message: stored.removeTopicRecord },
  UserScramCredentialRecord: { key: 11, writes: 0, message: stored.userScramCredentialRecord },
  FeatureLevelRecord: { key: 12, writes: 0, message: stored.featureLevelRecord },
  ProducerIdsRecord: { key: 15, writes: 0, message: stored.producerIdsRecord },
  BrokerRegistrationChangeRecord: { key: 17, writes: 3, message: stored.brokerRegistrationChangeRecord },
  AccessControlEntryRecord: { key: 18, writes: 0, message: stored.accessControlEntryRecord },
  RemoveAccessControlEntryRecord: { key: 19, writes: 0, message: stored.removeAccessControlEntryRecord },
  NoOpRecord: { key: 20, writes: 0, message: stored.noOpRecord },
  RemoveUserScramCredentialRecord: { key: 22, writes: 0, message: stored.removeUserScramCredentialRecord },
  BeginTransactionRecord: { key: 23, writes: 0, message: stored.beginTransactionRecord },
  EndTransactionRecord: { key: 24, writes: 0, message: stored.endTransactionRecord },
  AbortTransactionRecord: { key: 25, writes: 0, message: stored.abortTransactionRecord },
  RegisterControllerRecord: { key: 27, writes: 0, message: stored.registerControllerRecord },
} as const

type Layouts = typeof layouts
export type EventType = keyof Layouts
export type EventValue<T extends EventType> = DraftOf<Layouts[T]['message']>

export type MetadataEvent = { [T in EventType]: { readonly type: T; readonly value: EventValue<T> } }[EventType]

export function encodeEvent(event: MetadataEvent): Buffer {
  const { key, writes, message } = layouts[event.type]
  const writer = new Writer(64)
  writer.uvarint(FRAME_VERSION)
  writer.uvarint(key)
  writer.uvarint(writes)
  ;(message as Message<Shape>).write(writer, event.value, writes)
  return writer.finish()
}

const byKey = new Map(
  Object.entries(layouts).map(([type, { key, message }]): [number, { type: string; message: Message<Shape> }] => [
    key,
    { type, message },
  ]),
)

/** undefined: a type that this broker has no use for. @throws MalformedError */
export function decodeEvent(value: Buffer): MetadataEvent | undefined {
  const reader = new Reader(value)
  const frame = reader.uvarint()
  if (frame !== FRAME_VERSION) throw new MalformedError(`a metadata record of frame version ${frame}`)
  const layout = byKey.get(reader.uvarint())
  const version = reader.uvarint()
  if (!layout) return undefined
  return { type: layout.type, value: layout.message.read(reader, version) } as MetadataEvent
}
