/** What a cluster of one answers about quorum, topics, elections, moves and features. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RawClient } from '../../../test/server/raw-client.js'
import { memoryTransport } from '../../net/index.js'
import { errorName } from '../../protocol/errors.js'
import * as messages from '../../protocol/messages/index.js'
import { startBroker } from '../compose.js'
import type { RunningBroker } from '../running-broker.js'

const transport = memoryTransport()
let broker: RunningBroker
let client: RawClient

beforeAll(async () => {
  broker = await startBroker({ transport, port: 0, topics: [{ name: 't', partitions: 2 }] })
  client = await RawClient.connect(transport, broker.listeners[0]!.port)
})
afterAll(() => broker.stop())

describe('DescribeQuorum', () => {
  const ask = (topicName: string, partitionIndex = 0) =>
    client.call(messages.describeQuorum, 2, { topics: [{ topicName, partitions: [{ partitionIndex }] }] })

  it('tells of the one voter, and how far its log is', async () => {
    const { topics, nodes } = await ask('__cluster_metadata')
    const end = broker.parts.cluster.offset + 1
    expect(topics[0]!.partitions[0]).toMatchObject({
      errorCode: 0,
      leaderId: 1,
      leaderEpoch: 1,
      highWatermark: end,
      observers: [],
    })
    expect(topics[0]!.partitions[0]!.currentVoters).toMatchObject([{ replicaId: 1, logEndOffset: end }])
    expect(nodes).toEqual([{ nodeId: 1, listeners: [] }])
  })

  it('is told in every version', async () => {
    for (const version of [0, 1, 2]) {
      const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }]
      expect((await client.call(messages.describeQuorum, version, { topics })).topics[0]!.partitions[0]!.leaderId).toBe(
        1,
      )
    }
  })

  it('knows no other quorum', async () => {
    for (const { topics } of [await ask('t'), await ask('__cluster_metadata', 1)]) {
      expect(errorName(topics[0]!.partitions[0]!.errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    }
  })
})

describe('Metadata', () => {
  const ask = async (...topics: { name: string | null; topicId?: string }[]): Promise<string[]> => {
    const answer = await client.call(messages.metadata, 12, { topics, allowAutoTopicCreation: false })
    return answer.topics.map(({ name, errorCode }) => `${name} ${errorName(errorCode)}`)
  }

  it('takes the id, whatever name stands beside it', async () => {
    const topicId = broker.parts.cluster.topic('t')!.id
    for (const name of [null, '', 't', 'other']) expect(await ask({ name, topicId })).toEqual(['t NONE'])
    expect(await ask({ name: '', topicId: 'AAAAAAAAAAAAAAAAAAAACQ' })).toEqual(['null UNKNOWN_TOPIC_ID'])
    expect(await ask({ name: 'other' }, { name: null, topicId })).toEqual(['t NONE'])
    expect(await ask({ name: 'other' })).toEqual(['other UNKNOWN_TOPIC_OR_PARTITION'])
  })
})

describe('ListConfigResources', () => {
  const list = async (version: number, ...resourceTypes: number[]): Promise<string[]> => {
    const answer = await client.call(messages.listConfigResources, version, version === 0 ? {} : { resourceTypes })
    if (answer.errorCode !== 0) return [errorName(answer.errorCode)]
    return answer.configResources.map(({ resourceType, resourceName }) => `${resourceType} ${resourceName}`)
  }

  it('lists by type what has configs, or may have', async () => {
    const set = (resourceType: number, resourceName: string, name: string) =>
      client.call(messages.incrementalAlterConfigs, 1, {
        resources: [{ resourceType, resourceName, configs: [{ name, configOperation: 0, value: '60000' }] }],
        validateOnly: false,
      })
    await set(32, 'g', 'consumer.session.timeout.ms')
    await set(16, 'm', 'interval.ms')
    expect(await list(0)).toEqual(['16 m'])
    expect(await list(1, 2, 4)).toEqual(['2 t', '4 1'])
    expect((await list(1)).sort()).toEqual(['16 m', '2 t', '32 g', '4 1', '8 1'])
    expect(await list(1, 77)).toEqual(['UNSUPPORTED_VERSION'])
  })
})

describe('ElectLeaders', () => {
  const elect = async (topicPartitions: { topic: string; partitions: number[] }[] | null, electionType = 0) => {
    const answer = await client.call(messages.electLeaders, 2, { electionType, topicPartitions })
    const outcomes = answer.replicaElectionResults.flatMap(({ partitionResult }) =>
      partitionResult.map(({ errorCode }) => errorName(errorCode)),
    )
    return answer.errorCode === 0 ? outcomes : [errorName(answer.errorCode), ...outcomes]
  }

  it('has nothing to elect', async () => {
    expect(await elect(null)).toEqual([])
    expect(await elect([{ topic: 't', partitions: [0, 5] }])).toEqual([
      'ELECTION_NOT_NEEDED',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ])
    expect(await elect([{ topic: 't', partitions: [0] }], 7)).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST'])
    expect(await elect(null, 7)).toEqual(['INVALID_REQUEST'])
    expect(await elect([], 7)).toEqual([])
  })
})

describe('AlterPartitionReassignments', () => {
  const move = async (partitionIndex: number, replicas: number[] | null): Promise<string> => {
    const topics = [{ name: 't', partitions: [{ partitionIndex, replicas }] }]
    const { responses } = await client.call(messages.alterPartitionReassignments, 1, { topics })
    return errorName(responses[0]!.partitions[0]!.errorCode)
  }

  it('moves nothing, and says what could not be moved', async () => {
    expect(await move(0, [1])).toBe('NONE')
    expect(await move(0, [1, 2])).toBe('INVALID_REPLICA_ASSIGNMENT')
    expect(await move(0, [])).toBe('INVALID_REPLICA_ASSIGNMENT')
    expect(await move(0, null)).toBe('NO_REASSIGNMENT_IN_PROGRESS')
    expect(await move(9, [1])).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    const listed = await client.call(messages.listPartitionReassignments, 0, { topics: null })
    expect(listed).toMatchObject({ errorCode: 0, topics: [] })
  })
})

describe('UpdateFeatures', () => {
  const update = async (validateOnly: boolean, ...updates: [feature: string, level: number, upgradeType: number][]) => {
    const featureUpdates = updates.map(([feature, maxVersionLevel, upgradeType]) => ({
      feature,
      maxVersionLevel,
      upgradeType,
    }))
    return errorName((await client.call(messages.updateFeatures, 1, { featureUpdates, validateOnly })).errorCode)
  }
  const level = () => broker.parts.cluster.features.get('group.version')

  it('changes all that is asked for, or nothing', async () => {
    expect(await update(false, ['group.version', 0, 1])).toBe('INVALID_UPDATE_VERSION')
    expect(await update(false, ['group.version', 0, 2], ['no.such', 1, 1])).toBe('INVALID_UPDATE_VERSION')
    expect(await update(true, ['group.version', 0, 2])).toBe('NONE')
    expect(level()).toBe(1)
    expect(await update(false, ['group.version', 0, 2])).toBe('NONE')
    expect(level()).toBe(0)
    expect(await update(false, ['group.version', 9, 1])).toBe('INVALID_UPDATE_VERSION')
    expect(await update(false, ['group.version', 1, 3])).toBe('INVALID_UPDATE_VERSION')
    expect(await update(false, ['group.version', 1, 1])).toBe('NONE')
    expect(await update(false, ['metadata.version', 29, 3])).toBe('INVALID_UPDATE_VERSION')
    expect(level()).toBe(1)
  })
})
