// A script: requests in order, run on each broker by itself with fresh names, every answer kept. What is compared is
// the two transcripts.
import { type Api, BatchBuilder, type Decoded, type Draft, type Shape, messages, versionsOf } from './protocol.js'
import { Normaliser, differences } from './normalise.js'
import { Connection } from './peer.js'

export interface Script {
  /** The API that it is about; the script runs once in each of its versions. */
  readonly api: Api<Shape, Shape>
  readonly name: string
  /** The first version in which it makes sense. */
  readonly since?: number
  /** The last. */
  readonly until?: number
  readonly run: (world: World) => Promise<void>
}

export function script(
  api: Api<Shape, Shape>,
  name: string,
  run: (world: World) => Promise<void>,
  versions: { readonly since?: number; readonly until?: number } = {},
): Script {
  return { api, name, run, ...versions }
}

export interface Broker {
  readonly bootstrap: string
  readonly dataDir: string
}

interface AskOptions<Answer> {
  /** Default: the script's. */
  readonly version?: number
  readonly on?: Connection
  readonly silenceMs?: number
  /** An answer that only says to come again is asked for again, and not kept. */
  readonly again?: (answer: Answer) => boolean
}

interface Step {
  readonly what: string
  readonly answer: unknown
}

const READY_MS = 20_000

/** What a script sees: one broker, one version of one API, names of its own. */
export class World {
  readonly transcript: Step[] = []
  readonly #normaliser: Normaliser
  readonly #connections: Connection[] = []
  #main: Connection | undefined

  constructor(
    readonly broker: Broker,
    readonly version: number,
    /** Part of every name the script makes. */
    readonly id: string,
  ) {
    this.#normaliser = new Normaliser(broker.dataDir, `${id}-`)
  }

  /** A name of the script's own, the same on both brokers, for a topic, a group or a client. */
  named(name: string): string {
    return `${this.id}-${name}`
  }

  /** A connection beside the one that `ask` uses. */
  async connection(): Promise<Connection> {
    const connection = await Connection.open(this.broker.bootstrap)
    this.#connections.push(connection)
    return connection
  }

  /** Asks in the script's version (or another) and keeps the answer for comparison. */
  async ask<Req extends Shape, Res extends Shape>(
    what: string,
    api: Api<Req, Res>,
    draft: Draft<Req>,
    options: AskOptions<Decoded<Res>> = {},
  ): Promise<Decoded<Res>> {
    const connection = options.on ?? (await this.#open())
    const once = () => connection.ask(api, options.version ?? this.version, draft, options.silenceMs)
    let answer = await once()
    await this.until(`${what} is answered for good`, async () => {
      if (typeof answer === 'string' || options.again?.(answer) !== true) return true
      answer = await once()
      return false
    })
    this.keep(what, answer)
    if (typeof answer !== 'string') return answer
    // A request that was not answered may hold up all that come after it on its connection.
    await connection.close()
    throw new Ended(`${what}: ${answer}`)
  }

  /** Asks where a closed connection or silence may be the answer, and goes on. */
  async probe<Req extends Shape, Res extends Shape>(
    what: string,
    api: Api<Req, Res>,
    draft: Draft<Req>,
    options: { readonly version?: number; readonly silenceMs?: number } = {},
  ): Promise<void> {
    await this.ask(what, api, draft, options).catch((error: unknown) => {
      if (!(error instanceof Ended)) throw error
    })
  }

  /**
   * Sends bytes as they are, size included, on a connection of their own, and keeps what becomes of it: of an answer,
   * the correlation id and the two bytes behind it, where ApiVersions has its error.
   */
  async bytes(what: string, bytes: Uint8Array, silenceMs?: number): Promise<void> {
    const connection = await this.connection()
    connection.write(bytes)
    const outcome = await connection.next(silenceMs)
    this.keep(what, typeof outcome === 'string' ? outcome : { answer: outcome.frame.subarray(0, 6).toString('hex') })
    await connection.close()
  }

  /** Keeps an observation for comparison. */
  keep(what: string, answer: unknown): void {
    this.transcript.push({ what, answer: this.#normaliser.normalise(answer) })
  }

  /** Values that the script made up itself, to be compared as they are. */
  literal(...values: readonly string[]): void {
    for (const value of values) this.#normaliser.keep(value)
  }

  /** Asks, in the newest version, for what a script stands on; not compared. */
  setUp<Req extends Shape, Res extends Shape>(api: Api<Req, Res>, draft: Draft<Req>): Promise<Decoded<Res>> {
    return this.setUpIn(versionsOf(api)[1], api, draft)
  }

  /** As `setUp`, in a given version. */
  async setUpIn<Req extends Shape, Res extends Shape>(
    version: number,
    api: Api<Req, Res>,
    draft: Draft<Req>,
  ): Promise<Decoded<Res>> {
    const answer = await (await this.#open()).ask(api, version, draft)
    if (typeof answer === 'string') throw new Error(`set-up by ${api.name}: ${answer}`)
    return answer
  }

  /** Makes a topic and waits until it can be produced to and fetched from; gives its name and id. */
  async topic(
    name = 'topic',
    options: { readonly partitions?: number; readonly configs?: Readonly<Record<string, string>> } = {},
  ): Promise<{ readonly name: string; readonly id: string }> {
    const full = this.named(name)
    const configs = Object.entries(options.configs ?? {}).map(([key, value]) => ({ name: key, value }))
    const numPartitions = options.partitions ?? 1
    const topic = { name: full, numPartitions, replicationFactor: 1, assignments: [], configs }
    const made = await this.setUp(messages.createTopics, { topics: [topic], timeoutMs: 10_000, validateOnly: false })
    if (made.topics[0]?.errorCode !== 0) throw new Error(`could not make ${full}: error ${made.topics[0]?.errorCode}`)
    await this.settled(full, numPartitions)
    return { name: full, id: made.topics[0].topicId }
  }

  /** Waits until every partition of a topic has a leader that answers. */
  async settled(name: string, partitions: number): Promise<void> {
    await this.until(`${name} is led`, async () => {
      const answer = await this.setUp(messages.listOffsets, {
        replicaId: -1,
        isolationLevel: 0,
        topics: [{ name, partitions: range(partitions).map((partitionIndex) => ({ partitionIndex, timestamp: -1 })) }],
        timeoutMs: 1000,
      })
      return answer.topics[0]?.partitions.every(({ errorCode }) => errorCode === 0) ?? false
    })
  }

  /** A group name whose coordinator serves. */
  async group(name = 'group'): Promise<string> {
    const groupId = this.named(name)
    await this.until(`the coordinator of ${groupId} serves`, async () => {
      const answer = await this.setUp(messages.findCoordinator, { keyType: 0, coordinatorKeys: [groupId] })
      if (answer.coordinators[0]?.errorCode !== 0) return false
      const groups = [{ groupId, memberId: null, memberEpoch: -1, topics: [] }]
      const offsets = await this.setUp(messages.offsetFetch, { groups, requireStable: false })
      return offsets.groups[0]?.errorCode === 0
    })
    return groupId
  }

  /** Appends records with values v0, v1, … at times 1000, 1001, …; not compared. */
  async filled(topic: { readonly name: string; readonly id: string }, count: number, partition = 0): Promise<void> {
    const answer = await this.setUp(messages.produce, {
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ topicId: topic.id, partitionData: [{ index: partition, records: records(count) }] }],
    })
    const error = answer.responses[0]?.partitionResponses[0]?.errorCode
    if (error !== 0) throw new Error(`could not fill ${topic.name}: error ${error}`)
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + READY_MS
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`${what}: not within ${READY_MS} ms`)
      await new Promise((done) => setTimeout(done, 20))
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()))
  }

  async #open(): Promise<Connection> {
    if (this.#main === undefined || this.#main.closed) this.#main = await this.connection()
    return this.#main
  }
}

