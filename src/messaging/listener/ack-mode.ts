/**
 * When offsets are committed, Spring's `ContainerProperties.AckMode`.
 *
 * - `RECORD`: after each record's handler returned (record listeners only).
 * - `BATCH`: after a delivery, which is what Spring calls a poll's records: one partition, at most `maxPollRecords`.
 * - `TIME`, `COUNT`, `COUNT_TIME`: when `ackTimeMs` passed, `ackCount` records were done, or either.
 * - `MANUAL`: what the handler acknowledged, after the delivery.
 * - `MANUAL_IMMEDIATE`: what the handler acknowledged, at once.
 */
export type AckMode = 'RECORD' | 'BATCH' | 'TIME' | 'COUNT' | 'COUNT_TIME' | 'MANUAL' | 'MANUAL_IMMEDIATE'

export const ACK_MODES: readonly AckMode[] = [
  'RECORD',
  'BATCH',
  'TIME',
  'COUNT',
  'COUNT_TIME',
  'MANUAL',
  'MANUAL_IMMEDIATE',
]

export function isManual(mode: AckMode): boolean {
  return mode === 'MANUAL' || mode === 'MANUAL_IMMEDIATE'
}

/** Committed by count or time, over all partitions of a consumer. */
export function isScheduled(mode: AckMode): boolean {
  return mode === 'TIME' || mode === 'COUNT' || mode === 'COUNT_TIME'
}
