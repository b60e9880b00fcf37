/**
 * Brokers that do as a test says, on the memory network: what a real cluster does only when it is hurt. A connection's
 * requests are served one after another, as brokers do; an api without a script of its own is never answered.
 */
import { Reader } from '../../src/base/bytes.js'
import { virtualClock, type VirtualClock } from '../../src/base/clock.js'
import { silentLog } from '../../src/base/log.js'
import { seededRandom, type Random } from '../../src/base/random.js'
import { nextTurn } from '../../src/base/turn.js'
import { wireDriver } from '../../src/client/wire/index.js'
import type { KafkaDriver } from '../../src/client/port.js'
import { FrameReader, memoryTransport, type Connection, type Transport } from '../../src/net/index.js'
import {
  apiByKey,
  apis,
  encodeResponse,
  ErrorCode,
  messages,
  readRequestHeader,
  type Api,
  type Decoded,
  type Draft,
  type Shape,
} from '../../src/protocol/index.js'

export interface Asked {
  readonly nodeId: number
  readonly version: number
}

/** 'cut': the connection is closed instead of an answer. 'silence': none comes. */
type Script = (body: never, asked: Asked) => unknown

export interface Leader {
  leaderId: number
  leaderEpoch: number
}

const PORT = 9092
const addressOf = (nodeId: number): string => `broker-${nodeId}`

export class ScriptedCluster {
  readonly clock: VirtualClock = virtualClock()
  readonly transport: Transport
  /** By topic, then partition. */
  readonly topics = new Map<string, Leader[]>()
  readonly connections = new Set<Connection>()
  /** Nodes that the metadata does not tell of. */
  readonly hidden = new Set<number>()
  metadataAsked = 0
  private readonly scripts = new Map<number, Script>()
  private readonly latest = new Map<number, number>()

  private constructor(
    readonly nodes: readonly number[],
    chunkBytes: number,
  ) {
    this.transport = memoryTransport({ chunkBytes })
    const versions = (): object => ({
      errorCode: 0,
      apiKeys: apis
        .filter(({ key }) => this.scripts.has(key))
        .map(({ key, versions: [minVersion, maxVersion] }) => ({
          apiKey: key,
          minVersion,
          maxVersion: Math.min(maxVersion, this.latest.get(key) ?? maxVersion),
        })),
    })
    this.script(messages.apiVersions, versions as never)
    this.script(messages.metadata, ({ topics }) => this.metadata(topics?.map(({ name }) => name ?? '')))
  }

  static async start(nodes: readonly number[] = [1], chunkBytes = 65_536): Promise<ScriptedCluster> {
    const cluster = new ScriptedCluster(nodes, chunkBytes)
    for (const nodeId of nodes) {
      await cluster.transport.listen(addressOf(nodeId), PORT, (connection) => cluster.serve(nodeId, connection))
    }
    return cluster
  }

  driver(random: Random = seededRandom(1)): KafkaDriver {
    const bootstrapServers = this.nodes.map((nodeId) => `${addressOf(nodeId)}:${PORT}`)
    const { transport, clock } = this
    return wireDriver({ bootstrapServers, clientId: 'scripted' }, { transport, clock, random, log: silentLog })
  }

  script<Req extends Shape, Res extends Shape>(
    api: Api<Req, Res>,
    answer: (
      body: Decoded<Req>,
      asked: Asked,
    ) => Draft<Res> | 'cut' | 'silence' | Promise<Draft<Res> | 'cut' | 'silence'>,
    maxVersion?: number,
  ): void {
    this.scripts.set(api.key, answer as Script)
    if (maxVersion !== undefined) this.latest.set(api.key, maxVersion)
  }

  topic(name: string, leaders: readonly number[]): void {
    this.topics.set(
      name,
      leaders.map((leaderId) => ({ leaderId, leaderEpoch: 5 })),
    )
  }

  lead(topic: string, partition: number, leaderId: number): Leader {
    const leader = this.topics.get(topic)![partition]!
    leader.leaderId = leaderId
    leader.leaderEpoch++
    return leader
  }

  /** Lets time pass, and everything that is on its way arrive in between. */
  async run(ms: number, stepMs = 5): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await turns(12)
      await this.clock.advance(stepMs)
    }
    await turns(12)
  }

  /** Lets time pass until `seen`; fails when it never is. */
  async until(what: string, seen: () => boolean, limitMs = 60_000): Promise<void> {
    const untilMs = this.clock.monotonic() + limitMs
    while (!seen()) {
      if (this.clock.monotonic() > untilMs) throw new Error(`waited ${limitMs} ms for ${what}`)
      await this.run(5)
    }
  }

  endpoint(nodeId: number): { nodeId: number; host: string; port: number; rack: null } {
    return { nodeId, host: addressOf(nodeId), port: PORT, rack: null }
  }

  private metadata(asked: readonly string[] | undefined): Draft<typeof messages.metadata.response.shape> {
    const names = asked ?? [...this.topics.keys()]
    this.metadataAsked++
    return {
      brokers: this.nodes.filter((nodeId) => !this.hidden.has(nodeId)).map((nodeId) => this.endpoint(nodeId)),
      clusterId: 'scripted',
      controllerId: this.nodes[0]!,
      topics: names.map((name) => {
        const leaders = this.topics.get(name)
        return {
          errorCode: leaders ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
          name,
          topicId: topicIdOf(name),
          isInternal: false,
          partitions: (leaders ?? []).map(({ leaderId, leaderEpoch }, partitionIndex) => ({
            errorCode: 0,
            partitionIndex,
            leaderId,
            leaderEpoch,
            replicaNodes: [...this.nodes],
            isrNodes: [...this.nodes],
            offlineReplicas: [],
          })),
        }
      }),
    }
  }

  private serve(nodeId: number, connection: Connection): void {
    this.connections.add(connection)
    const frames = new FrameReader(100_000_000)
    let served: Promise<void> = Promise.resolve()
    let closed = false
    connection.attach({
      onData: (chunk) => {
        frames.push(chunk)
        for (let frame = frames.next(); frame; frame = frames.next()) {
          const request = frame
          served = served.then(async () => (closed ? undefined : this.answer(nodeId, connection, request)))
        }
      },
      onDrain() {},
      onClose: () => {
        closed = true
        this.connections.delete(connection)
      },
    })
  }

  private async answer(nodeId: number, connection: Connection, frame: Buffer): Promise<void> {
    const reader = new Reader(frame)
    const { apiKey, apiVersion: version, correlationId } = readRequestHeader(reader)
    const api = apiByKey(apiKey)!
    const script = this.scripts.get(apiKey)
    if (script === undefined) return
    const answer = await script(api.request.read(reader, version) as never, { nodeId, version })
    if (answer === 'silence') return
    if (answer === 'cut') return connection.destroy()
    connection.write(encodeResponse(api, version, correlationId, answer as never))
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn()
}

/** Made of the name, so that a test may write either. */
export function topicIdOf(name: string): string {
  return Buffer.from(name.padEnd(16, '.')).subarray(0, 16).toString('base64url')
}
