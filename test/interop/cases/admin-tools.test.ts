// Kafka's own admin tools against the broker.
import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { home, kafkaTool, kcat } from '../commands.js'
import { needs, useTarget } from '../target.js'

describe('admin tools', () => {
  const target = useTarget()
  const tool = (name: string, args: string) => kafkaTool(name, `--bootstrap-server ${target().bootstrap} ${args}`)
  const refused = (name: string, args: string) =>
    kafkaTool(name, `--bootstrap-server ${target().bootstrap} ${args}`, { mayFail: true })
  const produce = (topic: string, count: number) =>
    kcat(target().bootstrap, `-P -t ${topic} -p 0`, { input: 'x\n'.repeat(count) })

  test('kafka-topics creates, lists, describes and deletes', async () => {
    await tool('kafka-topics', '--create --topic made --partitions 3 --config retention.ms=60000')
    expect((await tool('kafka-topics', '--list')).text.split('\n')).toContain('made')

    const described = (await tool('kafka-topics', '--describe --topic made')).text
    expect(described).toMatch(/Topic: made\tTopicId: [\w-]{22}\tPartitionCount: 3\tReplicationFactor: 1/)
    expect(described).toContain('retention.ms=60000')
    expect(described.match(/Partition: \d\tLeader: 1\tReplicas: 1\tIsr: 1/g)).toHaveLength(3)

    await tool('kafka-topics', '--delete --topic made')
    expect((await tool('kafka-topics', '--list')).text.split('\n')).not.toContain('made')
  })

  test('a topic made again has a new id', async () => {
    const idOf = async () => /TopicId: (\S+)/.exec((await tool('kafka-topics', '--describe --topic again')).text)?.[1]
    await tool('kafka-topics', '--create --topic again')
    const first = await idOf()
    await tool('kafka-topics', '--delete --topic again')
    await tool('kafka-topics', '--create --topic again')
    expect(await idOf()).not.toBe(first)
  })

  test('kafka-topics says why it refuses', async () => {
    await tool('kafka-topics', '--create --topic taken')
    const cases: readonly (readonly [string, RegExp])[] = [
      ['--create --topic taken', /TopicExistsException: .*taken/],
      ['--create --topic factor --replication-factor 3', /InvalidReplicationFactorException/],
      ['--create --topic no/slash', /InvalidTopicException/],
      ['--create --topic many --partitions 0', /InvalidPartitionsException|partitions must be greater than 0/],
      ['--create --topic odd --config retention.ms=soon', /Invalid value soon for configuration retention.ms/],
      ['--create --topic odd --config no.such.config=1', /InvalidConfigurationException|Unknown topic config/],
      ['--describe --topic missing', /Topic 'missing' does not exist/],
    ]
    for (const [args, words] of cases) {
      const { code, text, stderr } = await refused('kafka-topics', args)
      expect(code, args).not.toBe(0)
      expect(text + stderr).toMatch(words)
    }
  })

  test('kafka-topics adds partitions', async (context) => {
    await needs(context, target(), 'CreatePartitions')
    await tool('kafka-topics', '--create --topic grows --partitions 1')
    await tool('kafka-topics', '--alter --topic grows --partitions 4')
    expect((await tool('kafka-topics', '--describe --topic grows')).text).toContain('PartitionCount: 4')
    const fewer = await refused('kafka-topics', '--alter --topic grows --partitions 2')
    expect(fewer.text + fewer.stderr).toMatch(/InvalidPartitionsException/)
  })

  test('kafka-configs shows a topic, all its defaults, and the broker', async () => {
    await tool('kafka-topics', '--create --topic told --config cleanup.policy=compact')
    const own = (await tool('kafka-configs', '--describe --entity-type topics --entity-name told')).text
    expect(own).toContain('cleanup.policy=compact sensitive=false')
    expect(own).toContain('DEFAULT_CONFIG:log.cleanup.policy=delete')
    const all = (await tool('kafka-configs', '--describe --all --entity-type topics --entity-name told')).text
    for (const line of ['retention.ms=604800000', 'segment.bytes=1073741824', 'max.message.bytes=1048588']) {
      expect(all).toContain(line)
    }
    const broker = (await tool('kafka-configs', '--describe --all --entity-type brokers --entity-name 1')).text
    expect(broker).toContain('num.partitions=1 sensitive=false')
    expect(broker).toMatch(/group\.initial\.rebalance\.delay\.ms=0 .*STATIC_BROKER_CONFIG/)
  })

  test('kafka-configs alters a topic: set, append, subtract, delete', async (context) => {
    await needs(context, target(), 'IncrementalAlterConfigs')
    await tool('kafka-topics', '--create --topic tuned')
    const alter = (change: string) =>
      tool('kafka-configs', `--alter --entity-type topics --entity-name tuned ${change}`)
    const describeOwn = async () =>
      (await tool('kafka-configs', '--describe --entity-type topics --entity-name tuned')).text
    await alter('--add-config retention.ms=1000,cleanup.policy=[compact,delete]')
    expect(await describeOwn()).toContain('retention.ms=1000')
    expect(await describeOwn()).toContain('cleanup.policy=compact,delete')
    await alter('--delete-config retention.ms')
    expect(await describeOwn()).not.toContain('retention.ms=1000')
    const bad = await refused(
      'kafka-configs',
      '--alter --entity-type topics --entity-name tuned --add-config retention.ms=-5',
    )
    expect(bad.text + bad.stderr).toMatch(/InvalidConfigurationException/)
  })

  test('kafka-configs alters a broker, for one and for all, and keeps it through a restart', async (context) => {
    await needs(context, target(), 'IncrementalAlterConfigs')
    await tool('kafka-configs', '--alter --entity-type brokers --entity-default --add-config log.retention.ms=5000000')
    await tool('kafka-configs', '--alter --entity-type brokers --entity-name 1 --add-config message.max.bytes=2000000')
    await target().stop()
    await target().start()
    const broker = (await tool('kafka-configs', '--describe --entity-type brokers --entity-name 1')).text
    expect(broker).toContain('message.max.bytes=2000000')
    const everyBroker = (await tool('kafka-configs', '--describe --entity-type brokers --entity-default')).text
    expect(everyBroker).toContain('log.retention.ms=5000000')
    await tool('kafka-configs', '--alter --entity-type brokers --entity-default --delete-config log.retention.ms')
    await tool('kafka-configs', '--alter --entity-type brokers --entity-name 1 --delete-config message.max.bytes')
  })

  test('kafka-get-offsets: earliest, latest, max timestamp, by time', async () => {
    await tool('kafka-topics', '--create --topic counted --partitions 2')
    await produce('counted', 7)
    expect((await tool('kafka-get-offsets', '--topic counted')).text.split('\n')).toEqual([
      'counted:0:7',
      'counted:1:0',
    ])
    expect((await tool('kafka-get-offsets', '--topic counted --time earliest')).text).toContain('counted:0:0')
    expect((await tool('kafka-get-offsets', '--topic counted --time max-timestamp')).text).toMatch(/counted:0:\d/)
    expect((await tool('kafka-get-offsets', '--topic counted --time 0')).text).toContain('counted:0:0')
    expect((await tool('kafka-get-offsets', '--topic-partitions counted:1')).text).toBe('counted:1:0')
  })

  test('kafka-delete-records moves the start of the log', async (context) => {
    await needs(context, target(), 'DeleteRecords')
    await tool('kafka-topics', '--create --topic cut')
    await produce('cut', 10)
    const file = `${home}/work/delete-records.json`
    writeFileSync(file, JSON.stringify({ version: 1, partitions: [{ topic: 'cut', partition: 0, offset: 4 }] }))
    expect((await tool('kafka-delete-records', `--offset-json-file ${file}`)).text).toMatch(/cut-0\s+low_watermark: 4/)
    expect((await tool('kafka-get-offsets', '--topic cut --time earliest')).text).toBe('cut:0:4')
    const rest = await kcat(target().bootstrap, '-C -t cut -p 0 -o beginning -e -q')
    expect(rest.text.split('\n')).toHaveLength(6)
  })

  test('kafka-log-dirs shows what lies where', async (context) => {
    await needs(context, target(), 'DescribeLogDirs')
    await tool('kafka-topics', '--create --topic weighed')
    await produce('weighed', 100)
    const { text } = await tool('kafka-log-dirs', '--describe --topic-list weighed')
    const report = JSON.parse(text.slice(text.indexOf('{'))) as {
      brokers: {
        broker: number
        logDirs: { error: string | null; partitions: { partition: string; size: number }[] }[]
      }[]
    }
    expect(report.brokers[0]?.logDirs[0]?.error).toBeNull()
    const [partition] = report.brokers[0]?.logDirs.flatMap((dir) => dir.partitions) ?? []
    expect(partition).toMatchObject({ partition: 'weighed-0', offsetLag: 0, isFuture: false })
    expect(partition?.size).toBeGreaterThan(100)
  })

  test('kafka-broker-api-versions and kafka-cluster know the broker', async () => {
    expect((await tool('kafka-broker-api-versions', '')).text).toContain('Produce(0): 0 to 13 [usable: 13]')
    const { text } = await kafkaTool('kafka-cluster', `cluster-id --bootstrap-server ${target().bootstrap}`)
    expect(text).toMatch(/^Cluster ID: [\w-]{22}$/)
    const listed = await kafkaTool('kafka-cluster', `list-endpoints --bootstrap-server ${target().bootstrap}`)
    expect(listed.text).toMatch(/1\s+127\.0\.0\.1\s+\d+/)
  })

  test('kafka-features describes the features', async () => {
    const { text } = await kafkaTool('kafka-features', `--bootstrap-server ${target().bootstrap} describe`)
    expect(text).toMatch(
      /Feature: metadata\.version\s+SupportedMinVersion: \S+\s+SupportedMaxVersion: \S+\s+FinalizedVersionLevel: \S+/,
    )
  })
})
