/** What the controller's decide-functions share: the parts they may look at, and how they say no. */
import type { Random } from '../../base/random.js'
import { ErrorCode } from '../../protocol/errors.js'
import type { BrokerSettings } from '../config/broker-settings.js'
import type { MetadataEvent } from '../metadata/events.js'
import type { Decision } from '../machine/machine.js'
import type { Outcome } from './controller.js'

export interface DecisionContext {
  readonly settings: BrokerSettings
  readonly random: Random
  /** Directory id that new partitions are put down with: that of the only log directory, or Kafka's "not yet assigned". */
  readonly directoryId: string
}

export type ClusterDecision<Answer> = Decision<MetadataEvent, Answer>

/** One thing of a request is refused; the others go on. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  constructor(
    readonly code: Exclude<ErrorCode, 0>,
    message: string,
  ) {
    super(message)
  }
}

/** The outcome of `work`, a `Refusal` made an outcome too. */
export function outcomeOf<T extends object>(work: () => T): Outcome<T> {
  try {
    return { errorCode: ErrorCode.NONE, ...work() }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { errorCode: error.code, errorMessage: error.message }
  }
}

/** Ids that mean something of their own in Kafka. */
const RESERVED_IDS = new Set(['AAAAAAAAAAAAAAAAAAAAAA', 'AAAAAAAAAAAAAAAAAAAAAQ', 'AAAAAAAAAAAAAAAAAAAAAg'])

/** A random id of 22 characters; none begins with a dash, which command lines take for an option. */
export function randomId(random: Random): string {
  for (;;) {
    const bytes = random.bytes(16)
    // version 4, variant 2, as Java's random UUIDs are
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const id = bytes.toString('base64url')
    if (!id.startsWith('-') && !RESERVED_IDS.has(id)) return id
  }
}
