/** The decide-functions, without a broker: what they write, what they refuse. */
import { describe, expect, it } from 'vitest'
import { silentLog } from '../../base/log.js'
import { seededRandom } from '../../base/random.js'
import { errorName } from '../../protocol/errors.js'
import { BrokerSettings } from '../config/broker-settings.js'
import { ResourceType } from '../config/resource-type.js'
import { staticSettings } from '../config/static-settings.js'
import { applyMetadata } from '../metadata/apply.js'
import { decodeEvent, encodeEvent, type MetadataEvent } from '../metadata/events.js'
import { MetadataImage } from '../metadata/metadata-image.js'
import { ConfigOperation, decideAlterConfigs } from './alter-configs.js'
import type { ConfigChange, NewTopicRequest } from './controller.js'
import { decideCreatePartitions } from './create-partitions.js'
import { decideCreateTopics } from './create-topics.js'
import type { DecisionContext } from './decisions.js'
import { decideDeleteTopics } from './delete-topics.js'
import { registration, takeLeadership } from './start-broker.js'

const NODE = 1
const context: DecisionContext = {
  settings: new BrokerSettings(staticSettings(new Map(), silentLog)),
  random: seededRandom(1),
  directoryId: 'AAAAAAAAAAAAAAAAAAAAAA',
}

/** Applies events as they come back from their bytes. */
function apply(image: MetadataImage, events: readonly MetadataEvent[]): void {
  for (const event of events) applyMetadata(image, decodeEvent(encodeEvent(event))!, image.offset + 1)
}

