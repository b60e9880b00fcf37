import { describe, expect, it } from 'vitest'
import { localNode, NOW_MS, records, recordsIn, type LocalNode } from '../../../test/server/local-node.js'
import { ErrorCode, errorName } from '../../protocol/errors.js'
import { produce } from '../../protocol/messages/produce.js'
import { batch, BatchBuilder } from '../../protocol/records/index.js'
import { closeConnection, noAnswer } from './handler.js'
import { produceHandler } from './produce.js'

interface Send {
  version?: number
  acks?: number
  topic?: string
  topicId?: string
  index?: number
  transactionalId?: string
  clientId?: string
}

async function send(node: LocalNode, bytes: Buffer | null, options: Send = {}) {
  const { version = 9, acks = -1, topic = 'orders', index = 0, transactionalId = null, clientId = 'test' } = options
  const named = version >= 13 ? { topicId: options.topicId ?? node.cluster.topic(topic)?.id } : { name: topic }
  const answer = await node.call(
    produceHandler,
    produce,
    { transactionalId, acks, timeoutMs: 1000, topicData: [{ ...named, partitionData: [{ index, records: bytes }] }] },
    version,
    { clientId },
  )
  if (typeof answer === 'symbol') return answer
  return answer.responses[0]!.partitionResponses[0]!
}

const stored = async (node: LocalNode, partition = 0): Promise<string[]> => {
  const replica = node.partitions.get('orders', partition)!
  return recordsIn(await replica.read(0, { maxBytes: 1e9, minOneBatch: true, endOffset: Infinity }))
}

async function withTopic(configs: Record<string, string> = {}) {
  const node = await localNode()
  await node.createTopic('orders', { partitions: 2, configs })
  return node
}

const failing = (name: string) => expect.objectContaining({ errorCode: ErrorCode[name as keyof typeof ErrorCode] })

