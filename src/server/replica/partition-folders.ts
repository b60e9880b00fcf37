/**
 * The folders of a log directory: what belongs to the cluster's topics is loaded, what was being deleted is removed, and
 * what belongs to no topic here is put aside under a `-stray` name, never deleted.
 */
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import { endingOfFolder, markedFolder, partitionOfFolder } from '../log/file-names.js'
import type { LogConfig } from '../log/log-config.js'
import type { LogDirectory } from '../log/log-directory.js'
import { loadLog } from '../log/load-log.js'
import type { LogContent } from '../log/partition-log.js'
import { parsePartitionMetadata, PARTITION_METADATA } from '../log/partition-metadata.js'
import { CLUSTER_METADATA } from '../metadata/internal-topics.js'
import type { TopicState } from '../metadata/cluster-state.js'

export interface LoadedFolder {
  readonly topic: TopicState
  readonly partition: number
  readonly folder: string
  readonly content: LogContent
  /** Where compaction had got to. */
  readonly firstDirtyOffset?: number | undefined
}

export interface FolderParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** The topic that a folder is of, when the cluster has it, and this partition of it on this node. */
  readonly isHere: (topic: string, partition: number, topicId: string | undefined) => TopicState | undefined
  readonly config: (topic: string) => LogConfig
}

export async function loadDirectory(
  directory: LogDirectory,
  parts: FolderParts,
  onLoaded: (found: LoadedFolder) => void,
): Promise<void> {
  const { disk, path } = directory
  const recoveryPoints = directory.readCheckpoint('recoveryPoint')
  const logStarts = directory.readCheckpoint('logStart')
  const cleaned = directory.readCheckpoint('cleaner')
  for (const entry of disk.list(path)) {
    if (!entry.directory) continue
    const folder = `${path}/${entry.name}`
    const ending = endingOfFolder(entry.name)
    // a move between directories that was cut short begins anew
    if (ending === 'delete' || ending === 'future') await disk.remove(folder)
    const named = ending === undefined ? partitionOfFolder(entry.name) : undefined
    if (named === undefined || named.topic === CLUSTER_METADATA) continue
    const metadata = disk.readFile(`${folder}/${PARTITION_METADATA}`)
    const topic = parts.isHere(named.topic, named.partition, metadata && parsePartitionMetadata(metadata))
    if (topic === undefined) {
      putAside(directory, named.topic, named.partition, parts)
      continue
    }
    const content = await loadLog({
      disk,
      folder,
      config: parts.config(topic.name),
      log: parts.log,
      nowMs: parts.clock.now(),
      clean: directory.wasClean,
      recoveryPoint: recoveryPoints.get(entry.name) ?? 0,
      logStartOffset: logStarts.get(entry.name) ?? 0,
    })
    onLoaded({ topic, partition: named.partition, folder, content, firstDirtyOffset: cleaned.get(entry.name) })
  }
}

function putAside({ disk, path }: LogDirectory, topic: string, partition: number, { random, log }: FolderParts): void {
  const stray = markedFolder(topic, partition, randomHex(random), 'stray')
  disk.rename(`${path}/${topic}-${partition}`, `${path}/${stray}`)
  log.warn(`${path}/${topic}-${partition} belongs to no topic of this cluster; it is kept as ${stray}`)
}

/** Takes a deleted partition's folder out of the way at once; gives its new name, undefined when the disk has failed. */
export function moveAway(
  directory: LogDirectory,
  folder: string,
  topic: string,
  partition: number,
  random: Random,
): string | undefined {
  const doomed = `${directory.path}/${markedFolder(topic, partition, randomHex(random), 'delete')}`
  try {
    directory.disk.rename(folder, doomed)
    return doomed
  } catch (error) {
    directory.fail(error as Error)
    return undefined
  }
}

const randomHex = (random: Random): string => random.bytes(16).toString('hex')