function image(...topics: readonly NewTopicRequest[]): MetadataImage {
  const out = new MetadataImage()
  const listeners = [{ name: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', host: 'localhost', port: 9092 }]
  const broker = { nodeId: NODE, incarnationId: 'AAAAAAAAAAAAAAAAAAAAAA', listeners, rack: null, directoryIds: [] }
  apply(out, registration(broker, 0))
  apply(out, decideCreateTopics(out, topics, context).events)
  return out
}

const topic = (name: string, more: Partial<NewTopicRequest> = {}): NewTopicRequest => ({
  name,
  numPartitions: -1,
  replicationFactor: -1,
  assignments: [],
  configs: [],
  ...more,
})

const codes = (outcomes: Iterable<{ readonly errorCode: number }>): string[] =>
  [...outcomes].map((one) => errorName(one.errorCode))

describe('creating topics', () => {
  const create = (...topics: readonly NewTopicRequest[]) =>
    decideCreateTopics(image(topic('taken'), topic('a.b')), topics, context)
  const code = (one: NewTopicRequest): string => codes(create(one).answer.values())[0]!

  it('takes the defaults for -1', () => {
    const { answer, events } = create(topic('t'))
    expect(answer.get('t')).toMatchObject({ errorCode: 0, numPartitions: 1, replicationFactor: 1 })
    expect(events.map(({ type }) => type)).toEqual(['TopicRecord', 'PartitionRecord'])
  })

  it('creates what can be created, and refuses the rest, each for its own reason', () => {
    const { answer, events } = create(
      topic('good', { numPartitions: 3, configs: [{ name: 'retention.ms', value: '1000' }] }),
      topic('bad', { configs: [{ name: 'retention.ms', value: 'soon' }] }),
      topic('taken'),
    )
    expect(codes(answer.values())).toEqual(['NONE', 'INVALID_CONFIG', 'TOPIC_ALREADY_EXISTS'])
    const after = image()
    apply(after, events)
    expect([...after.topics()].map(({ name, partitions }) => [name, partitions.length])).toEqual([['good', 3]])
    expect(after.configs('topic', 'good')).toEqual(new Map([['retention.ms', '1000']]))
  })

  it.each<[string, Partial<NewTopicRequest> & { name?: string }, string]>([
    ['an empty name', { name: '' }, 'INVALID_TOPIC_EXCEPTION'],
    ['dots only', { name: '..' }, 'INVALID_TOPIC_EXCEPTION'],
    ['a character that is not allowed', { name: 'a b' }, 'INVALID_TOPIC_EXCEPTION'],
    ['a name of 250 characters', { name: 'x'.repeat(250) }, 'INVALID_TOPIC_EXCEPTION'],
    ['a name that collides', { name: 'a_b' }, 'INVALID_TOPIC_EXCEPTION'],
    ['a name of 249 characters', { name: 'x'.repeat(249) }, 'NONE'],
    ['no partitions', { numPartitions: 0 }, 'INVALID_PARTITIONS'],
    ['fewer than -1 partitions', { numPartitions: -2 }, 'INVALID_PARTITIONS'],
    ['no replicas', { replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR'],
    ['more replicas than brokers', { replicationFactor: 2 }, 'INVALID_REPLICATION_FACTOR'],
    ['too many partitions', { numPartitions: 10_001 }, 'POLICY_VIOLATION'],
    ['a config that does not exist', { configs: [{ name: 'no.such', value: '1' }] }, 'INVALID_CONFIG'],
    ['a config without value', { configs: [{ name: 'retention.ms', value: null }] }, 'INVALID_CONFIG'],
    [
      'compaction lags the wrong way round',
      {
        configs: [
          { name: 'min.compaction.lag.ms', value: '10' },
          { name: 'max.compaction.lag.ms', value: '9' },
        ],
      },
      'INVALID_CONFIG',
    ],
    [
      'assignment and count',
      { numPartitions: 1, assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
      'INVALID_REQUEST',
    ],
    [
      'assignment and factor',
      { replicationFactor: 1, assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
      'INVALID_REQUEST',
    ],
    ['an unknown broker', { assignments: [{ partitionIndex: 0, brokerIds: [9] }] }, 'INVALID_REPLICA_ASSIGNMENT'],
    ['a broker twice', { assignments: [{ partitionIndex: 0, brokerIds: [1, 1] }] }, 'INVALID_REPLICA_ASSIGNMENT'],
    ['no broker', { assignments: [{ partitionIndex: 0, brokerIds: [] }] }, 'INVALID_REPLICA_ASSIGNMENT'],
    ['a gap', { assignments: [{ partitionIndex: 1, brokerIds: [1] }] }, 'INVALID_REPLICA_ASSIGNMENT'],
    [
      'replicas by hand',
      {
        assignments: [
          { partitionIndex: 1, brokerIds: [1] },
          { partitionIndex: 0, brokerIds: [1] },
        ],
      },
      'NONE',
    ],
  ])('%s: %s', (_, more, expected) => {
    expect(code(topic(more.name ?? 't', more))).toBe(expected)
  })

  it('lets names collide with none that came before in the same request', () => {
    expect(codes(create(topic('c.d'), topic('c_d')).answer.values())).toEqual(['NONE', 'INVALID_TOPIC_EXCEPTION'])
  })
})

describe('deleting topics', () => {
  it('takes the configs along, and gives a new id to the next topic of the name', () => {
    const before = image(topic('t', { configs: [{ name: 'retention.ms', value: '1' }] }))
    const { id } = before.topic('t')!
    const { answer, events } = decideDeleteTopics(before, [id, 'CbFya1HFQzeLQ9LlP5Cs8g'])
    expect(codes(answer.values())).toEqual(['NONE', 'UNKNOWN_TOPIC_ID'])
    apply(before, events)
    expect(before.topic('t')).toBeUndefined()
    expect(before.configs('topic', 't').size).toBe(0)
    apply(before, decideCreateTopics(before, [topic('t')], context).events)
    expect(before.topic('t')!.id).not.toBe(id)
  })
})

describe('adding partitions', () => {
  it.each<[string, number, (readonly number[])[] | null, string]>([
    ['more', 5, null, 'NONE'],
    ['as many as there are', 2, null, 'INVALID_PARTITIONS'],
    ['fewer', 1, null, 'INVALID_PARTITIONS'],
    ['far too many', 20_000, null, 'INVALID_PARTITIONS'],
    ['by hand', 3, [[1]], 'NONE'],
    ['too few by hand', 4, [[1]], 'INVALID_REPLICA_ASSIGNMENT'],
    ['an unknown broker by hand', 3, [[7]], 'INVALID_REPLICA_ASSIGNMENT'],
  ])('%s', (_, count, byHand, expected) => {
    const before = image(topic('t', { numPartitions: 2 }))
    const assignments = byHand?.map((brokerIds) => ({ brokerIds })) ?? null
    const { answer, events } = decideCreatePartitions(before, [{ name: 't', count, assignments }], context)
    expect(codes(answer.values())).toEqual([expected])
    apply(before, events)
    expect(before.topic('t')!.partitions.map(({ partition }) => partition)).toEqual(
      Array.from({ length: expected === 'NONE' ? count : 2 }, (_unused, i) => i),
    )
  })

  it('knows no topic that is not there', () => {
    const { answer } = decideCreatePartitions(image(), [{ name: 'x', count: 2, assignments: null }], context)
    expect(codes(answer.values())).toEqual(['UNKNOWN_TOPIC_OR_PARTITION'])
  })
})

describe('altering configs', () => {
  const set = (name: string, value: string | null): ConfigChange => ({ name, operation: ConfigOperation.set, value })
  const change = (
    operation: keyof typeof ConfigOperation,
    name: string,
    value: string | null = null,
  ): ConfigChange => ({
    name,
    operation: ConfigOperation[operation],
    value,
  })

  function alter(resourceType: number, resourceName: string, changes: readonly ConfigChange[], replaces = false) {
    const state = image(topic('t', { configs: [{ name: 'retention.ms', value: '1' }] }))
    const request = { resourceType, resourceName, replaces, changes }
    const { answer, events } = decideAlterConfigs(state, [request], context, NODE)
    apply(state, events)
    return { code: codes(answer)[0], events, state }
  }

  it('sets and deletes, leaving the rest', () => {
    const { code, state } = alter(ResourceType.topic, 't', [set('segment.ms', '5'), change('delete', 'retention.ms')])
    expect(code).toBe('NONE')
    expect(state.configs('topic', 't')).toEqual(new Map([['segment.ms', '5']]))
  })

  it('replaces all, where the request says so', () => {
    const { state } = alter(ResourceType.topic, 't', [set('segment.ms', '5')], true)
    expect(state.configs('topic', 't')).toEqual(new Map([['segment.ms', '5']]))
  })

  it('adds to a list and takes from it, from the default on', () => {
    const added = alter(ResourceType.topic, 't', [change('append', 'cleanup.policy', 'compact,delete')])
    expect(added.state.configs('topic', 't').get('cleanup.policy')).toBe('delete,compact')
    const taken = alter(ResourceType.topic, 't', [change('subtract', 'cleanup.policy', 'delete,compact')])
    expect(taken.state.configs('topic', 't').get('cleanup.policy')).toBe('')
  })

  it('writes nothing for what is so already', () => {
    expect(alter(ResourceType.topic, 't', [set('retention.ms', '1')]).events).toEqual([])
  })

  it.each<[string, number, string, ConfigChange[], string]>([
    ['an unknown topic', ResourceType.topic, 'x', [set('retention.ms', '1')], 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['an unknown topic config', ResourceType.topic, 't', [set('no.such', '1')], 'INVALID_CONFIG'],
    ['a bad value', ResourceType.topic, 't', [set('retention.ms', 'x')], 'INVALID_CONFIG'],
    ['no value', ResourceType.topic, 't', [set('retention.ms', null)], 'INVALID_REQUEST'],
    [
      'a config twice',
      ResourceType.topic,
      't',
      [set('retention.ms', '1'), set('retention.ms', '2')],
      'INVALID_REQUEST',
    ],
    ['adding to what is no list', ResourceType.topic, 't', [change('append', 'retention.ms', '1')], 'INVALID_CONFIG'],
    ['a broker that is not there', ResourceType.broker, '9', [set('log.retention.ms', '1')], 'INVALID_REQUEST'],
    ['a read-only setting', ResourceType.broker, '1', [set('num.partitions', '2')], 'INVALID_REQUEST'],
    [
      "a broker's own setting, for all",
      ResourceType.broker,
      '',
      [set('ssl.keystore.location', 'x')],
      'INVALID_REQUEST',
    ],
    ['a bad broker value', ResourceType.broker, '1', [set('log.retention.ms', 'x')], 'INVALID_REQUEST'],
    ['a broker setting', ResourceType.broker, '', [set('log.retention.ms', '1000')], 'NONE'],
    ['a group setting', ResourceType.group, 'g', [set('consumer.session.timeout.ms', '50000')], 'NONE'],
    [
      'a group setting out of bounds',
      ResourceType.group,
      'g',
      [set('consumer.session.timeout.ms', '1000')],
      'INVALID_CONFIG',
    ],
    ['no group', ResourceType.group, '', [set('consumer.session.timeout.ms', '50000')], 'INVALID_REQUEST'],
    ['a resource without configs', 3, 'x', [set('a', 'b')], 'INVALID_REQUEST'],
  ])('%s', (_, type, name, changes, expected) => {
    const { code, events } = alter(type, name, changes)
    expect([code, events.length > 0]).toEqual([expected, expected === 'NONE'])
  })

  it('refuses a resource that stands in the request twice', () => {
    const request = { resourceType: ResourceType.topic, resourceName: 't', replaces: false, changes: [] }
    expect(codes(decideAlterConfigs(image(topic('t')), [request, request], context, NODE).answer)).toEqual([
      'INVALID_REQUEST',
      'INVALID_REQUEST',
    ])
  })
})

describe('a starting broker', () => {
  it('begins a new leader epoch in each of its partitions', () => {
    const state = image(topic('t', { numPartitions: 2 }))
    apply(state, takeLeadership(state, NODE))
    apply(state, takeLeadership(state, NODE))
    expect(state.topic('t')!.partitions.map(({ leader, leaderEpoch }) => [leader, leaderEpoch])).toEqual([
      [1, 2],
      [1, 2],
    ])
  })
})
