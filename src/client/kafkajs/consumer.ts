/**
 * The consuming side: a membership that lasts, and one kafkajs consumer after another under it. When one crashes, whatever
 * kafkajs thinks of it, the next is built after a back-off; only what no waiting mends ends in `failed`.
 */
import type { Timer } from '../../base/clock.js'
import type { TopicPartition } from '../../model/index.js'
import { rangeAssignor, roundRobinAssignor, type Assignor } from '../assignors/index.js'
import {
  DriverError,
  type CommitOffset,
  type ConsumerHandler,
  type ConsumerOptions,
  type ConsumerPort,
  type ConsumerState,
  type GroupMetadata,
  type StartOffset,
  type Subscription,
} from '../port.js'
import { backOff, type BackOff } from '../backoff.js'
import { KafkajsClient } from './client.js'
import { ConsumerRun } from './consumer-run.js'
import type { KafkajsContext } from './context.js'
import { endsWithin } from '../deadline.js'
import { toDriverError } from './errors.js'
import { FetchGate } from './fetch-gate.js'
import { listOffsets } from './list-offsets.js'
import { Membership } from './membership.js'
import { Positions } from './positions.js'
import { SubscribedTopics } from './subscribed-topics.js'
import { loadKafkajs } from './vendor.js'

const ASSIGNORS: readonly Assignor[] = [rangeAssignor, roundRobinAssignor]
const RESTART_MS = 200
const RESTART_MAX_MS = 5_000
/** Of a close, what is for the framework's work in hand; the rest is for leaving. */
const DRAIN_SHARE = 0.8
/** No waiting mends these. */
const HOPELESS: ReadonlySet<string | undefined> = new Set([
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'UNSUPPORTED_VERSION',
])

/** What stands from the first `start` on. */
interface Started {
  readonly handler: ConsumerHandler
  readonly membership: Membership
  readonly gate: FetchGate
  readonly positions: Positions
  readonly open: () => Promise<ConsumerRun>
}

export class KafkajsConsumer implements ConsumerPort {
  private readonly assignors: readonly Assignor[]
  private readonly restarts: BackOff
  private started: Started | undefined
  private run: ConsumerRun | undefined
  private restart: Timer | undefined
  private closing: Promise<void> | undefined
  private told: ConsumerState['state'] | undefined

  constructor(
    private readonly context: KafkajsContext,
    private readonly options: ConsumerOptions,
  ) {
    this.assignors = checked(options)
    this.restarts = backOff(RESTART_MS, RESTART_MAX_MS, context.random)
  }

