import { describe, expect, it } from 'vitest'
import { silentLog } from '../../base/log.js'
import { seededRandom } from '../../base/random.js'
import { memoryTransport } from '../../net/index.js'
import { startBroker } from '../compose.js'
import { memoryDisk, type MemoryDisk } from '../disk/memory-disk.js'
import { ClusterView } from '../metadata/cluster-view.js'
import type { RunningBroker } from '../running-broker.js'
import { formatSnapshot, parseSnapshot } from './snapshot-files.js'

const FOLDER = '/kts-data/__cluster_metadata-0'

function start(disk: MemoryDisk, configs: Record<string, string> = {}): Promise<RunningBroker> {
  return startBroker({ disk, transport: memoryTransport(), port: 0, configs, random: seededRandom(5) })
}

const files = (disk: MemoryDisk, ending: string): string[] =>
  disk
    .list(FOLDER)
    .map(({ name }) => name)
    .filter((name) => name.endsWith(ending))

/** Something of everything that a cluster has. */
async function fill({ parts: { controller, cluster } }: RunningBroker): Promise<void> {
  const topic = { numPartitions: 3, replicationFactor: -1, assignments: [], configs: [] }
  for (let i = 0; i < 5; i++) await controller.createTopics([{ ...topic, name: `t${i}` }], false)
  await controller.deleteTopics([cluster.topic('t0')!.id])
  await controller.createPartitions([{ name: 't1', count: 7, assignments: null }], false)
  const change = { replaces: false, changes: [{ name: 'retention.ms', operation: 0, value: '12345' }] }
  await controller.alterConfigs([{ ...change, resourceType: 2, resourceName: 't2' }], false)
  const ofBroker = { replaces: false, changes: [{ name: 'log.retention.ms', operation: 0, value: '54321' }] }
  await controller.alterConfigs([{ ...ofBroker, resourceType: 4, resourceName: '' }], false)
  await controller.allocateProducerIds()
}

/** All of the cluster but what every start writes anew. */
function contentOf(broker: RunningBroker): unknown {
  const view = broker.parts.cluster as ClusterView
  return view.snapshot().events.map(({ type, value }) => {
    if (type === 'RegisterBrokerRecord') return [type, value.brokerId]
    if (type === 'PartitionRecord') return [type, { ...value, leaderEpoch: 0, partitionEpoch: 0 }]
    return [type, value]
  })
}

describe('the metadata log', () => {
  it('begins an epoch at each start, and says so in quorum-state', async () => {
    const disk = memoryDisk()
    for (const epoch of [1, 2, 3]) {
      const broker = await start(disk)
      await broker.stop()
      expect(JSON.parse(disk.readFile(`${FOLDER}/quorum-state`)!.toString())).toMatchObject({
        leaderId: 1,
        leaderEpoch: epoch,
      })
    }
    expect(disk.readFile(`${FOLDER}/leader-epoch-checkpoint`)!.toString().split('\n').slice(1, 2)).toEqual(['3'])
  })

  it('is as it was after a start, with a snapshot in the place of what it came from', async () => {
    const disk = memoryDisk()
    const often = { 'metadata.log.max.record.bytes.between.snapshots': '1' }
    const first = await start(disk, often)
    await fill(first)
    const before = contentOf(first)
    await first.stop()
    expect(files(disk, '.checkpoint')).toHaveLength(1)
    expect(files(disk, '.log')).not.toContain('00000000000000000000.log')

    const second = await start(disk)
    expect(contentOf(second)).toEqual(before)
    expect(second.parts.cluster.topic('t1')!.partitions.map(({ leaderEpoch }) => leaderEpoch)).toEqual(Array(7).fill(1))
    const { first: next } = await second.parts.controller.allocateProducerIds()
    expect(next).toBe(1000)
    await second.stop()
  })

  it('takes a snapshot when the last one is old', async () => {
    const disk = memoryDisk()
    const broker = await startBroker({ disk, transport: memoryTransport(), port: 0, hooks: true })
    await fill(broker)
    expect(files(disk, '.checkpoint')).toEqual([])
    await broker.hooks!.advanceClock(3_600_000)
    await broker.parts.controller.allocateProducerIds()
    await broker.stop()
    expect(files(disk, '.checkpoint')).toHaveLength(1)
  })

  it('says what is missing when a snapshot is damaged that the log has no records for', async () => {
    const disk = memoryDisk()
    const first = await start(disk, { 'metadata.log.max.record.bytes.between.snapshots': '1' })
    await fill(first)
    await first.stop()
    const path = `${FOLDER}/${files(disk, '.checkpoint')[0]!}`
    const content = Buffer.from(disk.readFile(path)!)
    content[content.length - 100]! ^= 1
    disk.writeFile(path, content)
    await expect(start(disk)).rejects.toThrow(/no snapshot that stands for them/)
  })

  it('goes on when a snapshot is damaged that the log still has the records for', async () => {
    const disk = memoryDisk()
    const first = await start(disk)
    await fill(first)
    const before = contentOf(first)
    await first.stop()
    disk.writeFile(`${FOLDER}/00000000000000000003-0000000001.checkpoint`, Buffer.from('nonsense'))
    const second = await start(disk)
    expect(contentOf(second)).toEqual(before)
    await second.stop()
  })
})

describe('a snapshot', () => {
  it('comes back from its bytes, and is refused when it is cut or changed', async () => {
    const broker = await start(memoryDisk())
    await fill(broker)
    const { events } = (broker.parts.cluster as ClusterView).snapshot()
    await broker.stop()
    const content = await formatSnapshot(events, 1, 2)
    const again = new ClusterView('id', 1, silentLog)
    parseSnapshot(content).forEach((event, offset) => again.load(event, offset))
    expect(again.snapshot().events).toMatchObject(events)
    expect(() => parseSnapshot(content.subarray(0, -10))).toThrow(/cut short/)
    const changed = Buffer.from(content)
    changed[200]! ^= 1
    expect(() => parseSnapshot(changed)).toThrow()
  })
})
