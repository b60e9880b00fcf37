/** `partition.metadata` in a partition's folder: the id of its topic, which tells one topic from a later one of the same name. */
import { parentOf, type Disk } from '../disk/disk.js'

export const PARTITION_METADATA = 'partition.metadata'

export const formatPartitionMetadata = (topicId: string): Buffer => Buffer.from(`version: 0\ntopic_id: ${topicId}`)

/** undefined: the file is not readable as such; who loads the folder decides what that means. */
export function parsePartitionMetadata(content: Buffer): string | undefined {
  return /^version: 0\r?\ntopic_id: ([A-Za-z0-9_-]{22})\s*$/.exec(content.toString('utf8'))?.[1]
}

/** Makes a partition's folder durable: whose it is, the names in it, and its own. */
export async function syncPartitionFolder(disk: Disk, folder: string): Promise<void> {
  const path = `${folder}/${PARTITION_METADATA}`
  if (disk.stat(path) !== undefined) {
    const file = disk.open(path)
    try {
      await file.sync()
    } finally {
      file.close()
    }
  }
  await disk.syncDirectory(folder)
  await disk.syncDirectory(parentOf(folder))
}
