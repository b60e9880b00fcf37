/**
 * The driver port: what a Kafka driver must do for the framework, and nothing more.
 *
 * The framework owns serdes, partitioning, the accumulator, concurrency, acks and commits, error handling, dead letters
 * and offset reset. The driver owns the wire, membership and heartbeats, sequence numbers, requests in flight, retries and
 * the delivery time-out. Records cross the port as bytes. User code never runs inside a driver's call stack: a driver
 * pushes records and the framework takes them off that stack before anything of the user's runs.
 *
 * Every driver runs the contract suite in `kts-kafka/testing`.
 */
import type { GssapiContext, GssapiOptions, GssapiService } from '../net/index.js'
import type { ConsumerRecord, RecordHeader, TopicPartition } from '../model/index.js'

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
export type Acks = 'all' | 'leader' | 'none'

/** What this driver can do; what it can't is refused at start, naming the option and a driver that can. */
export interface Capabilities {
  readonly codecs: ReadonlySet<Codec>
  readonly idempotence: boolean
  readonly transactions: boolean
  /** Offsets in a transaction are fenced by group generation (KIP-447). */
  readonly fencedTransactionOffsets: boolean
  readonly cooperativeRebalance: boolean
  /** The consumer group protocol of KIP-848. */
  readonly consumerGroupProtocol: boolean
  readonly staticMembership: boolean
  readonly manualAssignment: boolean
  readonly nullHeaderValues: boolean
  readonly incrementalConfigs: boolean
}

export interface KafkaDriver {
  readonly name: string
  readonly capabilities: Capabilities
  producer(options: ProducerOptions): ProducerPort
  consumer(options: ConsumerOptions): ConsumerPort
  admin(): AdminPort
  /** Closes what the driver shares between its clients; after all of them are closed. */
  close(): Promise<void>
}

/** What a driver needs to reach a cluster; the same for every driver. */
export interface ConnectionOptions {
  readonly bootstrapServers: readonly string[]
  readonly clientId: string
  readonly requestTimeoutMs?: number | undefined
  readonly connectionTimeoutMs?: number | undefined
  readonly tls?: TlsOptions | undefined
  readonly sasl?: SaslOptions | undefined
}

export interface TlsOptions {
  readonly ca?: string | Buffer | undefined
  readonly cert?: string | Buffer | undefined
  readonly key?: string | Buffer | undefined
  readonly passphrase?: string | undefined
  readonly serverName?: string | undefined
  /** Default true. */
  readonly rejectUnauthorized?: boolean | undefined
}

export type SaslOptions =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
      readonly username: string
      readonly password: string
    }
  | { readonly mechanism: 'OAUTHBEARER'; readonly token: () => Promise<string> }
  | GssapiOptions
  | SaslConversationOptions

export type { GssapiContext, GssapiOptions, GssapiService }

/** A mechanism of one's own. */
export interface SaslConversationOptions {
  /** As the broker lists it in `sasl.enabled.mechanisms`. */
  readonly mechanism: string
  /**
   * Holds the conversation: `exchange` sends a token and gives the broker's answer. Resolves when we are known to the broker,
   * rejects when it is not who it should be. Runs on each connection, and again before a session ends (KIP-368).
   */
  readonly authenticate: (
    exchange: (token: Buffer) => Promise<Buffer>,
    broker: { readonly host: string; readonly port: number },
  ) => Promise<void>
}

// ── errors ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export type DriverErrorKind =
  | 'retriable'
  | 'fenced'
  | 'auth'
  | 'authorization'
  | 'unknownTopic'
  | 'offsetOutOfRange'
  | 'tooLarge'
  | 'corrupt'
  | 'timeout'
  | 'closed'
  | 'fatal'

export class DriverError extends Error {
  override readonly name = 'DriverError'
  constructor(
    readonly kind: DriverErrorKind,
    message: string,
    /** The protocol error's name, when the broker gave one. */
    readonly code?: string,
    readonly topicPartition?: TopicPartition,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
  }
}

// ── producing ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** A record as bytes. */
export interface OutgoingRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
  readonly timestampMs: number
}

export interface OutgoingBatch {
  readonly topic: string
  readonly partition: number
  readonly records: readonly OutgoingRecord[]
}

/** One for each batch, in the order given: a record's offset is `baseOffset` + its place, unless `records` tells otherwise. */
export type BatchResult = (
  | { readonly baseOffset: number; readonly logAppendTimeMs?: number | undefined; readonly error?: undefined }
  | { readonly error: DriverError }
) & {
  /**
   * What became of each record, in order; there when they fared differently: the broker named those for which it refused
   * the batch (KIP-467), or the batch was too large and went in parts.
   */
  readonly records?: readonly RecordResult[] | undefined
}

export type RecordResult =
  | { readonly offset: number; readonly logAppendTimeMs?: number | undefined; readonly error?: undefined }
  | { readonly error: DriverError }

