import { describe, expect, it } from 'vitest'
import { silentLog } from '../../base/log.js'
import { ClusterView } from '../metadata/cluster-view.js'
import { BrokerSettings } from './broker-settings.js'
import { describeBroker, describeTopic } from './describe.js'
import { SettingError } from './setting.js'
import { staticSettings } from './static-settings.js'

const settings = (values: Record<string, string> = {}): BrokerSettings =>
  new BrokerSettings(staticSettings(new Map(Object.entries(values)), silentLog))

type Config = readonly [type: number, resource: string, name: string, value: string | null]

function clusterWith(...configs: readonly Config[]): ClusterView {
  const cluster = new ClusterView('cluster', 1, silentLog)
  configs.forEach(([resourceType, resourceName, name, value], offset) =>
    cluster.load({ type: 'ConfigRecord', value: { resourceType, resourceName, name, value } }, offset),
  )
  return cluster
}

const TOPIC = 2
const BROKER = 4

describe('BrokerSettings', () => {
  it('takes the default, and what the file says before it', () => {
    expect(settings().int('num.partitions')).toBe(1)
    expect(settings({ 'num.partitions': ' 3 ' }).int('num.partitions')).toBe(3)
  })

  it('takes the finest unit of a span that is set', () => {
    expect(settings().topic('t').long('retention.ms')).toBe(604_800_000)
    expect(settings({ 'log.retention.hours': '2' }).topic('t').long('retention.ms')).toBe(7_200_000)
    const both = settings({ 'log.retention.hours': '2', 'log.retention.minutes': '5' })
    expect(both.topic('t').long('retention.ms')).toBe(300_000)
    expect(settings({ 'log.retention.hours': '-1' }).topic('t').long('retention.ms')).toBe(-1)
  })

  it("puts a topic's own value first, then this broker's, then all brokers', then the file's", () => {
    const values = settings({ 'log.retention.bytes': '1' })
    const at = (...configs: readonly Config[]): number => {
      values.follow(clusterWith(...configs), 1)
      return values.topic('t').long('retention.bytes')
    }
    expect(at()).toBe(1)
    expect(at([BROKER, '', 'log.retention.bytes', '2'])).toBe(2)
    expect(at([BROKER, '', 'log.retention.bytes', '2'], [BROKER, '1', 'log.retention.bytes', '3'])).toBe(3)
    expect(at([BROKER, '9', 'log.retention.bytes', '4'])).toBe(1)
    expect(at([TOPIC, 't', 'retention.bytes', '5'], [BROKER, '1', 'log.retention.bytes', '3'])).toBe(5)
  })

  it('follows a change at run time', async () => {
    const values = settings()
    const cluster = clusterWith()
    values.follow(cluster, 1)
    let told = 0
    values.onChange(() => told++)
    expect(values.topic('t').int('max.message.bytes')).toBe(1_048_588)
    const change = { resourceType: TOPIC, resourceName: 't', name: 'max.message.bytes', value: '10' }
    await cluster.apply([{ type: 'ConfigRecord', value: change }], 0)
    expect(values.topic('t').int('max.message.bytes')).toBe(10)
    expect(told).toBe(1)
    await cluster.apply([{ type: 'ConfigRecord', value: { ...change, value: null } }], 1)
    expect(values.topic('t').int('max.message.bytes')).toBe(1_048_588)
  })
})

describe('staticSettings', () => {
  it.each([
    ['num.partitions', '0'],
    ['num.partitions', 'many'],
    ['log.cleanup.policy', 'delete,keep'],
    ['auto.create.topics.enable', 'yes'],
    ['message.max.bytes', '3000000000'],
  ])('refuses %s=%s by name', (name, value) => {
    expect(() => settings({ [name]: value })).toThrow(SettingError)
    expect(() => settings({ [name]: value })).toThrow(name)
  })

  it('answers every key of an old server.properties once, or honours it', () => {
    const lines: string[] = []
    const log = { ...silentLog, warn: (line: string) => void lines.push(line) }
    const old = new Map([
      ['broker.id', '7'],
      ['delete.topic.enable', 'true'],
      ['listeners', 'PLAINTEXT://:9092'],
      ['num.network.threads', '3'],
      ['num.io.threads', '8'],
      ['socket.send.buffer.bytes', '102400'],
      ['socket.receive.buffer.bytes', '102400'],
      ['socket.request.max.bytes', '104857600'],
      ['log.dirs', '/tmp/kafka-logs'],
      ['num.recovery.threads.per.data.dir', '1'],
      ['log.retention.hours', '168'],
      ['zookeeper.connect', 'localhost:2181'],
      ['zookeeper.connection.timeout.ms', '6000'],
      ['no.such.key', '1'],
    ])
    const values = new BrokerSettings(staticSettings(old, log))
    expect(values.int('node.id')).toBe(7)
    expect(lines.map((line) => line.split(' ')[0])).toEqual([
      'num.network.threads',
      'num.io.threads',
      'socket.send.buffer.bytes',
      'socket.receive.buffer.bytes',
      'num.recovery.threads.per.data.dir',
      'zookeeper.connect',
      'zookeeper.connection.timeout.ms',
      'no.such.key',
    ])
    expect(lines.find((line) => line.startsWith('zookeeper.connect '))).toMatch(
      /not needed: the controller is built in/,
    )
  })
})

describe('describing configs', () => {
  const all = { names: null, synonyms: true, documentation: false }

  it('tells where a value comes from, and what else is set', () => {
    const values = settings({ 'log.retention.bytes': '1' })
    values.follow(clusterWith([TOPIC, 't', 'retention.bytes', '5'], [BROKER, '', 'log.retention.bytes', '2']), 1)
    const entry = describeTopic(values, 't', all).find(({ name }) => name === 'retention.bytes')
    expect(entry).toMatchObject({ value: '5', configSource: 1, readOnly: false, configType: 5 })
    expect(entry!.synonyms).toEqual([
      { name: 'retention.bytes', value: '5', source: 1 },
      { name: 'log.retention.bytes', value: '2', source: 3 },
      { name: 'log.retention.bytes', value: '1', source: 4 },
      { name: 'log.retention.bytes', value: '-1', source: 5 },
    ])
  })

  it('shows a default in the unit of the setting, and internal settings only when asked for by name', () => {
    const values = settings()
    expect(
      describeTopic(values, 't', { ...all, names: ['retention.ms', 'internal.segment.bytes', 'nonsense'] }),
    ).toMatchObject([
      { name: 'retention.ms', value: '604800000', configSource: 5, synonyms: [] },
      { name: 'internal.segment.bytes', value: null },
    ])
    expect(describeTopic(values, 't', all).some(({ name }) => name === 'internal.segment.bytes')).toBe(false)
  })

  it('hides passwords and marks what can change only by a restart', () => {
    const entries = new Map(
      describeBroker(settings({ 'ssl.key.password': 'secret', 'num.partitions': '2' }), all).map((entry) => [
        entry.name,
        entry,
      ]),
    )
    expect(entries.get('ssl.key.password')).toMatchObject({ value: null, isSensitive: true, readOnly: false })
    expect(entries.get('num.partitions')).toMatchObject({ value: '2', readOnly: true, configSource: 4 })
  })
})
