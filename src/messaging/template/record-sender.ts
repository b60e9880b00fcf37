/** A template's connected side: one producer, its accumulator, a lane for each topic. */
import type { Clock } from '../../base/clock.js'
import { sleep } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import type { ProducerPort } from '../../client/port.js'
import { KafkaError } from '../../model/index.js'
import type { ProducerRecord, RecordMetadata, Serde } from '../../model/index.js'
import type { Partitioner } from '../../partitioner/index.js'
import { isThenable } from '../listener/thenable.js'
import type { ProducerInterceptor } from './producer-interceptor.js'
import { RecordAccumulator } from './record-accumulator.js'
import type { AccumulatorSettings } from './record-accumulator.js'
import { TopicLane } from './topic-lane.js'

export interface SenderSettings extends AccumulatorSettings {
  readonly maxBlockMs: number
  readonly maxRequestBytes: number
  readonly metadataMaxAgeMs: number
}

export interface SenderParts {
  readonly port: ProducerPort
  readonly accumulator: RecordAccumulator
  readonly partitioner: Partitioner
  readonly settings: SenderSettings
  readonly clock: Clock
  readonly log: Log
}

export class RecordSender {
  private readonly lanes = new Map<string, TopicLane>()
  private readonly parts: SenderParts

  constructor(
    port: ProducerPort,
    partitioner: Partitioner,
    private readonly interceptors: readonly ProducerInterceptor[],
    settings: SenderSettings,
    tools: { clock: Clock; random: Random; log: Log },
  ) {
    const { clock, random, log } = tools
    this.parts = {
      port,
      partitioner,
      settings,
      clock,
      log,
      accumulator: new RecordAccumulator(port, settings, clock, random),
    }
  }

  /** The serdes are those of the record as the caller gave it; what interceptors put in its place is written with them. */
  send(given: ProducerRecord<unknown, unknown>, key: Serde<unknown>, value: Serde<unknown>): Promise<RecordMetadata> {
    const record = this.interceptors.length === 0 ? given : this.intercept(given)
    return new Promise((resolve, reject) => {
      const lane = this.lane(record.topic)
      if (this.interceptors.length === 0) return lane.send(record, key, value, { resolve, reject })
      lane.send(record, key, value, {
        resolve: (metadata) => {
          this.acknowledge(record, metadata, undefined)
          resolve(metadata)
        },
        reject: (error) => {
          this.acknowledge(record, undefined, error)
          reject(error)
        },
      })
    })
  }

  partitionCount(topic: string): Promise<number> {
    return this.lane(topic).partitionCount()
  }

  async flush(): Promise<void> {
    await Promise.all([...this.lanes.values()].map((lane) => lane.idle()))
    await this.parts.accumulator.flush()
  }

  /** What has no outcome by then is rejected with a KafkaError 'closed'. */
  async close(timeoutMs: number): Promise<void> {
    const { clock, accumulator, port } = this.parts
    const startMs = clock.monotonic()
    const deadline = new AbortController()
    await Promise.race([this.flush(), sleep(clock, timeoutMs, deadline.signal).catch(() => undefined)])
    deadline.abort()
    accumulator.abort(
      (record) =>
        new KafkaError('closed', `the template closed before a record was sent to ${record.topic}`, { record }),
    )
    await port.close(Math.max(timeoutMs - (clock.monotonic() - startMs), 0))
  }

  private lane(topic: string): TopicLane {
    let lane = this.lanes.get(topic)
    if (lane === undefined) this.lanes.set(topic, (lane = new TopicLane(topic, this.parts)))
    return lane
  }

  private intercept(given: ProducerRecord<unknown, unknown>): ProducerRecord<unknown, unknown> {
    let record = given
    for (const interceptor of this.interceptors) {
      try {
        record = interceptor.onSend?.(record) ?? record
      } catch (error) {
        this.parts.log.error(`a producer interceptor failed for a record of ${given.topic}; it is sent without`, {
          error,
        })
      }
    }
    return record
  }

  private acknowledge(
    record: ProducerRecord<unknown, unknown>,
    metadata: RecordMetadata | undefined,
    error: Error | undefined,
  ): void {
    if (this.interceptors.length === 0) return
    const failed = (failure: unknown): void =>
      this.parts.log.error('a producer interceptor failed in onAcknowledgement', { error: failure })
    for (const interceptor of this.interceptors) {
      try {
        const result: unknown = interceptor.onAcknowledgement?.(record, metadata, error)
        // no one waits for it, and no one else would hear of it
        if (isThenable(result)) result.then(undefined, failed)
      } catch (failure) {
        failed(failure)
      }
    }
  }
}