export interface ProducerOptions {
  readonly clientId?: string | undefined
  readonly acks: Acks
  readonly compression: Codec
  readonly idempotent: boolean
  readonly transactionalId?: string | undefined
  readonly transactionTimeoutMs?: number | undefined
  /** Upper bound on the time from `send` to its result, retries included (`delivery.timeout.ms`). */
  readonly deliveryTimeoutMs: number
  readonly requestTimeoutMs: number
}

export interface ProducerPort {
  connect(): Promise<void>
  /** Number of partitions; may ask the broker, and creates the topic where the broker allows that. */
  partitions(topic: string): Promise<number>
  /**
   * So many batches of a partition may be under way at once, and are in its log in the order of `send`. A driver that tells
   * it also gathers batches into requests by itself, so that each may come with a call of its own. Default 1.
   */
  readonly batchesInFlightMax?: number | undefined
  /** Never rejects for a batch's own failure: that is in its result. */
  send(batches: readonly OutgoingBatch[]): Promise<readonly BatchResult[]>
  /** Transactions; present when the driver's capabilities say so. */
  readonly transactions?: TransactionPort | undefined
  /** Waits for sends under way, at most so long, then closes. */
  close(timeoutMs: number): Promise<void>
}

export interface TransactionPort {
  /** Registers the transactional id, fencing earlier producers of that id; what they left open is aborted. */
  initialize(): Promise<void>
  begin(): Promise<void>
  /** Offsets that are committed with the transaction, for a group, fenced by its generation (KIP-447). */
  sendOffsets(offsets: readonly CommitOffset[], group: GroupMetadata): Promise<void>
  /** Waits for sends under way. Rejects with what failed in the transaction: then only `abort` is left. */
  commit(): Promise<void>
  /** Sends under way fail with code 'TRANSACTION_ABORTED'. */
  abort(): Promise<void>
}

// ── consuming ───────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * A record as it came: `rawKey` and `rawValue` are its bytes, `key` and `value` are null. The framework reads these and puts
 * them in, so that a record is one object from the fetch to the handler: a driver makes a new one each time it hands it on.
 */
export type IncomingRecord = ConsumerRecord<null, null>

export interface IncomingRecords extends TopicPartition {
  /** The assignment that these records belong to; older ones are dropped by the framework. */
  readonly epoch: number
  /** Empty when there was nothing but control or aborted records: then only `nextOffset` is news. */
  readonly records: readonly IncomingRecord[]
  /** Where the next fetch goes on: past control records and compacted ones. */
  readonly nextOffset: number
  readonly highWatermark: number
}

export interface ConsumerOptions {
  /** '' is no group: only for partitions given by hand, of which nothing is committed. */
  readonly groupId: string
  readonly clientId?: string | undefined
  /** Names of assignors to offer, in order of preference: 'range', 'roundrobin', 'cooperative-sticky', … */
  readonly assignors: readonly string[]
  readonly groupProtocol: 'classic' | 'consumer'
  /** The broker's assignor for a group of protocol 'consumer' (`group.remote.assignor`); undefined: the broker chooses. */
  readonly remoteAssignor?: string | undefined
  readonly groupInstanceId?: string | undefined
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly fetchMinBytes: number
  readonly fetchMaxBytes: number
  readonly fetchMaxBytesPerPartition: number
  readonly fetchMaxWaitMs: number
  readonly isolation: 'read_uncommitted' | 'read_committed'
  readonly metadataMaxAgeMs: number
  readonly rackId?: string | undefined
}

/** Where to begin a partition: an absolute offset, or an end of the log. */
export type StartOffset = number | 'earliest' | 'latest'

export interface PartitionStart extends TopicPartition {
  readonly start: StartOffset
  /**
   * Leader epoch of the record before `start`, as it was committed with it: drivers that can ask the leader whether its log
   * is still the one that this offset was committed for (KIP-320).
   */
  readonly leaderEpoch?: number | undefined
}

export interface CommitOffset extends TopicPartition {
  /** The next offset to read. */
  readonly offset: number
  readonly metadata?: string | undefined
}

export interface GroupMetadata {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | undefined
}

export type Subscription =
  | { readonly topics: readonly string[] }
  | {
      readonly pattern: RegExp
      /**
       * Who finds the topics: 'broker' leaves it to the group's coordinator (`SubscriptionPattern`, KIP-848: groupProtocol
       * 'consumer'), which takes RE2's syntax and needs no metadata of all topics here. Drivers that can't do it themselves.
       * Default 'client'.
       */
      readonly resolvedBy?: 'client' | 'broker' | undefined
    }
  /** No group management: exactly these partitions. */
  | { readonly partitions: readonly TopicPartition[] }

