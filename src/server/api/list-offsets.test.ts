import { describe, expect, it } from 'vitest'
import { localNode, NOW_MS, records, type LocalNode, type RecordsOptions } from '../../../test/server/local-node.js'
import { errorName } from '../../protocol/errors.js'
import { listOffsets } from '../../protocol/messages/list-offsets.js'
import { offsetForLeaderEpoch } from '../../protocol/messages/offset-for-leader-epoch.js'
import { listOffsetsHandler } from './list-offsets.js'
import { offsetForLeaderEpochHandler } from './offset-for-leader-epoch.js'

async function produce(node: LocalNode, values: readonly string[], options: RecordsOptions = {}): Promise<void> {
  const replica = node.partitions.get('orders', 0)!
  await replica.committed(replica.append(records(values, options), 'client').lastOffset)
}

async function lookUp(
  node: LocalNode,
  timestamp: number,
  more: { version?: number; currentLeaderEpoch?: number; partitionIndex?: number } = {},
) {
  const { version = 11, partitionIndex = 0, ...rest } = more
  const partitions = [{ partitionIndex, timestamp, ...rest }]
  const answer = await node.call(
    listOffsetsHandler,
    listOffsets,
    { replicaId: -1, topics: [{ name: 'orders', partitions }] },
    version,
  )
  const { errorCode, timestamp: found, offset, leaderEpoch } = answer.topics[0]!.partitions[0]!
  return errorCode === 0 ? [offset, found, leaderEpoch] : errorName(errorCode)
}

async function withTopic(configs: Record<string, string> = {}): Promise<LocalNode> {
  const node = await localNode()
  await node.createTopic('orders', { configs })
  return node
}

describe('ListOffsets', () => {
  it('knows both ends, and that nothing is tiered', async () => {
    const node = await withTopic()
    expect(await lookUp(node, -1)).toEqual([0, -1, 0])
    await produce(node, ['a', 'b', 'c'])
    await node.bumpEpochs('orders')
    await produce(node, ['d'])
    node.partitions.get('orders', 0)!.deleteRecordsBefore(2)
    expect(await lookUp(node, -1)).toEqual([4, -1, 1])
    expect(await lookUp(node, -2)).toEqual([2, -1, 0])
    expect(await lookUp(node, -4)).toEqual([2, -1, 0])
    expect(await lookUp(node, -5)).toEqual([-1, -1, -1])
    expect(await lookUp(node, -6)).toEqual([-1, -1, -1])
  })

  it.each<RecordsOptions>([{}, { codec: 'gzip' }])(
    'finds the record by its time, not its batch (%o)',
    async (options) => {
      const node = await withTopic()
      const batches = [
        [0, 10, 20],
        [15, 40, 30],
        [50, 60, 60],
      ]
      for (const times of batches) {
        await produce(node, ['a', 'b', 'c'], { ...options, timestampMs: times.map((time) => NOW_MS + time) })
      }
      const at = async (time: number) => lookUp(node, NOW_MS + time)
      expect(await at(-5)).toEqual([0, NOW_MS, 0])
      expect(await at(10)).toEqual([1, NOW_MS + 10, 0])
      expect(await at(11)).toEqual([2, NOW_MS + 20, 0])
      expect(await at(21)).toEqual([4, NOW_MS + 40, 0])
      expect(await at(41)).toEqual([6, NOW_MS + 50, 0])
      expect(await at(60)).toEqual([7, NOW_MS + 60, 0])
      expect(await at(61)).toEqual([-1, -1, -1])
      expect(await lookUp(node, -3)).toEqual([7, NOW_MS + 60, 0])
      node.partitions.get('orders', 0)!.deleteRecordsBefore(2)
      expect(await at(-5)).toEqual([2, NOW_MS + 20, 0])
    },
  )

  it('finds times over segments and index entries', async () => {
    const node = await withTopic({ 'internal.segment.bytes': '4000', 'index.interval.bytes': '300' })
    for (let i = 0; i < 100; i++) await produce(node, ['x'], { valueBytes: 100, timestampMs: NOW_MS + i * 10 })
    expect(node.partitions.get('orders', 0)!.log.segments.count).toBeGreaterThan(3)
    for (let i = 0; i < 100; i += 9) expect(await lookUp(node, NOW_MS + i * 10 - 3)).toEqual([i, NOW_MS + i * 10, 0])
    expect(await lookUp(node, -3)).toEqual([99, NOW_MS + 990, 0])
  })

  it('has no largest timestamp when nothing is there', async () => {
    expect(await lookUp(await withTopic(), -3)).toEqual([-1, -1, -1])
  })

  it('refuses what it can not answer', async () => {
    const node = await withTopic()
    expect(await lookUp(node, -3, { version: 6 })).toBe('UNSUPPORTED_VERSION')
    expect(await lookUp(node, -1, { partitionIndex: 1 })).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(await lookUp(node, -1, { currentLeaderEpoch: 3 })).toBe('UNKNOWN_LEADER_EPOCH')
    await node.bumpEpochs('orders')
    expect(await lookUp(node, -1, { currentLeaderEpoch: 0 })).toBe('FENCED_LEADER_EPOCH')
  })
})

describe('OffsetForLeaderEpoch', () => {
  it('tells where epochs ended', async () => {
    const node = await withTopic()
    await produce(node, ['a', 'b'])
    await node.bumpEpochs('orders')
    await node.bumpEpochs('orders')
    await produce(node, ['c'])
    const end = async (leaderEpoch: number, currentLeaderEpoch = -1) => {
      const partitions = [{ partition: 0, currentLeaderEpoch, leaderEpoch }]
      const answer = await node.call(
        offsetForLeaderEpochHandler,
        offsetForLeaderEpoch,
        { topics: [{ topic: 'orders', partitions }] },
        4,
      )
      const { errorCode, leaderEpoch: epoch, endOffset } = answer.topics[0]!.partitions[0]!
      return errorCode === 0 ? [epoch, endOffset] : errorName(errorCode)
    }
    expect(await end(0)).toEqual([0, 2])
    expect(await end(1)).toEqual([0, 2])
    expect(await end(2)).toEqual([2, 3])
    expect(await end(3)).toEqual([-1, -1])
    expect(await end(-1)).toEqual([-1, -1])
    expect(await end(0, 1)).toBe('FENCED_LEADER_EPOCH')
    expect(await end(0, 3)).toBe('UNKNOWN_LEADER_EPOCH')
  })
})
