/** Writes the end markers of transactions to partitions that are led here, for the coordinator and for administrators. */
import { writeTxnMarkers } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const writeTxnMarkersHandler = handler(
  writeTxnMarkers,
  ({ transactionMarkers }: Pick<Broker, 'transactionMarkers'>) =>
    async (request) => ({
      markers: await Promise.all(
        request.markers.map(
          async ({ producerId, producerEpoch, coordinatorEpoch, transactionResult, topics, ...marker }) => {
            const end = {
              producer: { id: producerId, epoch: producerEpoch },
              coordinatorEpoch,
              outcome: transactionResult ? 'commit' : 'abort',
              transactionVersion: marker.transactionVersion >= 2 ? 2 : 0,
            } as const
            const written = topics.map(async ({ name, partitionIndexes }) => ({
              name,
              partitions: await Promise.all(
                partitionIndexes.map(async (partitionIndex) => ({
                  partitionIndex,
                  errorCode: await transactionMarkers.write(name, partitionIndex, end),
                })),
              ),
            }))
            return { producerId, topics: await Promise.all(written) }
          },
        ),
      ),
    }),
)
