/**
 * What consumers say to one another inside a classic group: the coordinator reads the topics of a subscription, to know
 * whose offsets are in use. Anything that can't be read is taken as unknown, never as an error.
 */
import { MalformedError, Reader } from '../../base/bytes.js'
import { consumerProtocolSubscription } from '../../protocol/messages/consumer-protocol.js'

/** The topics of a member's subscription; undefined: these bytes are no consumer's subscription. */
export function subscribedTopics(metadata: Buffer): readonly string[] | undefined {
  try {
    const reader = new Reader(metadata)
    if (reader.int16() < 0) return undefined
    // the topics come first in every version, and nothing else is asked for
    return consumerProtocolSubscription.read(reader, 0).topics
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
