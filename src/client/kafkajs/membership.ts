/**
 * Membership in the consumer group, kept over rejoins and over rebuilt kafkajs consumers: the assignment and its epoch, the
 * barrier before every join, and commits under the generation that they belong to.
 *
 * kafkajs has no hook that it awaits before it gives partitions up. But before each JoinGroup, and only then, it looks for
 * the coordinator, on a Cluster object that we hold: that call ends when the framework has finished and committed.
 */
import { sleep } from '../../base/clock.js'
import type { TopicPartition } from '../../model/index.js'
import { ErrorCode } from '../../protocol/errors.js'
import {
  DriverError,
  type CommitOffset,
  type ConsumerHandler,
  type ConsumerOptions,
  type GroupMetadata,
} from '../port.js'
import { backOff } from '../backoff.js'
import type { KafkajsContext } from './context.js'
import { endsWithin } from '../deadline.js'
import { codeOf, toDriverError } from './errors.js'
import { groupBy } from '../group-by.js'
import type { KafkajsBroker, KafkajsCluster } from './vendor.js'

export interface Assignment {
  readonly epoch: number
  readonly partitions: readonly TopicPartition[]
  readonly generationId: number
  readonly memberId: string
}

/** The rest is for the JoinGroup that follows. */
const REVOKE_SHARE = 0.8
const COMMIT_ATTEMPTS = 4
const COMMIT_RETRY_MS = 100
/** The group went on without us. */
const EXPELLED: ReadonlySet<number | undefined> = new Set([
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.FENCED_INSTANCE_ID,
])
const READY_ATTEMPTS = 10
const NOT_READY: ReadonlySet<number | undefined> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
])
const COORDINATOR_ELSEWHERE: ReadonlySet<number | undefined> = new Set([
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
])

export class Membership {
  assignment: Assignment | undefined
  private epochs = 0
  private memberId = ''
  private generationId = -1
  private coordinator: KafkajsBroker | undefined
  private findCoordinator: (() => Promise<KafkajsBroker>) | undefined
  private readonly tapped = new WeakSet<KafkajsBroker>()
  private expelled = false
  private expel: (() => void) | undefined
  private leaving = false
  private joining = false
  private rejoinWanted = false
  private givingUp: Promise<void> | undefined

  constructor(
    private readonly context: KafkajsContext,
    private readonly options: ConsumerOptions,
    private readonly handler: ConsumerHandler,
    /** Called before every join, when all is given up. */
    private readonly beforeJoin: () => Promise<void>,
    /** An error that kafkajs takes for the broker's word that the group rebalances. */
    private readonly rebalanceInProgress: () => Error,
  ) {}

  /** From now on joins of this cluster's consumer wait for us, and commits go its way. */
  attach(cluster: KafkajsCluster): void {
    const find = cluster.findGroupCoordinator.bind(cluster)
    this.findCoordinator = async () => {
      const coordinator = await this.whenReady(() => find({ groupId: this.options.groupId }))
      this.tap(coordinator)
      return (this.coordinator = coordinator)
    }
    cluster.findGroupCoordinator = async () => {
      const coordinator = await this.findCoordinator!()
      if (this.leaving) throw new DriverError('closed', 'The consumer is closed.')
      await this.giveUp(this.options.rebalanceTimeoutMs * REVOKE_SHARE)
      await this.beforeJoin()
      this.rejoinWanted = false
      this.joining = true
      return coordinator
    }
  }

  /** Whether a commit under this epoch would be one of what we hold. */
  holds(epoch: number): boolean {
    return this.assignment?.epoch === epoch
  }

  joined(partitions: readonly TopicPartition[]): Assignment {
    this.joining = false
    if (this.assignment) this.lose()
    const { generationId, memberId } = this
    return (this.assignment = { epoch: ++this.epochs, partitions, generationId, memberId })
  }

  /** Makes kafkajs join again at its next heartbeat. */
  rejoin(): void {
    this.rejoinWanted = true
  }

  /** Has work in hand finished and committed, at most so long; afterwards nothing is held. One at a time. */
  giveUp(withinMs: number): Promise<void> {
    return (this.givingUp ??= this.drain(withinMs).finally(() => (this.givingUp = undefined)))
  }

  /** The last give-up, and no join after it. */
  async leave(withinMs: number): Promise<void> {
    this.leaving = true
    await endsWithin(this.context.clock, withinMs, this.giveUp(withinMs))
    this.assignment = undefined
  }

  /**
   * Whether a join is waiting for its answer, which may take as long as the slowest member: kafkajs can't leave the group
   * then, and its connection is taken until the answer comes.
   */
  get isJoining(): boolean {
    return this.joining
  }

  /** Leaves the group by another cluster's connection. */
  async leaveBy(cluster: KafkajsCluster): Promise<void> {
    const { groupId } = this.options
    if (this.memberId === '') return
    const coordinator = await cluster.findGroupCoordinator({ groupId })
    await coordinator.leaveGroup({ groupId, memberId: this.memberId })
  }

  groupMetadata(): GroupMetadata | undefined {
    if (!this.assignment) return undefined
    const { generationId, memberId } = this.assignment
    return { groupId: this.options.groupId, generationId, memberId, groupInstanceId: undefined }
  }

