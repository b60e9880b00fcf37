/**
 * One kafkajs client: a Kafka object of its own (kafkajs shares committed offsets between the clients of one), its sockets,
 * so that a close can be final, and its Cluster.
 */
import type { Consumer, ConsumerConfig, ISocketFactory, KafkaConfig, Mechanism, PartitionAssigner } from 'kafkajs'
import type { Log } from '../../base/log.js'
import {
  DriverError,
  type ConnectionOptions,
  type SaslConversationOptions,
  type SaslOptions,
  type TlsOptions,
} from '../port.js'
import { ErrorCode } from '../../protocol/errors.js'
import {
  defaultSocketFactory,
  type Kafkajs,
  type KafkajsBroker,
  type KafkajsCluster,
  type MetadataAnswer,
} from './vendor.js'

export interface ClientOptions {
  readonly connection: ConnectionOptions
  readonly clientId?: string | undefined
  readonly requestTimeoutMs?: number | undefined
  readonly log: Log
}

/** Kafka's `socket.connection.setup.timeout.ms`. */
const CONNECTION_TIMEOUT_MS = 10_000
/** Kafka's `request.timeout.ms`. */
const REQUEST_TIMEOUT_MS = 30_000
/** kafkajs tries again only this much inside; the driver's own loops know the deadlines. */
const RETRY = { retries: 1, initialRetryTime: 50, maxRetryTime: 500 }

export class KafkajsClient {
  private readonly kafka: InstanceType<Kafkajs['Kafka']>
  private readonly sockets = new Set<ReturnType<ISocketFactory>>()
  private closed = false

  constructor(kafkajs: Kafkajs, options: ClientOptions) {
    const { connection } = options
    const { brokers, hosts } = bootstrap(connection.bootstrapServers)
    const connect = defaultSocketFactory()
    const config: KafkaConfig = {
      brokers,
      clientId: options.clientId ?? connection.clientId,
      connectionTimeout: connection.connectionTimeoutMs ?? CONNECTION_TIMEOUT_MS,
      requestTimeout: options.requestTimeoutMs ?? connection.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      retry: RETRY,
      logLevel: kafkajs.logLevel.INFO,
      logCreator: () => logTo(options.log),
      socketFactory: (socket) => {
        if (this.closed) throw new DriverError('closed', 'The client is closed.')
        const made = connect({ ...socket, host: hosts.get(socket.host) ?? socket.host })
        this.sockets.add(made)
        made.once('close', () => this.sockets.delete(made))
        return made
      },
    }
    if (connection.tls !== undefined) config.ssl = tlsConfig(connection.tls)
    if (connection.sasl !== undefined) config.sasl = saslConfig(connection.sasl)
    this.kafka = new kafkajs.Kafka(config)
  }

  /** A consumer and its cluster: kafkajs hands that out to the makers of partition assigners, and to nothing else. */
  consumer(
    config: ConsumerConfig,
    assigners: readonly ((cluster: KafkajsCluster) => ReturnType<PartitionAssigner>)[],
  ): { consumer: Consumer; cluster: KafkajsCluster } {
    let captured: KafkajsCluster | undefined
    const partitionAssigners = assigners.map((make): PartitionAssigner => (own) => {
      captured = own.cluster as unknown as KafkajsCluster
      return make(captured)
    })
    const consumer = this.kafka.consumer({ ...config, partitionAssigners })
    answerPerPartition(captured!)
    return { consumer, cluster: captured! }
  }

  /** A cluster alone, for those who need no group. Call its `connect` and `disconnect`. */
  cluster(config: { allowAutoTopicCreation: boolean; readUncommitted?: boolean }): KafkajsCluster {
    const unused = {
      name: 'unused',
      version: 0,
      assign: async () => [],
      protocol: () => ({ name: '', metadata: EMPTY }),
    }
    return this.consumer({ groupId: 'unused', ...config }, [() => unused]).cluster
  }

  /** Ends every connection at once, and lets none be made again. */
  destroy(): void {
    this.closed = true
    // with an error: kafkajs does not look for 'close', and would keep its timers
    for (const socket of this.sockets) socket.destroy(new DriverError('closed', 'The client is closed.'))
  }
}

const EMPTY = Buffer.alloc(0)

// ── configuration ──

/** kafkajs cuts a bootstrap address at its first colon: IPv6 ones go under a name that the socket factory knows. */
function bootstrap(servers: readonly string[]): { brokers: string[]; hosts: Map<string, string> } {
  const hosts = new Map<string, string>()
  const brokers = servers.map((server, i) => {
    const found = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(server.trim())
    if (found === null) {
      throw new DriverError('fatal', `bootstrapServers: '${server}' is no address: write host:port, or [ipv6]:port.`)
    }
    const [, ipv6, host, port] = found
    if (ipv6 === undefined) return `${host}:${port}`
    hosts.set(`bootstrap-${i}`, ipv6)
    return `bootstrap-${i}:${port}`
  })
  return { brokers, hosts }
}

