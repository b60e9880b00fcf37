/**
 * The storage of one node for tests: partitions on a disk, with a cluster that the test changes, and without controller,
 * sockets or real time. Handlers are called as the endpoint calls them.
 */
import { virtualClock } from '../../src/base/clock.js'
import { silentLog, type Log } from '../../src/base/log.js'
import { seededRandom, type Random } from '../../src/base/random.js'
import type { Api, Decoded, Draft, Shape } from '../../src/protocol/schema/index.js'
import { BatchBuilder, batchPositions, RecordCursor, type CodecName } from '../../src/protocol/records/index.js'
import type { Handler, RequestContext } from '../../src/server/api/handler.js'
import type { Broker } from '../../src/server/broker.js'
import { BrokerSettings } from '../../src/server/config/broker-settings.js'
import type { Disk } from '../../src/server/disk/disk.js'
import { memoryDisk } from '../../src/server/disk/memory-disk.js'
import { LogDirectories } from '../../src/server/log/log-directories.js'
import { ClusterView } from '../../src/server/metadata/cluster-view.js'
import type { MetadataEvent } from '../../src/server/metadata/events.js'
import { LocalPartitions } from '../../src/server/replica/local-partitions.js'
import { Purgatory } from '../../src/server/wait/purgatory.js'

export const NODE_ID = 1

export interface LocalNodeOptions {
  readonly disk?: Disk
  readonly paths?: readonly string[]
  readonly clock?: ReturnType<typeof virtualClock>
  readonly random?: Random
  readonly log?: Log
  /** Broker settings. */
  readonly configs?: Readonly<Record<string, string>>
  readonly cacheBytes?: number
  /** What the metadata log said before. */
  readonly events?: readonly MetadataEvent[]
}

export interface TopicOptions {
  readonly partitions?: number
  readonly configs?: Readonly<Record<string, string>>
}

export type LocalNode = Awaited<ReturnType<typeof localNode>>

export async function localNode(options: LocalNodeOptions = {}) {
  const {
    disk = memoryDisk(),
    paths = ['/data'],
    clock = virtualClock(),
    random = seededRandom(11),
    log = silentLog,
    configs = {},
    cacheBytes = 1_000_000,
  } = options
  const settings = new BrokerSettings(new Map(Object.entries(configs)))
  const directories = await LogDirectories.open({ disk, paths, nodeId: NODE_ID, random, log })
  const cluster = new ClusterView(directories.clusterId, NODE_ID, log)
  const history: MetadataEvent[] = []
  const note = (event: MetadataEvent): void => cluster.load(event, history.push(event) - 1)
  for (const event of options.events ?? registration) note(event)
  settings.follow(cluster, NODE_ID)
  const purgatory = new Purgatory(clock)
  const partitions = await LocalPartitions.start({
    nodeId: NODE_ID,
    clock,
    random,
    log,
    settings,
    cluster,
    purgatory,
    directories,
    cacheBytes,
  })
  const parts = { nodeId: NODE_ID, clock, random, log, settings, cluster, purgatory, partitions, replicas: partitions }

  const handles = new Map<Handler, ReturnType<Handler['create']>>()
  const apply = async (events: readonly MetadataEvent[]): Promise<void> => {
    const first = history.length
    history.push(...events)
    await cluster.apply(events, first)
  }
  const contextOf = (more: Partial<RequestContext>): RequestContext => ({
    apiVersion: 0,
    correlationId: 1,
    clientId: 'test',
    connectionId: 'test',
    clientHost: '127.0.0.1',
    clientPort: 1,
    listenerName: 'PLAINTEXT',
    principal: 'User:ANONYMOUS',
    signal: new AbortController().signal,
    ...more,
  })

  return {
    ...parts,
    disk,
    directories,
    /** What a node that starts from the same metadata log is given. */
    history,
    apply,

    async createTopic(name: string, { partitions: count = 1, configs: topicConfigs = {} }: TopicOptions = {}) {
      const topicId = random.bytes(16).toString('base64url')
      await apply([
        { type: 'TopicRecord', value: { name, topicId } },
        ...Object.entries(topicConfigs).map(([config, value]): MetadataEvent => configEvent(name, config, value)),
        ...Array.from({ length: count }, (_, partition) => partitionEvent(topicId, partition)),
      ])
      return topicId
    },

    async deleteTopic(name: string) {
      await apply([{ type: 'RemoveTopicRecord', value: { topicId: cluster.topic(name)!.id } }])
    },

    async setConfig(topic: string, name: string, value: string | null) {
      await apply([configEvent(topic, name, value)])
    },

    /** The node takes the lead anew, as after a restart. */
    async bumpEpochs(topic: string) {
      const { id, partitions: all } = cluster.topic(topic)!
      await apply(
        all.map(({ partition }) => ({
          type: 'PartitionChangeRecord',
          value: { partitionId: partition, topicId: id, leader: NODE_ID },
        })),
      )
    },

    /** Lends handlers what a node has beyond its storage. */
    provide(more: Partial<Broker>): void {
      Object.assign(parts, more)
    },

    /** Passes the request through its encoded form, as the wire does. */
    async call<Req extends Shape, Res extends Shape>(
      handler: Handler,
      api: Api<Req, Res>,
      request: Draft<Req>,
      version: number,
      context: Partial<RequestContext> = {},
    ): Promise<Decoded<Res>> {
      const handle = handles.get(handler) ?? handler.create(parts as unknown as Broker)
      handles.set(handler, handle)
      const wire = api.request.decode(api.request.encode(request, version), version)
      const answer = await handle(wire, contextOf({ ...context, apiVersion: version }))
      if (typeof answer === 'symbol') return answer as unknown as Decoded<Res>
      return api.response.decode(api.response.encode(answer as Draft<Res>, version), version)
    },

    async stop() {
      await partitions.close()
      for (const directory of directories.all) await directory.close(true, 1)
    },
  }
}

