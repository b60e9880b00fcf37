/** The wire and the disk format of Kafka, pure: bytes become typed values here. */
export * from './chunk-writer.js'
export * from './constants.js'
export * from './errors.js'
export * from './header.js'
export * as messages from './messages/index.js'
export { apiByKey, apis } from './messages/index.js'
export * from './messages/consumer-protocol.js'
export * from './records/index.js'
export {
  EncodeError,
  ZERO_UUID,
  type Api,
  type Decoded,
  type DecodedOf,
  type Draft,
  type DraftOf,
  type Message,
  type RequestOf,
  type ResponseOf,
  type Shape,
  type VersionRange,
} from './schema/index.js'
export * as stored from './stored/index.js'