  async start(subscription: Subscription, handler: ConsumerHandler): Promise<void> {
    if (this.closing) throw new DriverError('closed', 'The consumer is closed.')
    if (this.started) throw new DriverError('fatal', 'The consumer was started before: make a new one.')
    if ('partitions' in subscription) {
      throw new DriverError('fatal', `The kafkajs driver can't be given partitions; it only reads as a group's member.`)
    }
    handler.onState({ state: 'connecting' })
    this.started = await this.prepare(subscription, handler)
    try {
      await this.openRun()
    } catch (error) {
      this.started = undefined
      throw toDriverError(error)
    }
    this.run?.begin()
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const tp of partitions) this.started?.gate.pause(tp)
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const tp of partitions) this.started?.gate.resume(tp)
  }

  seek(tp: TopicPartition, offset: StartOffset): void {
    const { started, run } = this
    const epoch = started?.membership.assignment?.epoch
    if (!started?.gate.has(tp) || !run || epoch === undefined) return
    started.positions.seek({ topic: tp.topic, partition: tp.partition }, offset, epoch, run)
  }

  async commit(offsets: readonly CommitOffset[], epoch: number): Promise<void> {
    if (!this.started)
      throw new DriverError('fenced', `Assignment ${epoch} of group '${this.options.groupId}' is over.`)
    await this.started.membership.commit(offsets, epoch)
  }

  groupMetadata(): GroupMetadata | undefined {
    return this.started?.membership.groupMetadata()
  }

  close(timeoutMs: number): Promise<void> {
    return (this.closing ??= this.shut(timeoutMs))
  }

  private async shut(timeoutMs: number): Promise<void> {
    const { clock } = this.context
    const deadlineMs = clock.monotonic() + timeoutMs
    this.restart?.cancel()
    this.started?.gate.close()
    await this.started?.membership.leave(timeoutMs * DRAIN_SHARE)
    const leftMs = Math.max(deadlineMs - clock.monotonic(), 0)
    if (this.started?.membership.isJoining) {
      this.run?.abandon()
      await endsWithin(clock, leftMs, this.leaveGroup(this.started.membership))
    } else await this.run?.stop(leftMs)
    this.tell({ state: 'closed' })
  }

  /** By a connection of its own; without it the others would wait for the session to time out. */
  private async leaveGroup(membership: Membership): Promise<void> {
    const { connection, log } = this.context
    const client = new KafkajsClient(await loadKafkajs(), { connection, clientId: this.options.clientId, log })
    const cluster = client.cluster({ allowAutoTopicCreation: false })
    try {
      await cluster.connect()
      await cluster.refreshMetadata()
      await membership.leaveBy(cluster)
    } finally {
      client.destroy()
    }
  }

  // ── one run after another ──

  private async prepare(
    subscription: Exclude<Subscription, { partitions: unknown }>,
    handler: ConsumerHandler,
  ): Promise<Started> {
    const { context, options, assignors } = this
    const kafkajs = await loadKafkajs()
    const rebalanceInProgress = (): Error =>
      new kafkajs.KafkaJSProtocolError({
        type: 'REBALANCE_IN_PROGRESS',
        code: 27,
        retriable: true,
        message: 'The subscription has changed',
      } as unknown as Error)
    let leader = false
    const topics = new SubscribedTopics(context, subscription, options.metadataMaxAgeMs, (what) => {
      // as in Java: the leader looks after the partitions of all, each member after its own topics
      if (what === 'topics' || leader) membership.rejoin()
    })
    const beforeJoin = async (): Promise<void> => {
      this.tell({ state: 'rebalancing' })
      gate.assign([])
      if (this.run) await topics.prepare(this.run.cluster)
    }
    const membership = new Membership(context, options, handler, beforeJoin, rebalanceInProgress)
    const gate = new FetchGate(context.clock, {
      outOfRange: (tp, offset) => void this.outOfRange(tp, offset),
      stale: () => void this.run?.cluster.refreshMetadata().catch(() => {}),
    })
    const tell = (state: ConsumerState): void => this.tell(state)
    const positions = new Positions(context, options, handler, gate, membership, tell)

    const open = async (): Promise<ConsumerRun> => {
      const run: ConsumerRun = new ConsumerRun({
        kafkajs,
        context,
        options,
        assignors,
        membership,
        gate,
        topics,
        listener: {
          joined: (partitions, isLeader) => {
            leader = isLeader
            const assignment = membership.joined(partitions)
            gate.assign(partitions)
            this.restarts.reset()
            this.tell({ state: 'stable', epoch: assignment.epoch, memberId: assignment.memberId })
            if (partitions.length > 0) void positions.begin(assignment, run)
          },
          records: (tp, records, nextOffset, highWatermark) => {
            const epoch = membership.assignment?.epoch
            if (epoch === undefined) return
            const { topic, partition } = tp
            this.call('onRecords', () =>
              handler.onRecords({ topic, partition, epoch, records, nextOffset, highWatermark }),
            )
          },
          crashed: (error) => this.crashed(run, error),
        },
      })
      return run
    }
    return { handler, membership, gate, positions, open }
  }

  private async openRun(): Promise<void> {
    const run = await this.started!.open()
    this.run = run
    try {
      await run.connect()
    } catch (error) {
      // not `stop`: that closes the gate, which the next run goes through
      run.abandon()
      throw error
    }
  }

  private crashed(run: ConsumerRun, error: Error): void {
    if (run === this.run && !this.closing) this.recover(error)
  }

  private recover(cause: unknown): void {
    const error = toDriverError(cause)
    const { groupId } = this.options
    if (isHopeless(error)) {
      this.context.log.error('the consumer gave up', { groupId, error: error.message })
      const { membership, gate } = this.started!
      gate.close()
      void membership
        .leave(0)
        .then(() => this.leaveGroup(membership))
        .catch(() => {})
      this.tell({ state: 'failed', error })
      return
    }
    const retryInMs = this.restarts.next()
    this.context.log.warn('the consumer is rebuilt', { groupId, retryInMs, error: error.message })
    this.tell({ state: 'recovering', error, retryInMs })
    this.restart = this.context.clock.after(retryInMs, () => void this.rebuild())
  }

  private async rebuild(): Promise<void> {
    try {
      await this.openRun()
    } catch (error) {
      if (!this.closing) this.recover(error)
      return
    }
    if (this.closing) await this.run!.stop(0)
    else this.run!.begin()
  }

  // ── telling the framework ──

  private async outOfRange(tp: TopicPartition, offset: number): Promise<void> {
    const { run, started } = this
    if (!run || !started) return
    // a follower may lag behind what the leader has: with follower fetches, the leader is asked
    if (this.options.rackId && (await leaderHas(run, tp, offset).catch(() => true))) {
      started.positions.seek(tp, offset, started.membership.assignment?.epoch ?? -1, run)
      return
    }
    this.call('onOffsetOutOfRange', () => started.handler.onOffsetOutOfRange(tp, offset))
  }

  private tell(state: ConsumerState): void {
    if (state.state === 'rebalancing' && this.told === 'rebalancing') return // kafkajs joins again and again until it is in
    this.told = state.state
    this.call('onState', () => this.started?.handler.onState(state))
  }

  /** The handler must not throw; when it does, that is told and the consumer lives on. */
  private call(what: string, call: () => void): void {
    try {
      call()
    } catch (error) {
      this.context.log.error(`${what} threw`, { error, groupId: this.options.groupId })
    }
  }
}