function tlsConfig(tls: TlsOptions): NonNullable<KafkaConfig['ssl']> {
  const { serverName, ...rest } = tls
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return serverName === undefined ? given : { ...given, servername: serverName }
}

function saslConfig(sasl: SaslOptions): NonNullable<KafkaConfig['sasl']> {
  if ('authenticate' in sasl) return { mechanism: sasl.mechanism, authenticationProvider: conversation(sasl) }
  switch (sasl.mechanism) {
    case 'PLAIN':
      return { mechanism: 'plain', username: sasl.username, password: sasl.password }
    case 'SCRAM-SHA-256':
      return { mechanism: 'scram-sha-256', username: sasl.username, password: sasl.password }
    case 'SCRAM-SHA-512':
      return { mechanism: 'scram-sha-512', username: sasl.username, password: sasl.password }
    case 'GSSAPI':
      throw new DriverError('fatal', "sasl.mechanism 'GSSAPI': the driver 'kafkajs' does not have it; 'wire' does.")
    case 'OAUTHBEARER':
      return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await sasl.token() }) }
  }
}

/** kafkajs has tokens with their size before them. */
function conversation({ authenticate }: SaslConversationOptions): Mechanism['authenticationProvider'] {
  return ({ host, port, saslAuthenticate }) => ({
    authenticate: () =>
      authenticate(
        async (token) => {
          const sized = Buffer.alloc(4 + token.length)
          sized.writeInt32BE(token.length)
          token.copy(sized, 4)
          const answer = await saslAuthenticate<Buffer>({
            request: { encode: () => sized },
            response: { decode: (raw) => raw.subarray(4), parse: (bytes) => bytes },
          })
          return answer ?? EMPTY
        },
        { host, port },
      ),
  })
}

type KafkajsLogEntry = { namespace: string; level: number; log: { message: string; error?: unknown } }

/** kafkajs logs as errors what its callers handle (a refused connection, a rebalance): here that is for debugging. */
function logTo(log: Log): (entry: KafkajsLogEntry) => void {
  const own = log.child({ driver: 'kafkajs' })
  return ({ namespace, level, log: { message, error } }) => {
    const fields = error === undefined ? { part: namespace } : { part: namespace, error }
    if (level <= 2) own.debug(message, fields)
    else own.trace(message, fields)
  }
}

// ── answers ──

/** The APIs whose answers tell errors topic by topic or partition by partition; kafkajs makes one exception of the first. */
const APIS_TOLD_WHOLE: ReadonlySet<number> = new Set([
  0, // Produce
  1, // Fetch
  2, // ListOffsets
  19, // CreateTopics
  20, // DeleteTopics
  21, // DeleteRecords
  32, // DescribeConfigs
  33, // AlterConfigs
  37, // CreatePartitions
])
const METADATA = 3

/**
 * From now on brokers of this cluster answer as the wire has it: what failed for one partition stays with that partition.
 * Topics that do not exist or may not be seen are left out of metadata instead of failing all the others.
 */
function answerPerPartition(cluster: KafkajsCluster): void {
  const { brokerPool } = cluster
  const createBroker = brokerPool.createBroker
  brokerPool.createBroker = (options) => {
    const broker = createBroker(options)
    const connect = broker.connect.bind(broker)
    let told: KafkajsBroker['lookupRequest'] | undefined
    broker.connect = async () => {
      await connect()
      if (broker.lookupRequest !== told) broker.lookupRequest = told = tellWhole(broker.lookupRequest)
    }
    return broker
  }
}

function tellWhole(lookup: KafkajsBroker['lookupRequest']): KafkajsBroker['lookupRequest'] {
  return (apiKey, definitions) => {
    const make = lookup(apiKey, definitions)
    if (apiKey === METADATA)
      return (options) => parsedBy(make(options), async (data) => knownTopics(data as MetadataAnswer))
    if (!APIS_TOLD_WHOLE.has(apiKey)) return make
    return (options) => parsedBy(make(options), async (data) => data)
  }
}

function parsedBy<R extends { response: { decode(data: Buffer): Promise<unknown> } }>(
  request: R,
  parse: (data: unknown) => Promise<unknown>,
): R {
  const { decode } = request.response
  return { ...request, response: { decode, parse } }
}

const knownTopics = (metadata: MetadataAnswer): MetadataAnswer => ({
  ...metadata,
  topicMetadata: metadata.topicMetadata.filter((topic) => topic.topicErrorCode === ErrorCode.NONE),
})
