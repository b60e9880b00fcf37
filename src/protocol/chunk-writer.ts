/**
 * A writer that does not copy payloads: it keeps them by reference and gives the whole as chunks, small fields in one
 * buffer cut around them. What is handed to it must not change until the chunks are sent.
 */
import { Writer } from '../base/bytes.js'

/** Below this, a copy costs less than a chunk of its own. */
const REFERENCE_FROM_BYTES = 2048

interface Payload {
  /** Where it stands among the bytes that were copied. */
  readonly at: number
  readonly bytes: Uint8Array
}

export class ChunkWriter extends Writer {
  private readonly payloads: Payload[] = []
  private payloadBytes = 0

  /** Bytes written, payloads included; `length` counts the copied ones only. */
  get size(): number {
    return this.length + this.payloadBytes
  }

  override payload(value: Uint8Array): void {
    if (value.length < REFERENCE_FROM_BYTES) return this.bytes(value)
    this.payloads.push({ at: this.length, bytes: value })
    this.payloadBytes += value.length
  }

  /** All that was written, in order. The writer must not be used on. */
  chunks(): Buffer[] {
    const copied = this.finish()
    if (this.payloads.length === 0) return [copied]
    const out: Buffer[] = []
    let from = 0
    for (const { at, bytes } of this.payloads) {
      if (at > from) out.push(copied.subarray(from, at))
      out.push(asBuffer(bytes))
      from = at
    }
    if (copied.length > from) out.push(copied.subarray(from))
    return out
  }

  /** As `chunks`, after the first four bytes were set to the size of what follows them. */
  sizedChunks(): Buffer[] {
    this.patchInt32(0, this.size - 4)
    return this.chunks()
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
