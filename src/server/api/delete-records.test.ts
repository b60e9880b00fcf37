import { describe, expect, it } from 'vitest'
import { localNode, records } from '../../../test/server/local-node.js'
import { errorName } from '../../protocol/errors.js'
import { deleteRecords } from '../../protocol/messages/delete-records.js'
import { describeLogDirs } from '../../protocol/messages/describe-log-dirs.js'
import { deleteRecordsHandler } from './delete-records.js'
import { describeLogDirsHandler } from './describe-log-dirs.js'

async function withRecords(name: string, configs: Record<string, string> = {}) {
  const node = await localNode()
  await node.createTopic(name, { configs })
  const replica = node.partitions.get(name, 0)!
  for (let i = 0; i < 5; i++) replica.append(records(['x']), 'coordinator')
  await replica.committed(4)
  const cut = async (offset: number, topic = name) => {
    const topics = [{ name: topic, partitions: [{ partitionIndex: 0, offset }] }]
    const answer = await node.call(deleteRecordsHandler, deleteRecords, { topics, timeoutMs: 100 }, 2)
    const { errorCode, lowWatermark } = answer.topics[0]!.partitions[0]!
    return errorCode === 0 ? lowWatermark : errorName(errorCode)
  }
  return { node, replica, cut }
}

describe('DeleteRecords', () => {
  it('moves the log start up, never back', async () => {
    const { cut, replica } = await withRecords('orders')
    expect(await cut(3)).toBe(3)
    expect(await cut(1)).toBe(3)
    expect(await cut(-1)).toBe(5)
    expect(replica.logStartOffset).toBe(5)
  })

  it('refuses offsets beyond the end, and topics that are not there', async () => {
    const { cut } = await withRecords('orders')
    expect(await cut(6)).toBe('OFFSET_OUT_OF_RANGE')
    expect(await cut(-2)).toBe('OFFSET_OUT_OF_RANGE')
    expect(await cut(0, 'nowhere')).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })

  it('leaves compacted and internal topics alone', async () => {
    expect(await (await withRecords('orders', { 'cleanup.policy': 'compact' })).cut(1)).toBe('POLICY_VIOLATION')
    expect(await (await withRecords('orders', { 'cleanup.policy': 'compact,delete' })).cut(1)).toBe(1)
    expect(await (await withRecords('__consumer_offsets')).cut(1)).toBe('INVALID_TOPIC_EXCEPTION')
  })
})

describe('DescribeLogDirs', () => {
  it('shows directories, and the sizes of the partitions in them', async () => {
    const node = await localNode({ paths: ['/one', '/two'] })
    await node.createTopic('orders', { partitions: 4 })
    const replica = node.partitions.get('orders', 2)!
    replica.append(records(['x']), 'client')
    const size = records(['x']).length
    const all = await node.call(describeLogDirsHandler, describeLogDirs, { topics: null }, 4)
    expect(all.results.map(({ logDir, errorCode }) => [logDir, errorCode])).toEqual([
      ['/one', 0],
      ['/two', 0],
    ])
    expect(all.results.map(({ topics }) => topics[0]!.partitions.length)).toEqual([2, 2])
    expect(all.results[0]!.totalBytes).toBeGreaterThan(0)
    const some = await node.call(
      describeLogDirsHandler,
      describeLogDirs,
      { topics: [{ topic: 'orders', partitions: [2] }] },
      1,
    )
    expect(some.results.flatMap(({ topics }) => topics)).toEqual([
      {
        name: 'orders',
        partitions: [{ partitionIndex: 2, partitionSize: size, offsetLag: 0, isFutureKey: false }],
      },
    ])
  })

  it('says which directory is offline', async () => {
    const node = await localNode({ paths: ['/one', '/two'] })
    node.directories.all[1]!.fail(new Error('broken'))
    const { results } = await node.call(describeLogDirsHandler, describeLogDirs, { topics: null }, 4)
    expect(results.map(({ errorCode }) => errorName(errorCode))).toEqual(['NONE', 'KAFKA_STORAGE_ERROR'])
  })
})
