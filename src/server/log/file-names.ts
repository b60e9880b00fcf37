/** Names of Kafka's files and folders: segments and what belongs to them, partition folders and the endings they get. */

/** What stands behind a segment's base offset. */
export const LOG = '.log'
export const OFFSET_INDEX = '.index'
export const TIME_INDEX = '.timeindex'
export const TXN_INDEX = '.txnindex'
export const PRODUCER_SNAPSHOT = '.snapshot'

/** The files of a segment; there is a transaction index only where there are aborted transactions. */
export const SEGMENT_FILES = [LOG, OFFSET_INDEX, TIME_INDEX, TXN_INDEX]

/** In each partition's folder. */
export const LEADER_EPOCH_CHECKPOINT = 'leader-epoch-checkpoint'

/** What stands behind a whole file name: waiting to be removed, cleaner output in the making, and finished. */
export const DELETED = '.deleted'
export const CLEANED = '.cleaned'
export const SWAP = '.swap'

export const segmentFile = (baseOffset: number, ending: string): string =>
  `${String(baseOffset).padStart(20, '0')}${ending}`

/** The offset that a file is named by; undefined for files of another kind. */
export function offsetOfFile(name: string, ending: string): number | undefined {
  if (name.length !== 20 + ending.length || !name.endsWith(ending)) return undefined
  const digits = name.slice(0, 20)
  return /^\d{20}$/.test(digits) ? Number(digits) : undefined
}

export const partitionFolder = (topic: string, partition: number): string => `${topic}-${partition}`

export function partitionOfFolder(name: string): { topic: string; partition: number } | undefined {
  const match = /^([a-zA-Z0-9._-]+)-(\d+)$/.exec(name)
  return match ? { topic: match[1]!, partition: Number(match[2]) } : undefined
}

export type FolderEnding = 'delete' | 'future' | 'stray'

const FOLDER_NAME_LENGTH_MAX = 255

/** `<topic>-<partition>.<32 hex digits>-<ending>`; a long topic is cut, as file systems take no longer names. */
export function markedFolder(topic: string, partition: number, hex: string, ending: FolderEnding): string {
  const rest = `-${partition}.${hex}-${ending}`
  return `${topic.slice(0, FOLDER_NAME_LENGTH_MAX - rest.length)}${rest}`
}

export function endingOfFolder(name: string): FolderEnding | undefined {
  return /\.[0-9a-f]{32}-(delete|future|stray)$/.exec(name)?.[1] as FolderEnding | undefined
}
