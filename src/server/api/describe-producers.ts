/** Tells what partitions know of the producers that wrote to them: whose transactions are open, and since where. */
import { ErrorCode } from '../../protocol/errors.js'
import { describeProducers } from '../../protocol/messages/index.js'
import type { ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { topicNameFault } from '../../base/topic-name.js'
import { handler } from './handler.js'

type Answer = ResponseOf<typeof describeProducers>['topics'][number]['partitions'][number]

const refused = (partitionIndex: number, errorCode: ErrorCode, errorMessage: string | null): Answer => ({
  partitionIndex,
  errorCode,
  errorMessage,
  activeProducers: [],
})

export const describeProducersHandler = handler(
  describeProducers,
  ({ cluster, replicas }: Pick<Broker, 'cluster' | 'replicas'>) => {
    const describe = (topic: string, partitionIndex: number): Answer => {
      const fault = topicNameFault(topic)
      if (fault !== undefined) return refused(partitionIndex, ErrorCode.INVALID_TOPIC_EXCEPTION, fault)
      const replica = replicas.find(topic, partitionIndex)
      if (typeof replica === 'number') {
        return refused(partitionIndex, replica, cluster.topic(topic) ? null : `there is no topic ${topic}`)
      }
      const activeProducers = replica.producers().map((producer) => ({
        producerId: producer.producerId,
        producerEpoch: producer.producerEpoch,
        lastSequence: producer.lastSequence,
        lastTimestamp: producer.timestamp,
        coordinatorEpoch: producer.coordinatorEpoch,
        currentTxnStartOffset: producer.currentTxnFirstOffset,
      }))
      return { partitionIndex, errorCode: ErrorCode.NONE, errorMessage: null, activeProducers }
    }
    return ({ topics }) => ({
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((index) => describe(name, index)),
      })),
    })
  },
)
