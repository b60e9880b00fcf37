/** A client program of a run: lives through whatever its client tells it, by beginning anew. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from '../../src/base/random.js'
import type { ConsumerOptions, KafkaDriver, ProducerOptions } from '../../src/client/port.js'
import type { Recorder } from './recorder.js'

export interface Surroundings {
  readonly driver: KafkaDriver
  readonly recorder: Recorder
  readonly random: Random
  readonly partitions: number
}

export interface Worker {
  readonly name: string
  /** Runs until the signal; resolves when all that it began has ended. Never rejects. */
  run(signal: AbortSignal): Promise<void>
}

export const CLOSE_MS = 3_000

export function producerOptions(own: Partial<ProducerOptions> = {}): ProducerOptions {
  return {
    acks: 'all',
    compression: 'none',
    idempotent: true,
    deliveryTimeoutMs: 20_000,
    requestTimeoutMs: 3_000,
    ...own,
  }
}

export function consumerOptions(own: Partial<ConsumerOptions>): ConsumerOptions {
  return {
    groupId: '',
    assignors: ['range'],
    groupProtocol: 'classic',
    sessionTimeoutMs: 6_000,
    rebalanceTimeoutMs: 6_000,
    heartbeatIntervalMs: 300,
    fetchMinBytes: 1,
    fetchMaxBytes: 52_428_800,
    // small, so that there are many fetches
    fetchMaxBytesPerPartition: 4_096,
    fetchMaxWaitMs: 100,
    isolation: 'read_committed',
    metadataMaxAgeMs: 1_000,
    ...own,
  }
}

/** Lives one after another until the signal; what a life throws is noted. */
export async function lives(
  name: string,
  recorder: Recorder,
  signal: AbortSignal,
  life: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await life(signal)
    } catch (error) {
      recorder.error(name, error)
      await pause(100, signal)
    }
  }
}

/** Load comes by and by. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  wait(ms, undefined, signal ? { signal } : {}).catch(() => undefined)