/** What the framework does for a consumer. The driver awaits only what is marked so. */
export interface ConsumerHandler {
  /** AWAITED. Newly assigned partitions; answers where each begins. A partition left out begins at its committed offset, or 'latest'. */
  onAssigned(partitions: readonly TopicPartition[], epoch: number): Promise<readonly PartitionStart[]>
  /** AWAITED before the driver gives the partitions up, at most until `deadlineMs` (clock time): work in hand is finished and committed. */
  onRevoked(partitions: readonly TopicPartition[], deadlineMs: number): Promise<void>
  /** The partitions are gone already; nothing can be committed. */
  onLost(partitions: readonly TopicPartition[]): void
  /** Never awaited; the framework pauses partitions for back-pressure. Must not throw. */
  onRecords(records: IncomingRecords): void
  /** A position that the broker does not have: the framework answers by `seek`, or stops the container. */
  onOffsetOutOfRange(partition: TopicPartition, offset: number): void
  onState(state: ConsumerState): void
}

export type ConsumerState =
  | { readonly state: 'connecting' }
  | { readonly state: 'stable'; readonly epoch: number; readonly memberId: string }
  | { readonly state: 'rebalancing' }
  /** The driver rebuilds itself and goes on; `error` says why. */
  | { readonly state: 'recovering'; readonly error: DriverError; readonly retryInMs: number }
  /** The driver gave up: the container stops, or is restarted by the framework. */
  | { readonly state: 'failed'; readonly error: DriverError }
  | { readonly state: 'closed' }

export interface PartitionPosition extends TopicPartition {
  /** The next offset that is handed on; undefined while it is being found out. */
  readonly position: number | undefined
  /** So many offsets lie before the end that a reader of this isolation can see, as the last fetch told; undefined: none did. */
  readonly lag: number | undefined
}

export interface ConsumerPort {
  /** Begins to consume; resolves when the first connection stands, rejects with a DriverError when it can't be made. */
  start(subscription: Subscription, handler: ConsumerHandler): Promise<void>
  /** Idempotent; cleared by a new assignment. */
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  seek(partition: TopicPartition, offset: StartOffset): void
  /** Refused with kind 'fenced' when `epoch` is not the current assignment's: nothing of a lost partition is committed. */
  commit(offsets: readonly CommitOffset[], epoch: number): Promise<void>
  groupMetadata(): GroupMetadata | undefined
  /** Where reading stands in what is assigned (Java's `position` and `currentLag`); for drivers that know. */
  positions?(): readonly PartitionPosition[]
  /** Runs `onRevoked` for what is assigned, leaves the group, closes; takes no longer than `timeoutMs`. */
  close(timeoutMs: number): Promise<void>
}

// ── administering ───────────────────────────────────────────────────────────────────────────────────────────────────

export interface NewTopic {
  readonly name: string
  /** -1: the broker's default. */
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

export interface AdminPort {
  connect(): Promise<void>
  /** One answer a topic, in order; one that was there already is `created: false` without an error, and left as it is. */
  createTopics(
    topics: readonly NewTopic[],
    timeoutMs: number,
  ): Promise<readonly { name: string; created: boolean; error?: DriverError | undefined }[]>
  /** Rejects with 'unknownTopic' when one of them does not exist. */
  deleteTopics(names: readonly string[], timeoutMs: number): Promise<void>
  createPartitions(topic: string, count: number, timeoutMs: number): Promise<void>
  listTopics(): Promise<readonly string[]>
  /** Topics that do not exist are left out. */
  describeTopics(
    names: readonly string[],
  ): Promise<readonly { name: string; partitions: number; replicationFactor: number }[]>
  topicConfigs(names: readonly string[]): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>>
  /** Changes these configs of a topic and leaves its others. */
  alterTopicConfigs(topic: string, configs: Readonly<Record<string, string>>): Promise<void>
  /**
   * Committed offsets of a group, with the leader epoch that was committed beside; a partition without one is left out. `requireStable`: a partition that has offsets in a
   * transaction that is still open is waited for, or fails as 'retriable' (KIP-447); for drivers that have transactions.
   */
  committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options?: { readonly requireStable?: boolean | undefined },
  ): Promise<readonly (TopicPartition & { offset: number; metadata: string; leaderEpoch?: number | undefined })[]>
  /**
   * 'earliest', 'latest', or the first offset whose timestamp is at least so many ms; undefined when there is none.
   * With `isolation` 'read_committed', 'latest' is where the first open transaction begins. Default 'read_uncommitted'.
   */
  listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest' | { timestampMs: number },
    isolation?: ConsumerOptions['isolation'],
  ): Promise<readonly (TopicPartition & { offset: number | undefined })[]>
  /** Everything before these offsets; -1 is the end of the log. Rejects with 'offsetOutOfRange' beyond it. */
  deleteRecords(topic: string, before: readonly { partition: number; offset: number }[]): Promise<void>
  describeCluster(): Promise<{ clusterId: string; brokers: readonly { nodeId: number; host: string; port: number }[] }>
  close(): Promise<void>
}
