/** What a compression codec does, and how it fails. */
import { MalformedError } from '../../../base/bytes.js'

export type CodecName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface Codec {
  readonly name: CodecName
  /** As in a batch's attributes. */
  readonly id: number
  /** @param level gzip 1 to 9, zstd 1 to 22; left out = the codec's default. Snappy and LZ4 have one level. */
  compress(data: Uint8Array, level?: number): Buffer
  /**
   * @param maxBytes refuses to decompress to more than this
   * @throws CompressionError
   */
  decompress(data: Uint8Array, maxBytes: number): Buffer
}

/** The bytes are not what the codec writes: CORRUPT_MESSAGE. */
export class CompressionError extends MalformedError {
  override readonly name: string = 'CompressionError'
}

/** What little was sent would become more than allowed. */
export class DecompressedTooLargeError extends CompressionError {
  override readonly name = 'DecompressedTooLargeError'

  constructor(codec: CodecName, maxBytes: number) {
    super(`a ${codec} block decompresses to more than the ${maxBytes} bytes that are allowed`)
  }
}
