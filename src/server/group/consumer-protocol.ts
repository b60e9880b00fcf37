/**
 * What consumers say to one another inside a classic group (Java's ConsumerProtocol): the coordinator reads the topics of
 * a subscription, to know whose offsets are in use. Anything that can't be read is taken as unknown, never as an error.
 */
import { MalformedError, Reader } from '../../base/bytes.js'

/** The topics of a member's subscription; undefined: these bytes are no consumer's subscription. */
export function subscribedTopics(metadata: Buffer): readonly string[] | undefined {
  try {
    const reader = new Reader(metadata)
    if (reader.int16() < 0) return undefined
    const topics: string[] = []
    for (let left = reader.int32(); left > 0; left--) topics.push(reader.utf8(reader.int16()))
    return topics
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
