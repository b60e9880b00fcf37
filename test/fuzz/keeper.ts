/**
 * The one honest client beside a fuzzer. It sees to it that a record that is produced can be fetched back, and puts the
 * broker in order: topics that frames made up are deleted, those that frames should find are there again.
 */
import type { Transport } from '../../src/net/index.js'
import * as messages from '../../src/protocol/messages/index.js'
import { BatchBuilder, batchPositions, RecordCursor } from '../../src/protocol/records/index.js'
import { RawClient } from '../server/raw-client.js'

export interface KeeperOptions {
  readonly transport: Transport
  readonly port: number
  /** Topics that frames should find, with their partitions. */
  readonly topics: Readonly<Record<string, number>>
}

/** No frame knows this name. */
const OWN_TOPIC = 'kept-apart'
const TOPIC_ALREADY_EXISTS = 36

export class Keeper {
  private count = 0

  constructor(private readonly options: KeeperOptions) {}

  /** Rejects when the broker does not do what it must. */
  async look(): Promise<void> {
    const client = await RawClient.connect(this.options.transport, this.options.port)
    await this.tidy(client)
    await this.produceAndFetch(client)
    client.connection.destroy()
  }

  private async tidy(client: RawClient): Promise<void> {
    const metadata = await client.call(messages.metadata, 12, {
      topics: null,
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    })
    const wanted = { ...this.options.topics, [OWN_TOPIC]: 1 }
    const foreign = metadata.topics.filter(({ name, isInternal }) => !isInternal && !((name ?? '') in wanted))
    if (foreign.length > 0) {
      await client.call(messages.deleteTopics, 6, {
        topics: foreign.map(({ topicId }) => ({ name: null, topicId })),
        topicNames: [],
        timeoutMs: 30_000,
      })
    }
    const created = await client.call(messages.createTopics, 5, {
      topics: Object.entries(wanted).map(([name, numPartitions]) => ({
        name,
        numPartitions,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      })),
      timeoutMs: 30_000,
      validateOnly: false,
    })
    for (const { name, errorCode, errorMessage } of created.topics) {
      if (errorCode !== 0 && errorCode !== TOPIC_ALREADY_EXISTS) throw new Error(`${name}: ${errorMessage}`)
    }
  }

  private async produceAndFetch(client: RawClient): Promise<void> {
    const value = `record ${this.count++}`
    const builder = new BatchBuilder({ codec: 'none' })
    builder.append({ key: null, value: Buffer.from(value), timestampMs: Date.now() })
    const produced = await client.call(messages.produce, 12, {
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ name: OWN_TOPIC, partitionData: [{ index: 0, records: builder.finish() }] }],
    })
    const { errorCode, baseOffset } = produced.responses[0]!.partitionResponses[0]!
    if (errorCode !== 0) throw new Error(`a healthy produce was answered with error ${errorCode}`)
    const fetched = await client.call(messages.fetch, 12, {
      maxWaitMs: 1_000,
      minBytes: 1,
      maxBytes: 1_000_000,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        { topic: OWN_TOPIC, partitions: [{ partition: 0, fetchOffset: baseOffset, partitionMaxBytes: 1_000_000 }] },
      ],
      forgottenTopicsData: [],
      rackId: '',
    })
    const partition = fetched.responses[0]?.partitions[0]
    const found = valuesIn(Buffer.from(partition?.records ?? []))
    if (found[0] !== value) {
      throw new Error(
        `produced '${value}' at ${baseOffset}, fetched ${JSON.stringify(found)} (${partition?.errorCode})`,
      )
    }
  }
}

function valuesIn(bytes: Buffer): string[] {
  const values: string[] = []
  for (const at of batchPositions(bytes)) {
    for (const cursor = new RecordCursor(bytes, at); cursor.next();) values.push(String(cursor.value))
  }
  return values
}
