/**
 * Counts requests on their way to the handlers: how many, how long, which errors; records and bytes in and out by topic.
 * Plain numbers, added up in place; names and formats are for those who scrape.
 */
import type { Clock } from '../../base/clock.js'
import { ErrorCode, errorName } from '../../protocol/errors.js'
import { fetch } from '../../protocol/messages/fetch.js'
import { produce } from '../../protocol/messages/produce.js'
import { batch, batchPositions } from '../../protocol/records/index.js'
import type { Api, RequestOf, ResponseOf } from '../../protocol/schema/index.js'
import { closeConnection, noAnswer, type Answer } from '../api/handler.js'
import type { Call, Perform } from '../endpoint/dispatch.js'
import { Durations } from './durations.js'

export class ApiCounts {
  readonly byVersion = new Map<number, number>()
  readonly errors = new Map<number, number>()
  readonly totalTime = new Durations()
}

export class TopicCounts {
  messagesIn = 0
  bytesIn = 0
  bytesOut = 0
  bytesRejected = 0
  produceRequests = 0
  fetchRequests = 0
  failedProduceRequests = 0
  failedFetchRequests = 0
}

export class RequestMetrics {
  readonly apis = new Map<string, ApiCounts>()
  readonly topics = new Map<string, TopicCounts>()

  constructor(
    private readonly clock: Clock,
    private readonly nameOfTopic: (id: string) => string | undefined,
  ) {}

  around(perform: Perform): Perform {
    return (call) => {
      const counts = this.api(call.api.name)
      const { apiVersion } = call.context
      counts.byVersion.set(apiVersion, (counts.byVersion.get(apiVersion) ?? 0) + 1)
      const sinceMs = this.clock.monotonic()
      // the handler may patch or keep the request's batches: they are counted before
      const sent = call.api.key === produce.key ? this.produced(call.request as RequestOf<typeof produce>) : undefined
      const leave = (answer: Answer<Api>): Answer<Api> => {
        counts.totalTime.record(this.clock.monotonic() - sinceMs)
        if (answer !== noAnswer && answer !== closeConnection) this.answered(call, counts, answer, sent)
        return answer
      }
      const answer = perform(call)
      return answer instanceof Promise ? answer.then(leave) : leave(answer)
    }
  }

  private api(name: string): ApiCounts {
    return entry(this.apis, name, () => new ApiCounts())
  }

  private topic(name: string | undefined, id: string | undefined): TopicCounts {
    return entry(this.topics, name || (id && this.nameOfTopic(id)) || '', () => new TopicCounts())
  }

  private produced(request: RequestOf<typeof produce>): TopicCounts[] {
    return request.topicData.map(({ name, topicId, partitionData }) => {
      const topic = this.topic(name, topicId)
      topic.produceRequests++
      for (const { records } of partitionData) if (records) countBatches(topic, records)
      return topic
    })
  }

  private answered(call: Call, counts: ApiCounts, answer: ResponseOf<Api>, sent: TopicCounts[] | undefined): void {
    const { errorCode } = answer as { errorCode?: number }
    count(counts, errorCode ?? ErrorCode.NONE)
    if (sent) this.afterProduce(counts, answer as ResponseOf<typeof produce>, sent)
    else if (call.api.key === fetch.key) this.afterFetch(counts, answer as ResponseOf<typeof fetch>)
  }

  private afterProduce(counts: ApiCounts, answer: ResponseOf<typeof produce>, sent: readonly TopicCounts[]): void {
    answer.responses.forEach(({ partitionResponses }, i) => {
      for (const { errorCode } of partitionResponses) {
        if (errorCode === ErrorCode.NONE) continue
        const topic = sent[i]
        if (topic) topic.failedProduceRequests++
        count(counts, errorCode)
      }
    })
  }

  private afterFetch(counts: ApiCounts, answer: ResponseOf<typeof fetch>): void {
    for (const { topic: name, topicId, partitions } of answer.responses) {
      const topic = this.topic(name, topicId)
      topic.fetchRequests++
      for (const { records, errorCode } of partitions) {
        if (records) topic.bytesOut += records.length
        if (errorCode === ErrorCode.NONE) continue
        topic.failedFetchRequests++
        count(counts, errorCode)
      }
    }
  }
}

function count(counts: ApiCounts, errorCode: number): void {
  counts.errors.set(errorCode, (counts.errors.get(errorCode) ?? 0) + 1)
}

function countBatches(topic: TopicCounts, records: Buffer): void {
  topic.bytesIn += records.length
  try {
    for (const at of batchPositions(records)) topic.messagesIn += Math.max(batch.recordsCount(records, at), 0)
  } catch {
    // what is no batch is refused by the handler, and named there
  }
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) map.set(key, (value = make()))
  return value
}

/** Errors by name, for labels. */
export function errorCounts({ errors }: ApiCounts): [name: string, count: number][] {
  return [...errors].map(([code, total]) => [errorName(code), total])
}
