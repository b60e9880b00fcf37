import { describe, expect, it } from 'vitest'
import { localNode, records, recordsIn, type LocalNode } from '../../../test/server/local-node.js'
import { logTo } from '../../base/log.js'
import { ErrorCode } from '../../protocol/errors.js'
import { faultyDisk } from '../disk/faulty-disk.js'
import { memoryDisk } from '../disk/memory-disk.js'
import { StartError } from '../running-broker.js'
import { StorageError } from './partitions.js'

const all = { maxBytes: 1e9, minOneBatch: true, endOffset: Infinity }

async function produce(node: LocalNode, topic: string, partition: number, ...values: readonly string[]): Promise<void> {
  const replica = node.partitions.get(topic, partition)!
  await replica.committed(replica.append(records(values), 'client').lastOffset)
}

async function read(node: LocalNode, topic: string, partition = 0): Promise<string[]> {
  const replica = node.partitions.get(topic, partition)!
  return recordsIn(await replica.read(replica.logStartOffset, all))
}

const names = (node: LocalNode, path = '/data'): string[] => node.disk.list(path).map((entry) => entry.name)

describe('partitions of a node', () => {
  it('are there as soon as their topic is', async () => {
    const node = await localNode()
    const topicId = await node.createTopic('orders', { partitions: 2 })
    await produce(node, 'orders', 1, 'a')
    expect(await read(node, 'orders', 1)).toEqual(['0:a'])
    expect(node.disk.readFile('/data/orders-1/partition.metadata')!.toString()).toBe(`version: 0\ntopic_id: ${topicId}`)
    expect(node.partitions.find('orders', 2)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    expect(node.partitions.find('none', 0)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  it('have a folder from their first record on, which may come after a restart', async () => {
    const node = await localNode()
    await node.createTopic('orders', { partitions: 2 })
    await produce(node, 'orders', 1, 'a')
    expect(await read(node, 'orders', 0)).toEqual([])
    expect(names(node).filter((name) => name.startsWith('orders'))).toEqual(['orders-1'])
    await node.stop()
    expect(names(node).filter((name) => name.startsWith('orders'))).toEqual(['orders-1'])
    const again = await localNode({ disk: node.disk, events: node.history })
    await produce(again, 'orders', 0, 'b')
    await again.deleteTopic('orders')
    expect(names(again).filter((name) => /^orders-[01]\.[0-9a-f]{32}-delete$/.test(name)).length).toBe(2)
  })

  it('go offline with their directory when their folder can not be made', async () => {
    const disk = faultyDisk(memoryDisk())
    const node = await localNode({ disk, paths: ['/a', '/b'] })
    await node.createTopic('orders', { partitions: 2 })
    disk.faults = (operation, path) =>
      operation === 'directory' && path.startsWith('/a/') ? { code: 'ENOSPC' } : undefined
    await expect(produce(node, 'orders', 0, 'lost')).rejects.toThrow(/ENOSPC/)
    expect(node.partitions.find('orders', 0)).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
    await produce(node, 'orders', 1, 'goes on')
  })

  it('come back after a stop, with all they had', async () => {
    const node = await localNode()
    await node.createTopic('orders', { partitions: 2 })
    await produce(node, 'orders', 0, 'a', 'b', 'c')
    node.partitions.get('orders', 0)!.deleteRecordsBefore(1)
    await node.stop()
    expect(names(node)).toEqual([
      '.kafka_cleanshutdown',
      '.lock',
      'cleaner-offset-checkpoint',
      'log-start-offset-checkpoint',
      'meta.properties',
      'orders-0',
      'recovery-point-offset-checkpoint',
      'replication-offset-checkpoint',
    ])
    expect(node.disk.readFile('/data/recovery-point-offset-checkpoint')!.toString()).toBe(
      '0\n2\norders 0 3\norders 1 0\n',
    )
    const again = await localNode({ disk: node.disk, events: node.history })
    expect(again.directories.clusterId).toBe(node.directories.clusterId)
    const replica = again.partitions.get('orders', 0)!
    expect([replica.logStartOffset, replica.highWatermark, replica.logEndOffset]).toEqual([1, 3, 3])
    expect(names(again)).not.toContain('.kafka_cleanshutdown')
  })

  it('leave with their topic, at once, and their files after the delay that it sets', async () => {
    const node = await localNode()
    const first = await node.createTopic('orders', { configs: { 'file.delete.delay.ms': '5000' } })
    const timers = node.clock.pending
    await produce(node, 'orders', 0, 'a')
    const partition = node.partitions.get('orders', 0)!
    const late = partition.append(records(['b']), 'client')
    await node.deleteTopic('orders')
    await expect(partition.committed(late.lastOffset)).rejects.toThrow(StorageError)
    expect(() => partition.append(records(['c']), 'client')).toThrow(StorageError)
    expect(node.partitions.get('orders', 0)).toBeUndefined()
    expect(names(node).filter((name) => /^orders-0\.[0-9a-f]{32}-delete$/.test(name)).length).toBe(1)
    expect(await node.createTopic('orders')).not.toBe(first)
    await produce(node, 'orders', 0, 'new')
    expect(await read(node, 'orders')).toEqual(['0:new'])
    await node.clock.advance(5000)
    expect(names(node).filter((name) => name.endsWith('-delete'))).toEqual([])
    expect(node.clock.pending).toBe(timers)
  })

  it('that are of no topic any more are put aside, and half-deleted ones removed', async () => {
    const node = await localNode()
    await node.createTopic('orders')
    await node.createTopic('gone')
    await node.createTopic('renewed')
    for (const topic of ['orders', 'gone', 'renewed']) await produce(node, topic, 0, 'a')
    const before = node.history.slice()
    await node.deleteTopic('orders')
    await node.stop()
    const withoutGone = before.filter(
      ({ type, value }) => type !== 'TopicRecord' || !('name' in value) || value.name !== 'gone',
    )
    const lines: string[] = []
    const log = logTo((_level, message) => lines.push(message))
    const again = await localNode({ disk: node.disk, events: withoutGone, log })
    // the deletion of orders is not in this history
    expect(names(again).filter((name) => name.startsWith('orders'))).toEqual([])
    expect(await read(again, 'orders')).toEqual([])
    expect(names(again).filter((name) => /^gone-0\.[0-9a-f]{32}-stray$/.test(name)).length).toBe(1)
    expect(lines.some((line) => line.includes('gone-0') && line.includes('stray'))).toBe(true)
    expect(await read(again, 'renewed')).toEqual(['0:a'])
  })

  it('of a recreated topic do not take over the files of the old one', async () => {
    const node = await localNode()
    await node.createTopic('orders')
    await produce(node, 'orders', 0, 'old')
    await node.stop()
    const other = await localNode()
    await other.createTopic('padding')
    await other.createTopic('orders')
    const again = await localNode({ disk: node.disk, events: other.history })
    expect(await read(again, 'orders')).toEqual([])
    expect(names(again).some((name) => /^orders-0\..*-stray$/.test(name))).toBe(true)
  })

  it('follow changes of settings without a restart', async () => {
    const node = await localNode()
    await node.createTopic('orders')
    const append = () => node.partitions.get('orders', 0)!.append(records(['x'], { valueBytes: 2000 }), 'client')
    append()
    await node.setConfig('orders', 'max.message.bytes', '1000')
    expect(append).toThrow(expect.objectContaining({ code: ErrorCode.MESSAGE_TOO_LARGE }))
    await node.setConfig('orders', 'max.message.bytes', null)
    append()
  })

  it('begin a leader epoch where their log ends, and keep the history', async () => {
    const node = await localNode()
    await node.createTopic('orders')
    await produce(node, 'orders', 0, 'a', 'b')
    await node.bumpEpochs('orders')
    await produce(node, 'orders', 0, 'c')
    await node.stop()
    expect(node.disk.readFile('/data/orders-0/leader-epoch-checkpoint')!.toString()).toBe('0\n2\n0 0\n1 2\n')
    const again = await localNode({ disk: node.disk, events: node.history })
    expect(again.partitions.get('orders', 0)!.endOfEpoch(0)).toEqual({ epoch: 0, endOffset: 2 })
  })
})

describe('log directories', () => {
  it('share partitions out evenly', async () => {
    const node = await localNode({ paths: ['/a', '/b', '/c'] })
    await node.createTopic('orders', { partitions: 6 })
    for (let partition = 0; partition < 6; partition++) await produce(node, 'orders', partition, 'a')
    for (const path of ['/a', '/b', '/c'])
      expect(names(node, path).filter((name) => name.startsWith('orders')).length).toBe(2)
  })

  it('that fail take only their own partitions with them, and nothing that was answered is lost', async () => {
    const inner = memoryDisk()
    const disk = faultyDisk(inner)
    const lines: string[] = []
    const node = await localNode({ disk, paths: ['/a', '/b'], log: logTo((_level, message) => lines.push(message)) })
    await node.createTopic('orders', { partitions: 2 })
    await produce(node, 'orders', 0, 'kept')
    await produce(node, 'orders', 1, 'kept too')
    const broken = node.partitions.get('orders', 0)!
    disk.faults = (operation, path) =>
      operation === 'append' && path.startsWith('/a/') ? { code: 'ENOSPC', bytesWritten: 20 } : undefined
    const lost = broken.append(records(['lost']), 'client')
    await expect(broken.committed(lost.lastOffset)).rejects.toThrow(/ENOSPC/)
    expect(node.partitions.find('orders', 0)).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
    expect(lines.filter((line) => line.includes('/a is offline') && line.includes('ENOSPC')).length).toBe(1)
    await produce(node, 'orders', 1, 'goes on')
    await node.createTopic('later', { partitions: 2 })
    for (const partition of [0, 1]) await produce(node, 'later', partition, 'a')
    expect(names(node, '/b').filter((name) => name.startsWith('later')).length).toBe(2)
    await node.stop()
    const again = await localNode({ disk: inner, paths: ['/a', '/b'], events: node.history })
    expect(await read(again, 'orders', 0)).toEqual(['0:kept'])
    expect(recordsIn(await again.partitions.get('orders', 1)!.read(0, all))[0]).toBe('0:kept too')
  })

  it('that can not be read go offline, and what they hold is answered as such', async () => {
    const disk = faultyDisk(memoryDisk())
    const lines: string[] = []
    const log = logTo((_level, message) => lines.push(message))
    const node = await localNode({ disk, paths: ['/a', '/b'], cacheBytes: 0, log })
    await node.createTopic('orders', { partitions: 2 })
    await produce(node, 'orders', 0, 'a')
    await produce(node, 'orders', 1, 'b')
    disk.faults = (operation, path) => (operation === 'read' && path.startsWith('/a/') ? { code: 'EIO' } : undefined)
    await expect(read(node, 'orders', 0)).rejects.toThrow(StorageError)
    expect(node.partitions.find('orders', 0)).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
    expect(lines.filter((line) => line.includes('/a is offline') && line.includes('EIO')).length).toBe(1)
    expect(await read(node, 'orders', 1)).toEqual(['0:b'])
  })

  it('that can not be opened leave their partitions offline, and never make them anew', async () => {
    const inner = memoryDisk()
    const node = await localNode({ disk: inner, paths: ['/a', '/b'] })
    await node.createTopic('orders', { partitions: 2 })
    await produce(node, 'orders', 0, 'kept')
    await produce(node, 'orders', 1, 'kept too')
    await node.stop()
    const disk = faultyDisk(inner)
    disk.faults = (_operation, path) => (path.startsWith('/a') ? { code: 'EIO' } : undefined)
    const again = await localNode({ disk, paths: ['/a', '/b'], events: node.history })
    expect(again.partitions.find('orders', 0)).toBe(ErrorCode.KAFKA_STORAGE_ERROR)
    expect(again.partitions.get('orders', 1)).toBeDefined()
  })

  it('belong to one node and one cluster', async () => {
    const disk = memoryDisk()
    const node = await localNode({ disk, paths: ['/a'] })
    await expect(localNode({ disk, paths: ['/a'] })).rejects.toThrow(/in use/)
    await node.stop()
    await (
      await localNode({ disk, paths: ['/b'], random: (await import('../../base/random.js')).seededRandom(5) })
    ).stop()
    await expect(localNode({ disk, paths: ['/a', '/b'] })).rejects.toThrow(StartError)
    disk.writeFile('/a/meta.properties', Buffer.from('version=1\ncluster.id=abc\nnode.id=7\ndirectory.id=x\n'))
    await expect(localNode({ disk, paths: ['/a'] })).rejects.toThrow(/belongs to node 7.*node\.id is 1/)
    // what failed to start has let go of its locks
    await expect(localNode({ disk, paths: ['/a'] })).rejects.toThrow(/belongs to node 7/)
  })
})
