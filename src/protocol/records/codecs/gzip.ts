/** Gzip, by Node's own zlib. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { CompressionError, DecompressedTooLargeError, type Codec } from './codec.js'

export const gzip: Codec = {
  name: 'gzip',
  id: 1,
  compress: (data, level) => gzipSync(data, level === undefined ? {} : { level }),
  decompress(data, maxBytes) {
    try {
      // an output limit of 0 is not one that zlib takes
      return gunzipSync(data, { maxOutputLength: Math.max(maxBytes, 1) })
    } catch (error) {
      throw fromZlib('gzip', error, maxBytes)
    }
  },
}

export function fromZlib(name: 'gzip' | 'zstd', error: unknown, maxBytes: number): CompressionError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_BUFFER_TOO_LARGE') return new DecompressedTooLargeError(name, maxBytes)
  return new CompressionError(`a ${name} block is damaged: ${message}`)
}
