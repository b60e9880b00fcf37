/**
 * Zstandard by WebAssembly (`@bokuweb/zstd-wasm`), for Node before 22.15. The package loads its module asynchronously;
 * here it is handed over compiled, so that a batch can be decompressed without waiting.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { CompressionError, DecompressedTooLargeError, type Codec } from './codec.js'

interface WasmPackage {
  compress(data: Uint8Array, level: number): Uint8Array
  decompress(data: Uint8Array, options: { defaultHeapSize: number }): Uint8Array
}

interface WasmModule {
  instantiateWasm?: (imports: object, receive: (instance: unknown) => void) => object
  init(bytes: Uint8Array): void
}

/** The part of WebAssembly that is used; its types come with the DOM, which we do without. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { exports: object }
}

let loaded: WasmPackage | undefined

function load(): WasmPackage {
  const require = createRequire(import.meta.url)
  const main = require.resolve('@bokuweb/zstd-wasm')
  const { Module } = require(join(dirname(main), 'module.js')) as { Module: WasmModule }
  const bytes = readFileSync(join(dirname(main), 'zstd.wasm'))
  Module.instantiateWasm = (imports, receive) => {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports)
    receive(instance)
    return instance.exports
  }
  Module.init(bytes)
  return require(main) as WasmPackage
}

export function wasmZstd(defaultLevel: number): Codec {
  return {
    name: 'zstd',
    id: 4,
    compress(data, level = defaultLevel) {
      loaded ??= load()
      return asBuffer(loaded.compress(data, level))
    },
    decompress(data, maxBytes) {
      loaded ??= load()
      const bound = outputBound(asBuffer(data))
      if (bound.exact && bound.bytes > maxBytes) throw new DecompressedTooLargeError('zstd', maxBytes)
      try {
        return asBuffer(loaded.decompress(data, { defaultHeapSize: Math.min(bound.bytes, maxBytes) }))
      } catch (error) {
        if (bound.bytes > maxBytes) throw new DecompressedTooLargeError('zstd', maxBytes)
        throw new CompressionError(`a zstd block is damaged: ${(error as Error).message}`)
      }
    },
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const MAGIC = 0xfd2fb528
const BLOCK_BYTES_MAX = 128 * 1024
const RAW = 0
const RLE = 1

/**
 * What a frame can become: exactly, when its header tells, else what its blocks can hold at most.
 * Frame: magic · descriptor (content size code, single segment, checksum, dictionary code) · window · dictionary ·
 * content size · blocks, each 3 bytes (last, type, size) and content · checksum.
 */
export function outputBound(data: Buffer): { readonly bytes: number; readonly exact: boolean } {
  if (data.length < 6 || data.readUInt32LE(0) !== MAGIC) {
    throw new CompressionError('not a zstd frame: its magic number is missing')
  }
  const descriptor = data[4]!
  const singleSegment = (descriptor & 0x20) !== 0
  const sizeCode = descriptor >>> 6
  const sizeBytes = sizeCode === 0 ? (singleSegment ? 1 : 0) : 1 << sizeCode
  let at = 5 + (singleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!
  if (at + sizeBytes > data.length) throw new CompressionError('a zstd frame ends within its header')
  if (sizeBytes > 0) {
    const size = sizeBytes === 8 ? Number(data.readBigUInt64LE(at)) : data.readUIntLE(at, sizeBytes)
    return { bytes: sizeBytes === 2 ? size + 256 : size, exact: true }
  }
  let bytes = 0
  for (let last = false; !last;) {
    if (at + 3 > data.length) throw new CompressionError('a zstd frame ends before its last block')
    const header = data.readUIntLE(at, 3)
    last = (header & 1) === 1
    const type = (header >>> 1) & 3
    const size = header >>> 3
    bytes += type === RAW || type === RLE ? size : BLOCK_BYTES_MAX
    at += 3 + (type === RLE ? 1 : size)
  }
  return { bytes, exact: false }
}
