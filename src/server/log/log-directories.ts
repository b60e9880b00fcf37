/** All of a broker's `log.dirs` together. They are one cluster's and one node's, or the broker does not start. */
import type { Log } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import { DirectoryLockedError, type Disk } from '../disk/disk.js'
import { StartError } from '../running-broker.js'
import { LogDirectory, META_PROPERTIES, randomId } from './log-directory.js'

export interface LogDirectoriesOptions {
  readonly disk: Disk
  /** Created when missing. */
  readonly paths: readonly string[]
  readonly nodeId: number
  /** For directories that are no cluster's yet. Default: a new one. */
  readonly clusterId?: string | undefined
  readonly random: Random
  readonly log: Log
}

export class LogDirectories {
  private constructor(
    readonly clusterId: string,
    readonly all: readonly LogDirectory[],
    /** How many of `log.dirs` could not even be opened. */
    readonly missing: number,
  ) {}

  /**
   * Takes the directories for this broker, as `meta.properties` files say whose they are.
   *
   * @throws StartError when one is held by another broker, belongs to another node or cluster, or when none is usable
   */
  static async open(options: LogDirectoriesOptions): Promise<LogDirectories> {
    const { disk, paths, nodeId, random, log } = options
    const opened: LogDirectory[] = []
    try {
      for (const path of new Set(paths)) {
        const directory = openOne(disk, path, log, paths.length === 1)
        if (directory) opened.push(directory)
      }
      if (opened.length === 0) throw new StartError(`none of log.dirs can be used: ${paths.join(', ')}`)
      const clusterId = commonClusterId(opened) ?? options.clusterId ?? randomId(random)
      for (const directory of opened) {
        const { meta, path } = directory
        if (meta !== undefined && meta.nodeId !== nodeId) {
          throw new StartError(
            `${path}/${META_PROPERTIES} says that it belongs to node ${meta.nodeId}, but node.id is ${nodeId}. ` +
              `Set node.id=${meta.nodeId}, or use another data directory`,
          )
        }
        if (meta === undefined || meta.directoryId === '') await directory.claim(clusterId, nodeId, random)
      }
      return new LogDirectories(clusterId, opened, new Set(paths).size - opened.length)
    } catch (error) {
      for (const directory of opened) await directory.close(false, -1)
      throw error
    }
  }

  get online(): readonly LogDirectory[] {
    return this.all.filter((directory) => directory.online)
  }
}

/** undefined: it is broken, and others may do; a directory that is the only one must work. */
function openOne(disk: Disk, path: string, log: Log, only: boolean): LogDirectory | undefined {
  try {
    return LogDirectory.open(disk, path, log)
  } catch (error) {
    if (error instanceof StartError) throw error
    if (error instanceof DirectoryLockedError) {
      throw new StartError(`${path} is in use: ${error.message}. Stop it, or use another data directory`)
    }
    const problem = `can't use the data directory ${path}: ${(error as Error).message}`
    if (only) throw new StartError(problem)
    log.error(`${problem}. Its partitions are not served until the cause is mended and the broker restarted`)
    return undefined
  }
}

function commonClusterId(directories: readonly LogDirectory[]): string | undefined {
  const known = directories.filter((directory) => directory.meta !== undefined)
  const first = known[0]
  const other = known.find((directory) => directory.meta!.clusterId !== first!.meta!.clusterId)
  if (other) {
    throw new StartError(
      `${first!.path} belongs to cluster ${first!.meta!.clusterId}, but ${other.path} to ${other.meta!.clusterId}. ` +
        `All log.dirs of a broker must be of one cluster`,
    )
  }
  return first?.meta?.clusterId
}
