/**
 * Zstandard: by Node's own zlib where it has it (22.15 and later), else by WebAssembly, loaded at first use. Frames with
 * and without their content size are read; the output is bounded before anything is allocated for it.
 */
import * as zlib from 'node:zlib'
import { CompressionError, type Codec } from './codec.js'
import { fromZlib } from './gzip.js'
import { wasmZstd } from './zstd-wasm.js'

/** What Node's zlib adds in 22.15; the types are those of Node 20. */
interface NodeZstd {
  zstdCompressSync?(data: Uint8Array, options?: { params?: Record<number, number> }): Buffer
  zstdDecompressSync?(data: Uint8Array, options: { maxOutputLength: number }): Buffer
  constants: { ZSTD_c_compressionLevel?: number }
}

/** Kafka's default (compression.zstd.level). */
const DEFAULT_LEVEL = 3

function nodeZstd(node: NodeZstd): Codec | undefined {
  const { zstdCompressSync, zstdDecompressSync, constants } = node
  if (!zstdCompressSync || !zstdDecompressSync) return undefined
  return {
    name: 'zstd',
    id: 4,
    compress: (data, level = DEFAULT_LEVEL) =>
      zstdCompressSync(data, { params: { [constants.ZSTD_c_compressionLevel!]: level } }),
    decompress(data, maxBytes) {
      if (data.length === 0) throw new CompressionError('a zstd block is empty')
      try {
        return zstdDecompressSync(data, { maxOutputLength: Math.max(maxBytes, 1) })
      } catch (error) {
        throw fromZlib('zstd', error, maxBytes)
      }
    },
  }
}

export const zstd: Codec = nodeZstd(zlib as unknown as NodeZstd) ?? wasmZstd(DEFAULT_LEVEL)
