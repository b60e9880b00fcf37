/**
 * Where each assigned partition is read from. The framework decides, for every partition of every assignment and by seek;
 * kafkajs is always told an offset, so that its own defaults never decide. Until then the gate holds the partition.
 */
import { topicPartitionName, type TopicPartition } from '../../model/index.js'
import type { ConsumerHandler, ConsumerOptions, ConsumerState, StartOffset } from '../port.js'
import { backOff } from '../backoff.js'
import type { KafkajsContext } from './context.js'
import { sleep } from '../../base/clock.js'
import { toDriverError } from './errors.js'
import type { FetchGate } from './fetch-gate.js'
import { byTopic, listOffsets } from './list-offsets.js'
import type { Assignment, Membership } from './membership.js'
import type { KafkajsCluster } from './vendor.js'

/** What positions are set on: a running kafkajs consumer. */
export interface Seekable {
  readonly cluster: KafkajsCluster
  /** Takes effect with the next fetch; what is in flight is dropped. */
  seek(tp: TopicPartition, offset: number): void
}

type Start = TopicPartition & { readonly start: StartOffset | 'committed' }

export class Positions {
  /** The latest wish for each partition: only that one counts when several are being looked up. */
  private readonly wishes = new Map<string, object>()

  constructor(
    private readonly context: KafkajsContext,
    private readonly options: ConsumerOptions,
    private readonly handler: ConsumerHandler,
    private readonly gate: FetchGate,
    private readonly membership: Membership,
    private readonly onState: (state: ConsumerState) => void,
  ) {}

  /** Asks the framework where to begin, and again when that fails, as long as the assignment stands. */
  async begin(assignment: Assignment, run: Seekable): Promise<void> {
    this.wishes.clear()
    const wish = {}
    for (const tp of assignment.partitions) this.wishes.set(topicPartitionName(tp), wish)
    await this.persist(assignment.epoch, 'onAssigned failed', async () => {
      const answers = await this.handler.onAssigned(assignment.partitions, assignment.epoch)
      const given = new Map(answers.map((answer) => [topicPartitionName(answer), answer.start]))
      const starts = assignment.partitions.map((tp): Start => ({
        ...tp,
        start: given.get(topicPartitionName(tp)) ?? COMMITTED,
      }))
      await this.move(starts, wish, assignment.epoch, run)
    })
  }

  seek(tp: TopicPartition, start: StartOffset, epoch: number, run: Seekable): void {
    const wish = {}
    this.wishes.set(topicPartitionName(tp), wish)
    this.gate.hold(tp)
    if (typeof start === 'number') this.place(tp, start, run)
    else void this.persist(epoch, 'seek failed', () => this.move([{ ...tp, start }], wish, epoch, run))
  }

  private async move(starts: readonly Start[], wish: object, epoch: number, run: Seekable): Promise<void> {
    const offsets = await this.offsets(starts, run.cluster)
    if (!this.membership.holds(epoch)) return
    for (const tp of starts) {
      const name = topicPartitionName(tp)
      const offset = offsets.get(name)
      if (offset !== undefined && this.wishes.get(name) === wish) this.place(tp, offset, run)
    }
  }

  private place(tp: TopicPartition, offset: number, run: Seekable): void {
    run.seek(tp, offset)
    this.gate.release(tp, offset)
  }

  private async offsets(starts: readonly Start[], cluster: KafkajsCluster): Promise<Map<string, number>> {
    const offsets = new Map<string, number>()
    const at = { earliest: [] as TopicPartition[], latest: [] as TopicPartition[] }
    const committed = await this.committed(starts.filter(({ start }) => start === COMMITTED))
    for (const { topic, partition, start } of starts) {
      const name = topicPartitionName({ topic, partition })
      const offset = start === COMMITTED ? committed.get(name) : start
      if (typeof offset === 'number') offsets.set(name, offset)
      else at[offset ?? 'latest'].push({ topic, partition })
    }
    for (const end of ['earliest', 'latest'] as const) {
      for (const found of await listOffsets(cluster, at[end], end, this.options.isolation)) {
        offsets.set(topicPartitionName(found), found.offset ?? 0)
      }
    }
    return offsets
  }

  private async committed(partitions: readonly TopicPartition[]): Promise<Map<string, number>> {
    if (partitions.length === 0) return new Map()
    const coordinator = await this.membership.coordinatorNow()
    const { responses } = await coordinator.offsetFetch({ groupId: this.options.groupId, topics: byTopic(partitions) })
    return new Map(
      responses.flatMap(({ topic, partitions: told }) =>
        told
          .filter(({ offset }) => Number(offset) >= 0)
          .map(({ partition, offset }) => [topicPartitionName({ topic, partition }), Number(offset)] as const),
      ),
    )
  }

  /** Runs `attempt` until it succeeds or the assignment is another. Never rejects. */
  private async persist(epoch: number, what: string, attempt: () => Promise<void>): Promise<void> {
    const { clock, log, random } = this.context
    const wait = backOff(200, 10_000, random)
    while (this.membership.holds(epoch)) {
      try {
        return await attempt()
      } catch (error) {
        if (!this.membership.holds(epoch)) return
        const retryInMs = wait.next()
        log.warn(`${what}, trying again`, { groupId: this.options.groupId, retryInMs, error })
        this.onState({ state: 'recovering', error: toDriverError(error), retryInMs })
        await sleep(clock, retryInMs)
      }
    }
  }
}

const COMMITTED = 'committed'