  async commit(offsets: readonly CommitOffset[], epoch: number): Promise<void> {
    const { assignment } = this
    if (assignment === undefined || assignment.epoch !== epoch) throw this.fenced(epoch)
    if (offsets.length === 0) return
    const request = {
      groupId: this.options.groupId,
      groupGenerationId: assignment.generationId,
      memberId: assignment.memberId,
      topics: [...groupBy(offsets, (offset) => offset.topic)].map(([topic, group]) => ({
        topic,
        partitions: group.map(({ partition, offset, metadata }) => ({
          partition,
          offset: String(offset),
          metadata: metadata ?? '',
        })),
      })),
    }
    for (let attempts = COMMIT_ATTEMPTS; ; attempts--) {
      try {
        const coordinator = this.coordinator?.isConnected() ? this.coordinator : await this.findCoordinator!()
        await coordinator.offsetCommit(request)
        return
      } catch (error) {
        const code = codeOf(error)
        const failure = toDriverError(error)
        const again = failure.kind === 'retriable' && code !== ErrorCode.REBALANCE_IN_PROGRESS && attempts > 1
        if (!again) throw failure
        if (COORDINATOR_ELSEWHERE.has(code)) this.coordinator = undefined
        await sleep(this.context.clock, COMMIT_RETRY_MS)
        if (!this.holds(epoch)) throw this.fenced(epoch)
      }
    }
  }

  /** The broker to ask about committed offsets. */
  async coordinatorNow(): Promise<KafkajsBroker> {
    return this.coordinator?.isConnected() ? this.coordinator : this.findCoordinator!()
  }

  // ── giving up ──

  private async drain(withinMs: number): Promise<void> {
    const { assignment } = this
    if (assignment === undefined) return
    if (this.expelled) return this.lose()
    const over = new AbortController()
    const expelled = new Promise<void>((resolve) => (this.expel = resolve))
    const revoked = this.revoke(assignment, withinMs)
    // kafkajs sends no heartbeats before a join, and a session may be shorter than a rebalance
    void this.heartbeats(assignment, over.signal)
    await endsWithin(this.context.clock, withinMs, Promise.race([revoked, expelled]))
    over.abort(new Error('given up'))
    this.expel = undefined
    if (this.expelled) this.lose()
    else this.assignment = undefined
  }

  private async revoke({ partitions }: Assignment, withinMs: number): Promise<void> {
    if (partitions.length === 0) return
    try {
      await this.handler.onRevoked(partitions, this.context.clock.now() + withinMs)
    } catch (error) {
      this.context.log.error('onRevoked failed', { error, groupId: this.options.groupId })
    }
  }

  private lose(): void {
    const { partitions } = this.assignment!
    this.assignment = undefined
    this.expelled = false
    if (partitions.length === 0) return
    try {
      this.handler.onLost(partitions)
    } catch (error) {
      this.context.log.error('onLost failed', { error, groupId: this.options.groupId })
    }
  }

  private async heartbeats({ generationId, memberId }: Assignment, signal: AbortSignal): Promise<void> {
    const request = { groupId: this.options.groupId, groupGenerationId: generationId, memberId }
    for (;;) {
      await sleep(this.context.clock, this.options.heartbeatIntervalMs, signal).catch(() => {})
      if (signal.aborted) return
      await this.coordinator?.heartbeat(request).catch(() => {}) // what matters of its answer, the tap sees
    }
  }

  // ── what passes between kafkajs and the coordinator ──

  private tap(broker: KafkajsBroker): void {
    if (this.tapped.has(broker)) return
    this.tapped.add(broker)
    const { joinGroup, heartbeat, leaveGroup } = broker

    broker.joinGroup = async (request) => {
      try {
        // a rebuilt consumer goes on as the member that it was, so that the group need not wait for that one to time out
        const asMember = { ...request, memberId: request.memberId || this.memberId }
        const answer = await this.whenReady(() => joinGroup.call(this.noting(broker), asMember))
        this.memberId = answer.memberId
        this.generationId = answer.generationId
        this.expelled = false
        return answer
      } catch (error) {
        if (codeOf(error) === ErrorCode.UNKNOWN_MEMBER_ID) this.memberId = ''
        throw error
      }
    }

    broker.heartbeat = async (request) => {
      try {
        const answer = await heartbeat.call(broker, request)
        if (this.rejoinWanted) throw this.rebalanceInProgress()
        return answer
      } catch (error) {
        const code = codeOf(error)
        if (code === ErrorCode.UNKNOWN_MEMBER_ID) this.memberId = ''
        if (EXPELLED.has(code)) {
          this.expelled = true
          this.expel?.()
        }
        throw error
      }
    }

    // kafkajs leaves the group when it crashes; the consumer that is built next means to stay
    broker.leaveGroup = async (request) => (this.leaving ? leaveGroup.call(broker, request) : undefined)
  }

  /** A coordinator that has just become one, or is about to, is asked again; kafkajs would give up. */
  private async whenReady<T>(ask: () => Promise<T>): Promise<T> {
    const wait = backOff(50, 500, this.context.random)
    for (let attempts = READY_ATTEMPTS; ; attempts--) {
      try {
        return await ask()
      } catch (error) {
        if (!NOT_READY.has(codeOf(error)) || attempts === 1 || this.leaving) throw error
        await sleep(this.context.clock, wait.next())
      }
    }
  }

  /** The broker, with a look at the member id that it gives before it answers the join proper. */
  private noting(broker: KafkajsBroker): KafkajsBroker {
    const lookupRequest: KafkajsBroker['lookupRequest'] = (apiKey, definitions) => {
      const make = broker.lookupRequest(apiKey, definitions)
      return (options) => {
        this.memberId = (options as { memberId?: string }).memberId ?? ''
        return make(options)
      }
    }
    return Object.create(broker, { lookupRequest: { value: lookupRequest } }) as KafkajsBroker
  }

  private fenced(epoch: number): DriverError {
    return new DriverError('fenced', `Assignment ${epoch} of group '${this.options.groupId}' is over.`)
  }
}
