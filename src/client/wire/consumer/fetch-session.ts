/**
 * What a broker remembers of our fetches (KIP-227): after a first full request, only what has changed is sent, and only what
 * is new is answered. When the broker has forgotten, or a connection was lost, the next request is full again.
 */
import { ErrorCode, ZERO_UUID } from '../../../protocol/index.js'

export interface WantedPartition {
  readonly name: string
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly fetchOffset: number
  readonly currentLeaderEpoch: number
  readonly partitionMaxBytes: number
}

interface FetchTopic {
  topic: string
  topicId: string
  partitions: { partition: number; currentLeaderEpoch: number; fetchOffset: number; partitionMaxBytes: number }[]
}

export interface SessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly topics: FetchTopic[]
  readonly forgottenTopicsData: { topic: string; topicId: string; partitions: number[] }[]
}

const EPOCH_MAX = 0x7fff_ffff

export class FetchSession {
  private id = 0
  private epoch = 0
  private readonly known = new Map<string, WantedPartition>()

  /** The request that brings exactly these partitions. */
  request(wanted: readonly WantedPartition[]): SessionRequest {
    if (this.epoch === 0) this.known.clear()
    const forgotten = new Map(this.known)
    const topics = new Map<string, FetchTopic>()
    for (const one of wanted) {
      forgotten.delete(one.name)
      const before = this.known.get(one.name)
      if (before && isSame(before, one)) continue
      // another topic of the same name: the old one is given up first
      if (before && before.topicId !== one.topicId) forgotten.set(one.name, before)
      this.known.set(one.name, one)
      let topic = topics.get(one.topic)
      if (topic === undefined)
        topics.set(one.topic, (topic = { topic: one.topic, topicId: one.topicId, partitions: [] }))
      const { partition, currentLeaderEpoch, fetchOffset, partitionMaxBytes } = one
      topic.partitions.push({ partition, currentLeaderEpoch, fetchOffset, partitionMaxBytes })
    }
    const forgottenTopics = new Map<string, { topic: string; topicId: string; partitions: number[] }>()
    for (const { name, topic, topicId, partition } of forgotten.values()) {
      if (this.known.get(name)?.topicId === topicId) this.known.delete(name)
      let entry = forgottenTopics.get(topicId === ZERO_UUID ? topic : topicId)
      if (entry === undefined) {
        entry = { topic, topicId, partitions: [] }
        forgottenTopics.set(topicId === ZERO_UUID ? topic : topicId, entry)
      }
      entry.partitions.push(partition)
    }
    return {
      sessionId: this.id,
      sessionEpoch: this.epoch,
      topics: [...topics.values()],
      forgottenTopicsData: [...forgottenTopics.values()],
    }
  }

  /** @returns whether the answer counts; if not, the next request is a full one */
  answered(errorCode: number, sessionId: number): boolean {
    if (errorCode !== ErrorCode.NONE) {
      this.restart(errorCode === ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
      return false
    }
    if (this.epoch === 0) this.id = sessionId
    // a broker without room for another session gives none: every request is a full one then
    this.epoch = this.id === 0 ? 0 : this.epoch === EPOCH_MAX ? 1 : this.epoch + 1
    return true
  }

  /** The next request is a full one, and ends the session that there may be. */
  restart(isGone = false): void {
    if (isGone) this.id = 0
    this.epoch = 0
  }
}

function isSame(a: WantedPartition, b: WantedPartition): boolean {
  return (
    a.fetchOffset === b.fetchOffset &&
    a.currentLeaderEpoch === b.currentLeaderEpoch &&
    a.partitionMaxBytes === b.partitionMaxBytes &&
    a.topicId === b.topicId
  )
}
