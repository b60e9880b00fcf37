/**
 * Finds repetitions in a block, for the codecs that are made of literals and copies (LZ4, Snappy): greedy, one probe per
 * position into a table of the places where four bytes were seen last, with growing steps where nothing repeats.
 *
 * Blocks are at most 64 KiB, so that a distance fits 16 bits. Matches end 5 bytes before the end of the block and begin
 * 12 bytes before it, as LZ4 demands.
 */

export interface MatchSink {
  /** Literals from `literalFrom` to `matchFrom`, then a copy of `length` (4 or more) bytes from `distance` before. */
  sequence(literalFrom: number, matchFrom: number, distance: number, length: number): void
}

export const BLOCK_BYTES_MAX = 64 * 1024
const MATCH_BYTES_MIN = 4
const LAST_MATCH_BEFORE_END = 12
const LITERALS_AT_END = 5
const TABLE_BITS_MAX = 14
const TABLE_BITS_MIN = 8
/** After 2^6 probes without a match, steps grow by one. */
const STEP_BITS = 6

const table = new Uint16Array(1 << TABLE_BITS_MAX)

/** Gives where the literals begin that follow the last match. */
export function findMatches(source: Uint8Array, from: number, to: number, sink: MatchSink): number {
  const lastStart = to - LAST_MATCH_BEFORE_END
  const lastEnd = to - LITERALS_AT_END
  const bits = tableBits(to - from)
  const shift = 32 - bits
  table.fill(0, 0, 1 << bits)

  let literalFrom = from
  // the first position is in the table already: an empty slot means 0
  let at = from + 1
  let probes = 1 << STEP_BITS
  while (at <= lastStart) {
    const four = load32(source, at)
    const slot = Math.imul(four, 0x9e3779b1) >>> shift
    let candidate = from + table[slot]!
    table[slot] = at - from
    if (load32(source, candidate) !== four || candidate === at) {
      at += probes++ >> STEP_BITS
      continue
    }
    let start = at
    while (start > literalFrom && candidate > from && source[start - 1] === source[candidate - 1]) {
      start--
      candidate--
    }
    const distance = start - candidate
    let end = at + MATCH_BYTES_MIN
    while (end < lastEnd && source[end] === source[end - distance]) end++
    sink.sequence(literalFrom, start, distance, end - start)
    literalFrom = at = end
    probes = 1 << STEP_BITS
    if (end - 2 > from && end <= lastStart)
      table[Math.imul(load32(source, end - 2), 0x9e3779b1) >>> shift] = end - 2 - from
  }
  return literalFrom
}

function load32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** A small block takes a small table, which costs less to clear. */
function tableBits(length: number): number {
  return Math.min(Math.max(32 - Math.clz32(length), TABLE_BITS_MIN), TABLE_BITS_MAX)
}

/** Below this, a loop is quicker than a call. */
const SHORT_COPY_BYTES = 32

/** Copies within or between arrays, forwards; source and target may overlap, then the source repeats. */
export function copyForwards(target: Uint8Array, at: number, source: Uint8Array, from: number, length: number): void {
  if (length < SHORT_COPY_BYTES) {
    for (let i = 0; i < length; i++) target[at + i] = source[from + i]!
  } else if (source !== target) {
    target.set(source.subarray(from, from + length), at)
  } else if (at - from >= length) {
    target.copyWithin(at, from, from + length)
  } else {
    // each round doubles what can be copied at once
    let copied = 0
    while (copied < length) {
      const count = Math.min(length - copied, at + copied - from)
      target.copyWithin(at + copied, from, from + count)
      copied += count
    }
  }
}