/** A connection ended where the script could not go on without it; that it did is in the transcript. */
class Ended extends Error {}

/** Runs a script on one broker and gives its transcript. */
export async function transcriptOf(one: Script, broker: Broker, version: number): Promise<readonly Step[]> {
  const id = `${one.api.name}-${one.name}-v${version}`.replace(/[^\w.-]+/g, '-')
  const world = new World(broker, version, id)
  try {
    await one.run(world)
  } catch (error) {
    if (!(error instanceof Ended)) {
      const steps = world.transcript.map(({ what, answer }) => `${what}: ${JSON.stringify(answer)}`).join('\n')
      throw new Error(`${one.name} on ${broker.bootstrap}: ${String(error)}\n${steps.slice(-2000)}`, { cause: error })
    }
  } finally {
    await world.end()
  }
  return world.transcript
}

/** Where two transcripts differ, a line each: `step · place: kafka …, kts …`. */
export function transcriptDifferences(kafka: readonly Step[], kts: readonly Step[]): string[] {
  const length = Math.max(kafka.length, kts.length)
  return Array.from({ length }, (_, n) => {
    const [left, right] = [kafka[n], kts[n]]
    const what = left?.what ?? right?.what ?? ''
    return differences(left?.answer, right?.answer).map((line) => `${what} · ${line}`)
  }).flat()
}

export const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

export interface RecordsOptions {
  readonly codec?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly producer?: {
    readonly id: number
    readonly epoch: number
    readonly sequence: number
    readonly transactional?: boolean
  }
  readonly keys?: boolean
  readonly from?: number
}

/** A batch of records v0, v1, … (from `from`) at times 1000, 1001, …. */
export function records(count: number, options: RecordsOptions = {}): Buffer {
  const { codec = 'none', producer, keys = true, from = 0 } = options
  const builder = new BatchBuilder({ codec })
  for (let n = from; n < from + count; n++) {
    builder.append({ key: keys ? Buffer.from(`k${n}`) : null, value: Buffer.from(`v${n}`), timestampMs: 1000 + n })
  }
  if (producer === undefined) return builder.finish()
  const { id, epoch, sequence, transactional = false } = producer
  return builder.finish({ producerId: id, producerEpoch: epoch, baseSequence: sequence, transactional })
}