describe('Produce', () => {
  it('appends in every version and answers with the offsets', async () => {
    const node = await withTopic()
    let next = 0
    for (let version = 3; version <= 13; version++) {
      expect(await send(node, records(['a', 'b']), { version })).toMatchObject({
        index: 0,
        errorCode: 0,
        baseOffset: next,
        logAppendTimeMs: -1,
        ...(version >= 5 && { logStartOffset: 0 }),
      })
      next += 2
    }
    expect((await stored(node)).length).toBe(next)
  })

  it('answers acks=0 with nothing, and closes the connection when it fails', async () => {
    const node = await withTopic()
    expect(await send(node, records(['a']), { acks: 0 })).toBe(noAnswer)
    expect(await stored(node)).toEqual(['0:a'])
    expect(await send(node, records(['a']), { acks: 0, topic: 'nowhere' })).toBe(closeConnection)
  })

  it.each([
    [{ acks: 2 }, 'INVALID_REQUIRED_ACKS'],
    [{ acks: -2 }, 'INVALID_REQUIRED_ACKS'],
    [{ topic: 'nowhere' }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [{ index: 2 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [{ index: -1 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [{ version: 13, topicId: 'AAAAAAAAAAAAAAAAAAAABw' }, 'UNKNOWN_TOPIC_ID'],
  ])('refuses %o with %s', async (options, name) => {
    const node = await withTopic()
    expect(await send(node, records(['a']), options)).toEqual(failing(name))
    expect(await stored(node)).toEqual([])
  })

  it('keeps clients out of internal topics, but for the admin client', async () => {
    const node = await localNode()
    await node.createTopic('__consumer_offsets')
    const options = { topic: '__consumer_offsets' }
    expect(await send(node, records(['a']), options)).toEqual(failing('INVALID_TOPIC_EXCEPTION'))
    expect(await send(node, records(['a']), { ...options, clientId: '__admin_client' })).toMatchObject({ errorCode: 0 })
  })

  const patched = (change: (bytes: Buffer) => void, reseal = true): Buffer => {
    const bytes = records(['a', 'b'], { producer: { producerId: 5, producerEpoch: 0, baseSequence: 0 } })
    change(bytes)
    if (reseal) batch.sealCrc(bytes, 0)
    return bytes
  }

  it.each<[string, Buffer | null, string]>([
    ['no records', null, 'INVALID_RECORD'],
    ['empty records', Buffer.alloc(0), 'INVALID_RECORD'],
    ['a batch that is cut off', records(['a']).subarray(0, -1), 'INVALID_RECORD'],
    ['two batches', Buffer.concat([records(['a']), records(['b'])]), 'INVALID_RECORD'],
    ['magic 1', patched((bytes) => bytes.writeInt8(1, 16), false), 'INVALID_RECORD'],
    ['magic 3', patched((bytes) => bytes.writeInt8(3, 16), false), 'CORRUPT_MESSAGE'],
    ['a wrong checksum', patched((bytes) => void bytes[70]!++, false), 'CORRUPT_MESSAGE'],
    ['a base offset', patched((bytes) => batch.setBaseOffset(bytes, 0, 4)), 'INVALID_RECORD'],
    ['a count that is not true', patched((bytes) => bytes.writeInt32BE(3, 57)), 'INVALID_RECORD'],
    ['a count below 1', patched((bytes) => bytes.writeInt32BE(0, 57)), 'INVALID_RECORD'],
    [
      'more records in the header than there are',
      patched((bytes) => (bytes.writeInt32BE(9, 57), bytes.writeInt32BE(8, 23))),
      'INVALID_RECORD',
    ],
    [
      'fewer records in the header than there are',
      patched((bytes) => (bytes.writeInt32BE(1, 57), bytes.writeInt32BE(0, 23))),
      'INVALID_RECORD',
    ],
    ['a control batch', patched((bytes) => bytes.writeInt16BE(0x20, 21)), 'INVALID_RECORD'],
    ['a producer without a sequence', patched((bytes) => bytes.writeInt32BE(-1, 53)), 'INVALID_RECORD'],
    [
      'a transaction without its id',
      patched((bytes) => bytes.writeInt16BE(0x10, 21)),
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    ],
    ['a timestamp type that is for brokers', patched((bytes) => bytes.writeInt16BE(0x08, 21)), 'INVALID_TIMESTAMP'],
    ['a record that is longer than its batch', patched((bytes) => bytes.writeUInt8(0xff, 61)), 'INVALID_RECORD'],
    ['a codec that is none', patched((bytes) => bytes.writeInt16BE(7, 21)), 'INVALID_RECORD'],
    ['garbage as gzip', patched((bytes) => bytes.writeInt16BE(1, 21)), 'INVALID_RECORD'],
    ['a batch that is too large', records(['x'], { valueBytes: 1_100_000 }), 'MESSAGE_TOO_LARGE'],
  ])('refuses %s', async (_what, bytes, name) => {
    const node = await withTopic()
    const answer = await send(node, bytes)
    expect(typeof answer === 'object' && errorName(answer.errorCode)).toBe(name)
    expect(await stored(node)).toEqual([])
  })

  it('names the records that break the bounds of the topic', async () => {
    const node = await withTopic({ 'message.timestamp.before.max.ms': '1000' })
    const timestampMs = [NOW_MS, NOW_MS - 1001, NOW_MS + 3_600_001, NOW_MS + 3_600_000, -1]
    const answer = await send(node, records(['a', 'b', 'c', 'd', 'e'], { timestampMs }))
    expect(answer).toMatchObject({ errorCode: ErrorCode.INVALID_TIMESTAMP, logStartOffset: 0 })
    expect((answer as { recordErrors: { batchIndex: number }[] }).recordErrors.map((one) => one.batchIndex)).toEqual([
      1, 2,
    ])
  })

  it('wants keys on compacted topics', async () => {
    const node = await withTopic({ 'cleanup.policy': 'compact' })
    expect(await send(node, records(['a'], { key: null }))).toMatchObject({
      errorCode: ErrorCode.INVALID_RECORD,
      recordErrors: [{ batchIndex: 0 }],
    })
    expect(await send(node, records(['a'], { key: '' }))).toMatchObject({ errorCode: 0 })
  })

  it('takes zstd from version 7 on', async () => {
    const node = await withTopic()
    const bytes = (): Buffer => records(['a'], { codec: 'zstd' })
    expect(await send(node, bytes(), { version: 6 })).toEqual(failing('UNSUPPORTED_COMPRESSION_TYPE'))
    expect(await send(node, bytes(), { version: 7 })).toMatchObject({ errorCode: 0 })
  })

  it('knows a batch again that was sent twice, and refuses a gap', async () => {
    const node = await withTopic()
    const producer = { producerId: 5, producerEpoch: 0, baseSequence: 0 }
    expect(await send(node, records(['a', 'b'], { producer }))).toMatchObject({ baseOffset: 0 })
    expect(await send(node, records(['a', 'b'], { producer }))).toMatchObject({ errorCode: 0, baseOffset: 0 })
    const gap = { ...producer, baseSequence: 3 }
    expect(await send(node, records(['x'], { producer: gap }))).toEqual(failing('OUT_OF_ORDER_SEQUENCE_NUMBER'))
    expect(await stored(node)).toEqual(['0:a', '1:b'])
  })

  it('corrects the largest timestamp, so that searches by time find the truth', async () => {
    const node = await withTopic()
    const bytes = records(['a', 'b'], { timestampMs: [NOW_MS + 5, NOW_MS] })
    batch.setMaxTimestamp(bytes, 0, NOW_MS + 99)
    await send(node, bytes)
    const found = await node.partitions.get('orders', 0)!.findMaxTimestamp()
    expect(found).toMatchObject({ offset: 0, timestampMs: NOW_MS + 5 })
  })

  it('stamps and recompresses as the topic says', async () => {
    const node = await withTopic({ 'message.timestamp.type': 'LogAppendTime', 'compression.type': 'gzip' })
    expect(await send(node, records(['a', 'b'], { timestampMs: 5 }))).toMatchObject({ logAppendTimeMs: NOW_MS })
    const replica = node.partitions.get('orders', 0)!
    const bytes = await replica.read(0, { maxBytes: 1e9, minOneBatch: true, endOffset: Infinity })
    expect(batch.codecId(bytes, 0)).toBe(1)
    expect(batch.timestampType(bytes, 0)).toBe('LogAppendTime')
    expect(batch.maxTimestamp(bytes, 0)).toBe(NOW_MS)
    expect(batch.hasValidCrc(bytes, 0)).toBe(true)
    expect(recordsIn(bytes)).toEqual(['0:a', '1:b'])
    await node.setConfig('orders', 'compression.type', 'producer')
    await send(node, records(['c'], { codec: 'snappy', timestampMs: 5 }))
    const again = await replica.read(2, { maxBytes: 1e9, minOneBatch: true, endOffset: Infinity })
    expect([batch.codecId(again, 0), batch.maxTimestamp(again, 0), batch.hasValidCrc(again, 0)]).toEqual([
      2,
      NOW_MS,
      true,
    ])
  })

  it('gives offsets without gaps to a compressed batch that has some inside', async () => {
    const node = await withTopic()
    const builder = new BatchBuilder({ codec: 'lz4' })
    const draft = (value: string) => ({ key: Buffer.from('k'), value: Buffer.from(value), timestampMs: NOW_MS })
    builder.append(draft('a'), 0)
    builder.append(draft('b'), 2)
    const bytes = builder.finish(undefined, 1)
    expect(await send(node, bytes)).toMatchObject({ errorCode: 0 })
    expect(await stored(node)).toEqual(['0:a', '1:b'])
  })

  it('answers each partition for itself, and tells where the leader is', async () => {
    const node = await withTopic()
    const topicId = node.cluster.topic('orders')!.id
    await node.apply([
      {
        type: 'PartitionRecord',
        value: {
          partitionId: 2,
          topicId,
          replicas: [7],
          isr: [7],
          removingReplicas: [],
          addingReplicas: [],
          leader: 7,
          leaderEpoch: 4,
          partitionEpoch: 0,
        },
      },
    ])
    const answer = await node.call(
      produceHandler,
      produce,
      {
        acks: 1,
        timeoutMs: 1000,
        topicData: [
          { name: 'orders', partitionData: [0, 1, 2, 3].map((index) => ({ index, records: records(['a']) })) },
        ],
      },
      12,
    )
    expect(answer.responses[0]!.partitionResponses.map((one) => errorName(one.errorCode))).toEqual([
      'NONE',
      'NONE',
      'NOT_LEADER_OR_FOLLOWER',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ])
    expect(answer.responses[0]!.partitionResponses[2]!.currentLeader).toEqual({ leaderId: 7, leaderEpoch: 4 })
  })
})
