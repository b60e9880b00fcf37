/**
 * Frames: a header, then the message. Requests have header version 1, or 2 (with tagged fields) where the message is
 * flexible; responses 0 or 1 likewise. Two exceptions hold: the client id is a plain string in every version, and the
 * answer to ApiVersions has header 0 always, because the client may not know yet what we speak (KIP-482, KIP-511).
 *
 * Frames are encoded into chunks, the 4 bytes of their size included: all small fields in one buffer, cut where large
 * payloads stand between them, which are not copied. Frames to be decoded come without their size.
 */
import { Reader } from '../base/bytes.js'
import { ChunkWriter } from './chunk-writer.js'
import { ErrorCode } from './errors.js'
import { apiByKey } from './messages/index.js'
import { apiVersions } from './messages/api-versions.js'
import type { Api, Decoded, Draft, Shape } from './schema/index.js'

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
}

/** Reads a request's header and leaves the reader at the start of the body. */
export function readRequestHeader(reader: Reader): RequestHeader {
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  const length = reader.int16()
  const clientId = length < 0 ? null : reader.utf8(length)
  const api = apiByKey(apiKey)
  if (api && apiVersion >= api.flexible) skipTaggedFields(reader)
  return { apiKey, apiVersion, correlationId, clientId }
}

export function encodeRequest<Req extends Shape>(
  api: Api<Req>,
  version: number,
  correlationId: number,
  clientId: string | null,
  body: Draft<Req>,
): Buffer[] {
  const writer = new ChunkWriter()
  writer.int32(0)
  writer.int16(api.key)
  writer.int16(version)
  writer.int32(correlationId)
  if (clientId === null) {
    writer.int16(-1)
  } else {
    const size = Buffer.byteLength(clientId)
    writer.int16(size)
    writer.utf8(clientId, size)
  }
  if (version >= api.flexible) writer.uvarint(0)
  api.request.write(writer, body, version)
  return writer.sizedChunks()
}

export function encodeResponse<Res extends Shape>(
  api: Api<Shape, Res>,
  version: number,
  correlationId: number,
  body: Draft<Res>,
): Buffer[] {
  const writer = new ChunkWriter()
  writer.int32(0)
  writer.int32(correlationId)
  if (hasTaggedResponseHeader(api, version)) writer.uvarint(0)
  api.response.write(writer, body, version)
  return writer.sizedChunks()
}

/** Which request a response's frame answers: tells by which API and version to decode it. */
export function correlationIdOf(frame: Buffer): number {
  return new Reader(frame).int32()
}

export function decodeResponse<Res extends Shape>(api: Api<Shape, Res>, version: number, frame: Buffer): Decoded<Res> {
  const reader = new Reader(frame)
  reader.skip(4)
  if (hasTaggedResponseHeader(api, version)) skipTaggedFields(reader)
  return api.response.read(reader, answeredVersion(api, version, frame))
}

/** A server that does not know the version of an ApiVersions request answers in version 0, which all can read. */
function answeredVersion(api: Pick<Api, 'key' | 'flexible'>, version: number, frame: Buffer): number {
  if (api.key !== apiVersions.key || frame.length < 6) return version
  return frame.readInt16BE(4) === ErrorCode.UNSUPPORTED_VERSION ? 0 : version
}

function hasTaggedResponseHeader(api: Pick<Api, 'key' | 'flexible'>, version: number): boolean {
  return version >= api.flexible && api.key !== apiVersions.key
}

function skipTaggedFields(reader: Reader): void {
  for (let left = reader.uvarint(); left > 0; left--) {
    reader.uvarint()
    reader.skip(reader.uvarint())
  }
}
