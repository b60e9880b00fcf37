/**
 * Snappy, LZ4 and Zstandard for kafkajs, which knows gzip only. Its table of codecs is global to the process: one that the
 * application registered itself stays.
 */
import { codecNamed } from '../../protocol/records/codecs.js'
import type { Kafkajs } from './vendor.js'

/** The client trusts its broker more than a broker its clients; this only keeps a damaged length from taking all memory. */
const DECOMPRESSED_BYTES_MAX = 2 ** 30

export function registerCodecs({ CompressionCodecs, CompressionTypes }: Kafkajs): void {
  const table = CompressionCodecs as Record<number, () => KafkajsCodec>
  for (const [id, name] of [
    [CompressionTypes.Snappy, 'snappy'],
    [CompressionTypes.LZ4, 'lz4'],
    [CompressionTypes.ZSTD, 'zstd'],
  ] as const) {
    if (isRegistered(table[id])) continue
    const codec = codecNamed(name)
    const adapted: KafkajsCodec = {
      compress: async (encoder) => codec.compress(encoder.buffer),
      decompress: async (buffer) => codec.decompress(buffer, DECOMPRESSED_BYTES_MAX),
    }
    table[id] = () => adapted
  }
}

interface KafkajsCodec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>
  decompress(buffer: Buffer): Promise<Buffer>
}

/** What kafkajs puts there itself throws. */
function isRegistered(make: (() => KafkajsCodec) | undefined): boolean {
  try {
    return make?.() !== undefined
  } catch {
    return false
  }
}