async function leaderHas(run: ConsumerRun, tp: TopicPartition, offset: number): Promise<boolean> {
  const [earliest] = await listOffsets(run.cluster, [tp], 'earliest', 'read_uncommitted')
  const [latest] = await listOffsets(run.cluster, [tp], 'latest', 'read_uncommitted')
  return offset >= (earliest?.offset ?? 0) && offset <= (latest?.offset ?? 0)
}

function isHopeless(error: DriverError): boolean {
  const cause = error.cause as { name?: string } | undefined
  return (
    error.kind === 'auth' ||
    error.kind === 'authorization' ||
    HOPELESS.has(error.code ?? '') ||
    cause?.name === 'KafkaJSNotImplemented'
  )
}

/** What kafkajs can't do is refused when the consumer is made. */
function checked(options: ConsumerOptions): Assignor[] {
  const refuse = (what: string): never => {
    throw new DriverError('fatal', `Consumer of group '${options.groupId}': ${what}`)
  }
  if (options.groupProtocol === 'consumer') refuse(`the kafkajs driver only knows groupProtocol 'classic'.`)
  if (options.groupInstanceId !== undefined) refuse('the kafkajs driver has no static members (groupInstanceId).')
  if (options.heartbeatIntervalMs >= options.sessionTimeoutMs) {
    refuse(
      `heartbeatIntervalMs ${options.heartbeatIntervalMs} must be below sessionTimeoutMs ${options.sessionTimeoutMs}.`,
    )
  }
  if (options.assignors.length === 0) refuse('no assignors: name at least one of range, roundrobin.')
  return options.assignors.map(
    (name) =>
      ASSIGNORS.find((assignor) => assignor.name === name) ??
      refuse(`the kafkajs driver has no assignor '${name}'; it has ${ASSIGNORS.map((each) => each.name).join(', ')}.`),
  )
}
