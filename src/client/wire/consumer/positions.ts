/** Where partitions begin: what the framework says, the committed offset, an end of the log. */
import { sleep } from '../../../base/clock.js'
import { topicPartitionName } from '../../../model/index.js'
import {
  DriverError,
  type ConsumerHandler,
  type ConsumerOptions,
  type PartitionStart,
  type StartOffset,
} from '../../port.js'
import type { Cluster } from '../cluster.js'
import { toDriverError } from '../errors.js'
import { committedOffsets, listOffsets, type AskingMember } from '../offsets.js'
import { NO_EPOCH, type AssignedPartition, type Assignment } from './assignment.js'

type Beginning = Pick<PartitionStart, 'start' | 'leaderEpoch'>

const RETRY_MS = 500
const ATTEMPT_MS = 5_000

export class Positions {
  constructor(
    private readonly cluster: Cluster,
    private readonly options: ConsumerOptions,
    private readonly assignment: Assignment,
    private readonly handler: ConsumerHandler,
    private readonly told: { trouble(error: DriverError, retryInMs: number): void; fine(): void; moved(): void },
    private readonly member: () => AskingMember | undefined,
  ) {}

  /** Asks the framework where these begin, again and again when that fails, as long as they are assigned. */
  async begin(added: readonly AssignedPartition[], epoch: number): Promise<void> {
    const versions = added.map((own) => own.version)
    const isOpen = (own: AssignedPartition, i: number): boolean =>
      this.assignment.has(own) && own.version === versions[i]
    for (let failures = 0; added.some((own) => this.assignment.has(own)); failures++) {
      try {
        const still = added.filter((own) => this.assignment.has(own))
        const partitions = still.map(({ topic, partition }) => ({ topic, partition }))
        const starts = await this.handler.onAssigned(partitions, epoch)
        const asked = new Map<string, Beginning>(starts.map((start) => [topicPartitionName(start), start]))
        const open = added.filter(isOpen)
        const left = open.filter((own) => !asked.has(own.name))
        const member = this.member()
        for (const found of await committedOffsets(
          this.cluster,
          this.options.groupId,
          left,
          ATTEMPT_MS,
          true,
          member,
        )) {
          asked.set(topicPartitionName(found), { start: found.offset, leaderEpoch: found.leaderEpoch })
        }
        // a seek that came meanwhile goes before
        for (const own of added.filter(isOpen)) {
          const { start, leaderEpoch } = asked.get(own.name) ?? { start: 'latest' as const }
          this.seek(own, start, leaderEpoch)
        }
        if (failures > 0) this.told.fine()
        return
      } catch (error) {
        if (this.cluster.isClosed || !added.some((own) => this.assignment.has(own))) return
        const cause = toDriverError(error)
        const { kind, code } = cause
        const words = `the start of ${added.length} partitions could not be found: ${cause.message}`
        this.told.trouble(
          new DriverError(kind === 'fatal' ? 'retriable' : kind, words, code, undefined, error),
          RETRY_MS,
        )
        await sleep(this.cluster.context.clock, RETRY_MS, this.cluster.signal).catch(() => {})
      }
    }
  }

  /** @param leaderEpoch of the record before, when it is known */
  seek(own: AssignedPartition, to: StartOffset, leaderEpoch = NO_EPOCH): void {
    if (typeof to === 'number') {
      this.cluster.metadata.epochSeen(own.topic, own.partition, leaderEpoch)
      own.moveTo(to, leaderEpoch)
      this.told.moved()
      return
    }
    own.moveTo(undefined)
    void this.find(own, to)
  }

  private async find(own: AssignedPartition, end: 'earliest' | 'latest'): Promise<void> {
    const { version } = own
    const isOpen = (): boolean => this.assignment.has(own) && own.version === version && !this.cluster.isClosed
    while (isOpen()) {
      try {
        const [found] = await this.cluster.retrying(ATTEMPT_MS, () =>
          listOffsets(this.cluster, [own], end, this.options.isolation),
        )
        if (isOpen() && found?.offset !== undefined) {
          // nothing of the log was read yet: no one needs to be asked whether it is still the same
          this.cluster.metadata.epochSeen(own.topic, own.partition, found.leaderEpoch)
          own.moveTo(found.offset)
          this.told.moved()
        }
        return
      } catch (error) {
        if (!isOpen()) return
        this.told.trouble(toDriverError(error), RETRY_MS)
        await sleep(this.cluster.context.clock, RETRY_MS, this.cluster.signal).catch(() => {})
      }
    }
  }
}
