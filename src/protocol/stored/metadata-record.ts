/**
 * The frame of a record in the metadata log: uvarint frame version (1), uvarint type, uvarint version, body. Keys are null.
 */
import { MalformedError, Reader, Writer } from '../../base/bytes.js'
import type { DecodedOf, DraftOf } from '../schema/index.js'
import * as layouts from './metadata-records.js'

const FRAME_VERSION = 1

/** Type numbers of metadata records, as Kafka gives them. */
export const metadataRecordTypes = {
  0: layouts.registerBrokerRecord,
  1: layouts.unregisterBrokerRecord,
  2: layouts.topicRecord,
  3: layouts.partitionRecord,
  4: layouts.configRecord,
  5: layouts.partitionChangeRecord,
  7: layouts.fenceBrokerRecord,
  8: layouts.unfenceBrokerRecord,
  9: layouts.removeTopicRecord,
  10: layouts.delegationTokenRecord,
  11: layouts.userScramCredentialRecord,
  12: layouts.featureLevelRecord,
  14: layouts.clientQuotaRecord,
  15: layouts.producerIdsRecord,
  17: layouts.brokerRegistrationChangeRecord,
  18: layouts.accessControlEntryRecord,
  19: layouts.removeAccessControlEntryRecord,
  20: layouts.noOpRecord,
  22: layouts.removeUserScramCredentialRecord,
  23: layouts.beginTransactionRecord,
  24: layouts.endTransactionRecord,
  25: layouts.abortTransactionRecord,
  26: layouts.removeDelegationTokenRecord,
  27: layouts.registerControllerRecord,
  28: layouts.clearElrRecord,
} as const

type Types = typeof metadataRecordTypes

/** A metadata record with its type number; the body is what the layout decodes to. */
export type MetadataRecord = {
  [T in keyof Types]: { readonly type: T; readonly body: DecodedOf<Types[T]> }
}[keyof Types]

export function encodeMetadataRecord<T extends keyof Types>(
  type: T,
  body: DraftOf<Types[T]>,
  version: number = metadataRecordTypes[type].versions[1],
): Buffer {
  const writer = new Writer(64)
  writer.uvarint(FRAME_VERSION)
  writer.uvarint(type)
  writer.uvarint(version)
  metadataRecordTypes[type].write(writer, body as never, version)
  return writer.finish()
}

/** Throws MalformedError for a frame or a type that this version does not know. */
export function decodeMetadataRecord(value: Buffer): MetadataRecord {
  const reader = new Reader(value)
  const frame = reader.uvarint()
  if (frame !== FRAME_VERSION)
    throw new MalformedError(`metadata record with frame version ${frame}, known is ${FRAME_VERSION}`)
  const type = reader.uvarint()
  const version = reader.uvarint()
  const layout = metadataRecordTypes[type as keyof Types]
  if (!layout || version > layout.versions[1]) {
    throw new MalformedError(`metadata record of type ${type} version ${version} is not known`)
  }
  return { type, body: layout.read(reader, version) } as MetadataRecord
}
