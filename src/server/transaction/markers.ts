/**
 * End markers of transactions, written to the partitions on this node. In `__consumer_offsets` a marker also decides on
 * the offsets that waited for it: there the group coordinator writes it.
 */
import { ErrorCode } from '../../protocol/errors.js'
import { endMarkerBatch } from '../../protocol/records/index.js'
import type { Broker } from '../broker.js'
import type { GroupCoordinator } from '../group/group-coordinator.js'
import type { Producer } from '../machine/partition-event-log.js'
import { CONSUMER_OFFSETS } from '../metadata/internal-topics.js'
import { AppendError } from '../replica/partitions.js'
import type { TransactionVersion } from './transaction.js'

export interface Marker {
  readonly producer: Producer
  readonly coordinatorEpoch: number
  readonly outcome: 'commit' | 'abort'
  readonly transactionVersion: TransactionVersion
}

export interface TransactionMarkers {
  /** Resolves when the partition has the marker, or with why it does not take it. */
  write(topic: string, partition: number, marker: Marker): Promise<ErrorCode>
}

type MarkerParts = Pick<Broker, 'clock' | 'cluster' | 'partitions'> & {
  readonly groups: Pick<GroupCoordinator, 'endTransaction'>
}

export function localMarkers({ clock, cluster, partitions, groups }: MarkerParts): TransactionMarkers {
  return {
    async write(topic, number, marker) {
      if (!cluster.topic(topic)?.partitions[number]) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      const partition = partitions.get(topic, number)
      if (!partition) return ErrorCode.NOT_LEADER_OR_FOLLOWER
      const { producer, coordinatorEpoch, outcome, transactionVersion } = marker
      // only administrators can send such, and Kafka has no other word for it
      if (producer.id < 0 || producer.epoch < 0) return ErrorCode.UNKNOWN_SERVER_ERROR
      try {
        partition.checkEndMarker(producer.id, producer.epoch, transactionVersion)
      } catch (error) {
        return error instanceof AppendError ? error.code : ErrorCode.KAFKA_STORAGE_ERROR
      }
      if (topic === CONSUMER_OFFSETS) return groups.endTransaction(number, marker)
      const batch = endMarkerBatch({
        producerId: producer.id,
        producerEpoch: producer.epoch,
        committed: outcome === 'commit',
        coordinatorEpoch,
        timestampMs: clock.now(),
      })
      try {
        await partition.committed(partition.append(batch, 'coordinator').lastOffset)
        return ErrorCode.NONE
      } catch (error) {
        return error instanceof AppendError ? error.code : ErrorCode.KAFKA_STORAGE_ERROR
      }
    },
  }
}