const registration: readonly MetadataEvent[] = [
  {
    type: 'RegisterBrokerRecord',
    value: {
      brokerId: NODE_ID,
      incarnationId: 'AAAAAAAAAAAAAAAAAAAAAQ',
      brokerEpoch: 0,
      endPoints: [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 9092, securityProtocol: 0 }],
      features: [],
      rack: null,
      fenced: false,
    },
  },
]

function partitionEvent(topicId: string, partitionId: number): MetadataEvent {
  return {
    type: 'PartitionRecord',
    value: {
      partitionId,
      topicId,
      replicas: [NODE_ID],
      isr: [NODE_ID],
      removingReplicas: [],
      addingReplicas: [],
      leader: NODE_ID,
      leaderEpoch: 0,
      partitionEpoch: 0,
    },
  }
}

function configEvent(resourceName: string, name: string, value: string | null): MetadataEvent {
  return { type: 'ConfigRecord', value: { resourceType: 2, resourceName, name, value } }
}

export interface RecordsOptions {
  readonly codec?: CodecName
  readonly timestampMs?: number | readonly number[]
  readonly key?: string | null
  readonly valueBytes?: number
  readonly producer?: { readonly producerId: number; readonly producerEpoch: number; readonly baseSequence: number }
}

export const NOW_MS = 1_700_000_000_000

/** A batch as a producer sends it. */
export function records(values: readonly string[], options: RecordsOptions = {}): Buffer {
  const { codec = 'none', timestampMs = NOW_MS, key = 'k', valueBytes = 0, producer } = options
  const builder = new BatchBuilder({ codec })
  values.forEach((value, i) => {
    builder.append({
      key: key === null ? null : Buffer.from(key),
      value: Buffer.from(value.padEnd(valueBytes)),
      timestampMs: typeof timestampMs === 'number' ? timestampMs : timestampMs[i]!,
    })
  })
  return builder.finish(producer && { transactional: false, ...producer })
}

/** `offset:value` of each record. */
export function recordsIn(bytes: Uint8Array | null | undefined): string[] {
  const out: string[] = []
  const buffer = Buffer.from(bytes ?? [])
  for (const at of batchPositions(buffer)) {
    for (const cursor = new RecordCursor(buffer, at); cursor.next();) {
      out.push(`${cursor.offset}:${cursor.value?.toString().trimEnd() ?? 'null'}`)
    }
  }
  return out
}
