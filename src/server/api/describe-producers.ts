/** Tells what partitions know of the producers that wrote to them: whose transactions are open, and since where. */
import { ErrorCode } from '../../protocol/errors.js'
import { describeProducers } from '../../protocol/messages/index.js'
import type { ResponseOf } from '../../protocol/schema/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

type Answer = ResponseOf<typeof describeProducers>['topics'][number]['partitions'][number]

export const describeProducersHandler = handler(describeProducers, ({ replicas }: Pick<Broker, 'replicas'>) => {
  const describe = (topic: string, partitionIndex: number): Answer => {
    const replica = replicas.find(topic, partitionIndex)
    if (typeof replica === 'number') {
      return { partitionIndex, errorCode: replica, errorMessage: null, activeProducers: [] }
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
})
