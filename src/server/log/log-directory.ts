/**
 * One of the broker's `log.dirs`: whose it is (`meta.properties`), that nobody else uses it (`.lock`), whether it was left
 * in order (`.kafka_cleanshutdown`), and the offsets noted for all its partitions in checkpoint files.
 *
 * The first I/O error takes a directory offline for as long as the broker runs. Nothing is written to it any more; what it
 * holds is found out by the next start.
 */
import type { Log } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import { formatProperties, parseProperties } from '../config/properties.js'
import { parentOf, replaceFile, type DirectoryLock, type Disk } from '../disk/disk.js'
import { StartError } from '../running-broker.js'
import { CheckpointError, formatOffsets, parseOffsets } from './text-checkpoint.js'

export const META_PROPERTIES = 'meta.properties'
const LOCK = '.lock'
const CLEAN_SHUTDOWN = '.kafka_cleanshutdown'

const CHECKPOINTS = {
  /** Below it everything is durable. */
  recoveryPoint: 'recovery-point-offset-checkpoint',
  logStart: 'log-start-offset-checkpoint',
  highWatermark: 'replication-offset-checkpoint',
  /** First offset that was not compacted yet. */
  cleaner: 'cleaner-offset-checkpoint',
} as const

export type CheckpointName = keyof typeof CHECKPOINTS

export interface MetaProperties {
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
}

export class LogDirectory {
  private failure: Error | undefined
  private readonly failureListeners: (() => void)[] = []
  /** Text last written of each checkpoint: nothing is written twice. */
  private readonly saved = new Map<CheckpointName, string>()

  private constructor(
    readonly disk: Disk,
    readonly path: string,
    private readonly lock: DirectoryLock,
    private readonly log: Log,
    /** undefined: the directory is new and not anyone's yet. */
    public meta: MetaProperties | undefined,
    /** The last broker here stopped in order: logs need no recovery. */
    readonly wasClean: boolean,
  ) {}

  /** @throws StartError when another broker holds it, or its `meta.properties` can't be understood */
  static open(disk: Disk, path: string, log: Log): LogDirectory {
    disk.makeDirectory(path)
    const lock = disk.lock(`${path}/${LOCK}`)
    try {
      const meta = readMeta(disk, `${path}/${META_PROPERTIES}`)
      const wasClean = disk.stat(`${path}/${CLEAN_SHUTDOWN}`) !== undefined
      return new LogDirectory(disk, path, lock, log, meta, wasClean)
    } catch (error) {
      lock.release()
      throw error
    }
  }

  get online(): boolean {
    return this.failure === undefined
  }

  /** Makes a new directory this cluster's and this node's. */
  async claim(clusterId: string, nodeId: number, random: Random): Promise<void> {
    this.meta = { clusterId, nodeId, directoryId: this.meta?.directoryId ?? randomId(random) }
    const properties = [
      ['version', '1'],
      ['cluster.id', clusterId],
      ['node.id', String(nodeId)],
      ['directory.id', this.meta.directoryId],
    ] as const
    await replaceFile(this.disk, `${this.path}/${META_PROPERTIES}`, Buffer.from(formatProperties(properties)))
    await this.disk.syncDirectory(parentOf(this.path))
  }

  /** The partitions are about to be loaded: from here on, only a clean close makes the next start a clean one. */
  async beginUse(): Promise<void> {
    if (!this.wasClean) return
    await this.disk.remove(`${this.path}/${CLEAN_SHUTDOWN}`)
    await this.disk.syncDirectory(this.path)
  }

  /** A damaged checkpoint is worth a warning: recovery takes longer without it, and nothing is lost. */
  readCheckpoint(name: CheckpointName): Map<string, number> {
    const path = `${this.path}/${CHECKPOINTS[name]}`
    const content = this.disk.readFile(path)
    // a new Kafka leaves the file empty
    if (content === undefined || content.length === 0) return new Map()
    try {
      return parseOffsets(content, path)
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error
      this.log.warn(`${error.message}; going on without it`)
      return new Map()
    }
  }

  async saveCheckpoint(name: CheckpointName, offsets: ReadonlyMap<string, number>): Promise<void> {
    if (!this.online) return
    const content = formatOffsets(offsets)
    const text = content.toString()
    if (this.saved.get(name) === text) return
    try {
      await replaceFile(this.disk, `${this.path}/${CHECKPOINTS[name]}`, content)
      this.saved.set(name, text)
    } catch (error) {
      this.fail(error as Error)
    }
  }

  /** `clean`: every log in it is flushed and its files are complete. */
  async close(clean: boolean, brokerEpoch: number): Promise<void> {
    if (clean && this.online) {
      const marker = Buffer.from(JSON.stringify({ version: 0, brokerEpoch }))
      await replaceFile(this.disk, `${this.path}/${CLEAN_SHUTDOWN}`, marker)
    }
    this.lock.release()
  }

  fail(error: Error): void {
    if (this.failure) return
    this.failure = error
    this.log.error(
      `log directory ${this.path} is offline: ${error.message}. Its partitions are not served until the cause is mended and the broker restarted`,
    )
    for (const listener of this.failureListeners) listener()
  }

  onFailure(listener: () => void): void {
    this.failureListeners.push(listener)
  }

  /** Runs work on the directory's files; an I/O error takes it offline and goes on to the caller. */
  async guard<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (isIoError(error)) this.fail(error)
      throw error
    }
  }
}

/** The system's errors carry a code; all else is a bug or damaged content, and no reason to give a disk up. */
export function isIoError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'string'
}

/** 22 characters of base64url, as Kafka makes ids; none begins with a dash, which tools would take for an option. */
export function randomId(random: Random): string {
  for (;;) {
    const id = random.bytes(16).toString('base64url')
    if (!id.startsWith('-')) return id
  }
}

function readMeta(disk: Disk, path: string): MetaProperties | undefined {
  const content = disk.readFile(path)
  if (content === undefined) return undefined
  const properties = parseProperties(content.toString('utf8'))
  const version = properties.get('version')
  const node = properties.get(version === '0' ? 'broker.id' : 'node.id')
  const clusterId = properties.get('cluster.id')
  if ((version !== '0' && version !== '1') || node === undefined || !/^\d+$/.test(node)) {
    throw new StartError(
      `${path} is damaged: it has version ${version} and node.id ${node}. Use another data directory`,
    )
  }
  if (clusterId === undefined) return undefined
  return { clusterId, nodeId: Number(node), directoryId: properties.get('directory.id') ?? '' }
}
