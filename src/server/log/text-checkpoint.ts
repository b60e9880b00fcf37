/**
 * Kafka's checkpoint files are text: a version, the number of entries, then an entry a line. A file that does not hold
 * together gives one error which names the file and the line.
 */

export class CheckpointError extends Error {
  override readonly name = 'CheckpointError'
}

const VERSION = '0'

export function formatCheckpoint(lines: readonly string[]): Buffer {
  return Buffer.from([VERSION, String(lines.length), ...lines, ''].join('\n'))
}

export function parseCheckpoint(content: Buffer, path: string): string[] {
  const lines = content.toString('utf8').split('\n')
  if (lines.at(-1) === '') lines.pop()
  const [version, count, ...entries] = lines
  if (version !== VERSION) throw new CheckpointError(`${path}: line 1 is '${version}', not version ${VERSION}`)
  if (count !== String(entries.length)) {
    throw new CheckpointError(`${path}: line 2 promises ${count} entries, but there are ${entries.length}`)
  }
  return entries
}

/** The whole numbers of a line; undefined when it is not made of that many. */
function wholeNumbers(parts: readonly string[], count: number): number[] | undefined {
  if (parts.length !== count || !parts.every((part) => /^-?\d+$/.test(part))) return undefined
  return parts.map(Number)
}

/** An offset for each partition, by `<topic>-<partition>`. */
export function formatOffsets(offsets: ReadonlyMap<string, number>): Buffer {
  const lines: string[] = []
  for (const [key, offset] of offsets) {
    const dash = key.lastIndexOf('-')
    lines.push(`${key.slice(0, dash)} ${key.slice(dash + 1)} ${offset}`)
  }
  return formatCheckpoint(lines)
}

export function parseOffsets(content: Buffer, path: string): Map<string, number> {
  const offsets = new Map<string, number>()
  parseCheckpoint(content, path).forEach((line, i) => {
    const [topic = '', ...rest] = line.split(' ')
    const numbers = wholeNumbers(rest, 2)
    if (!numbers) throw new CheckpointError(`${path}: line ${i + 3} is not '<topic> <partition> <offset>': ${line}`)
    offsets.set(`${topic}-${numbers[0]}`, numbers[1]!)
  })
  return offsets
}

export interface EpochStart {
  readonly epoch: number
  readonly startOffset: number
}

export function formatEpochs(epochs: readonly EpochStart[]): Buffer {
  return formatCheckpoint(epochs.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`))
}

export function parseEpochs(content: Buffer, path: string): EpochStart[] {
  return parseCheckpoint(content, path).map((line, i) => {
    const numbers = wholeNumbers(line.split(' '), 2)
    if (!numbers) throw new CheckpointError(`${path}: line ${i + 3} is not '<epoch> <start offset>': ${line}`)
    return { epoch: numbers[0]!, startOffset: numbers[1]! }
  })
}
