// Configs: described and altered, of topics, brokers and groups.
import { type World, script } from '../script.js'
import { messages } from '../protocol.js'

const { describeConfigs, alterConfigs, incrementalAlterConfigs } = messages

const TOPIC = 2
const BROKER = 4
const BROKER_LOGGER = 8
const GROUP = 32
const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

const describe = (
  world: World,
  what: string,
  resourceType: number,
  resourceName: string,
  configurationKeys: readonly string[] | null = null,
  more = { includeSynonyms: true, includeDocumentation: false },
) => world.ask(what, describeConfigs, { resources: [{ resourceType, resourceName, configurationKeys }], ...more })

export const configScripts = [
  script(describeConfigs, 'of a topic', async (world) => {
    const configs = { 'retention.ms': '5000', 'cleanup.policy': 'compact', 'min.compaction.lag.ms': '1' }
    const topic = await world.topic('topic', { configs })
    await describe(world, 'all', TOPIC, topic.name)
    const without = { includeSynonyms: false, includeDocumentation: false }
    await describe(world, 'without synonyms', TOPIC, topic.name, null, without)
    await describe(world, 'some', TOPIC, topic.name, ['retention.ms', 'segment.bytes', 'no.such.config'])
    await describe(world, 'none', TOPIC, topic.name, [])
    const documented = { includeSynonyms: false, includeDocumentation: true }
    await describe(world, 'with words', TOPIC, topic.name, ['retention.ms'], documented)
    await describe(world, 'no such topic', TOPIC, world.named('missing'))
    await describe(world, 'a name that can be none', TOPIC, 'a/b')
    await describe(world, 'no name', TOPIC, '')
    const resource = { resourceType: TOPIC, resourceName: topic.name, configurationKeys: ['retention.ms'] }
    await world.ask('twice', describeConfigs, { resources: [resource, resource], includeSynonyms: false })
    await world.ask('nothing', describeConfigs, { resources: [] })
  }),
  script(describeConfigs, 'of the broker', async (world) => {
    await describe(world, 'all', BROKER, '1')
    await describe(world, 'every broker', BROKER, '')
    await describe(world, 'some', BROKER, '1', ['log.retention.hours', 'num.partitions', 'no.such.config'])
    await describe(world, 'another broker', BROKER, '7')
    await describe(world, 'a name that is no number', BROKER, 'one')
  }),
  script(describeConfigs, 'of what is none', async (world) => {
    for (const type of [0, 1, 3, 99, -1]) await describe(world, `type ${type}`, type, 'x')
    await describe(world, 'a logger', BROKER_LOGGER, '7')
    await describe(world, 'a group', GROUP, world.named('group'))
    await describe(world, 'no group', GROUP, '')
  }),
  script(incrementalAlterConfigs, 'of a topic', async (world) => {
    const topic = await world.topic()
    const alter = async (
      what: string,
      configOperation: number,
      name: string,
      value: string | null,
      validateOnly = false,
    ) => {
      const configs = [{ name, configOperation, value }]
      const resources = [{ resourceType: TOPIC, resourceName: topic.name, configs }]
      await world.ask(what, incrementalAlterConfigs, { resources, validateOnly })
    }
    await alter('set', SET, 'retention.ms', '5000')
    await alter('set a list', SET, 'cleanup.policy', 'compact')
    await alter('append', APPEND, 'cleanup.policy', 'delete')
    await alter('append again', APPEND, 'cleanup.policy', 'delete')
    await alter('subtract', SUBTRACT, 'cleanup.policy', 'compact')
    await alter('append to what is no list', APPEND, 'retention.ms', '1')
    await alter('subtract from what is no list', SUBTRACT, 'retention.ms', '1')
    await alter('only asked', SET, 'segment.ms', '7000', true)
    await alter('delete', DELETE, 'retention.ms', null)
    await alter('delete again', DELETE, 'retention.ms', null)
    await alter('set to null', SET, 'retention.ms', null)
    await alter('set to what is no number', SET, 'retention.ms', 'soon')
    await alter('set out of range', SET, 'retention.ms', '-5')
    await alter('an unknown config', SET, 'no.such.config', '1')
    await alter('delete an unknown config', DELETE, 'no.such.config', null)
    await alter('an operation that is none', 9, 'retention.ms', '1')
    await alter('leave no policy', SUBTRACT, 'cleanup.policy', 'delete')
    await world.until('altered', async () => {
      const resources = [{ resourceType: TOPIC, resourceName: topic.name, configurationKeys: ['retention.ms'] }]
      const answer = await world.setUp(describeConfigs, { resources })
      return answer.results[0]?.configs[0]?.value === '604800000'
    })
    const resources = [{ resourceType: TOPIC, resourceName: topic.name, configurationKeys: null }]
    world.keep('what holds now', await world.setUp(describeConfigs, { resources, includeSynonyms: true }))
  }),
  script(incrementalAlterConfigs, 'what can not be altered', async (world) => {
    const topic = await world.topic()
    const set = (name: string, value: string) => ({ name, configOperation: SET, value })
    const alter = (
      what: string,
      resources: readonly { resourceType: number; resourceName: string; configs: readonly ReturnType<typeof set>[] }[],
    ) => world.ask(what, incrementalAlterConfigs, { resources, validateOnly: true })
    const one = (resourceType: number, resourceName: string, ...configs: readonly ReturnType<typeof set>[]) => [
      { resourceType, resourceName, configs },
    ]
    await alter('no such topic', one(TOPIC, world.named('missing'), set('retention.ms', '1')))
    await alter('a type that is none', one(99, 'x', set('retention.ms', '1')))
    await alter('a read-only broker config', one(BROKER, '1', set('log.dirs', '/elsewhere')))
    await alter('an unknown broker config', one(BROKER, '1', set('no.such.config', '1')))
    await alter('another broker', one(BROKER, '7', set('log.retention.ms', '1000')))
    await alter('a broker that is no number', one(BROKER, 'one', set('log.retention.ms', '1000')))
    await alter('a broker', one(BROKER, '1', set('log.retention.ms', '1000')))
    await alter('every broker', one(BROKER, '', set('log.retention.ms', '1000')))
    await alter('every broker, out of range', one(BROKER, '', set('num.io.threads', '0')))
    await alter('a group', one(GROUP, world.named('group'), set('consumer.session.timeout.ms', '50000')))
    await alter('a group, unknown', one(GROUP, world.named('group'), set('no.such.config', '1')))
    await alter('a config twice', one(TOPIC, topic.name, set('retention.ms', '1'), set('retention.ms', '2')))
    const good = one(TOPIC, topic.name, set('retention.ms', '1'))
    await alter('a topic twice', [...good, ...good])
    await alter('one good, one bad', [...good, ...one(TOPIC, world.named('missing'), set('retention.ms', '1'))])
    await alter('nothing', [])
  }),
  script(alterConfigs, 'of a topic, all at once', async (world) => {
    const topic = await world.topic('topic', { configs: { 'retention.ms': '5000' } })
    const alter = (
      what: string,
      configs: readonly { name: string; value: string | null }[],
      resourceName = topic.name,
    ) =>
      world.ask(what, alterConfigs, {
        resources: [{ resourceType: TOPIC, resourceName, configs }],
        validateOnly: false,
      })
    await alter('another', [{ name: 'segment.ms', value: '7000' }])
    await alter('an unknown config', [{ name: 'no.such.config', value: '1' }])
    await alter('out of range', [{ name: 'retention.ms', value: '-5' }])
    await alter('null', [{ name: 'retention.ms', value: null }])
    await alter('no such topic', [], world.named('missing'))
    await world.until('altered', async () => {
      const resources = [{ resourceType: TOPIC, resourceName: topic.name, configurationKeys: ['segment.ms'] }]
      const answer = await world.setUp(describeConfigs, { resources })
      return answer.results[0]?.configs[0]?.value === '7000'
    })
    const keys = { resourceType: TOPIC, resourceName: topic.name, configurationKeys: ['retention.ms', 'segment.ms'] }
    world.keep('what holds now', await world.setUp(describeConfigs, { resources: [keys], includeSynonyms: true }))
    await alter('nothing at all', [])
  }),
]
