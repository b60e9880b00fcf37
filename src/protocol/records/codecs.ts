/**
 * The compression codecs of record batches, by name and by the number in a batch's attributes. Snappy and LZ4 are our own
 * (docs/decisions/codecs.md tells why), gzip is Node's, zstd is Node's or WebAssembly. All are synchronous.
 */
import { CompressionError, DecompressedTooLargeError, type Codec, type CodecName } from './codecs/codec.js'
import { gzip } from './codecs/gzip.js'
import { lz4 } from './codecs/lz4.js'
import { snappy } from './codecs/snappy.js'
import { zstd } from './codecs/zstd.js'

export { CompressionError, DecompressedTooLargeError, type Codec, type CodecName } from './codecs/codec.js'

const none: Codec = {
  name: 'none',
  id: 0,
  compress: asBuffer,
  decompress(data, maxBytes) {
    if (data.length > maxBytes) throw new DecompressedTooLargeError('none', maxBytes)
    return asBuffer(data)
  },
}

/** In order of their numbers. */
export const codecs: readonly Codec[] = [none, gzip, snappy, lz4, zstd]

const byName = new Map(codecs.map((codec) => [codec.name as string, codec]))

export function isCodecName(name: string): name is CodecName {
  return byName.has(name)
}

export function codecNamed(name: CodecName): Codec {
  return byName.get(name)!
}

/** @throws CompressionError when the number is not that of a codec */
export function codecNumbered(id: number): Codec {
  const codec = codecs[id]
  if (!codec) throw new CompressionError(`compression codec ${id} is not known; 0 to ${codecs.length - 1} are`)
  return codec
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
