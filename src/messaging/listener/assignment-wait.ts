/** Waits until a container has so many partitions, for tests and for whoever must not begin before. */
import { sleep } from '../../base/clock.js'
import type { Clock } from '../../base/clock.js'
import { KafkaError } from '../../model/index.js'
import type { ChangeSignal } from './change-signal.js'

export interface AwaitedAssignment {
  readonly id: string
  readonly lastError: Error | undefined
  readonly assignedPartitions: { readonly length: number }
  /** Why nothing is to be waited for. */
  assignmentFailure(): KafkaError | undefined
}

/** Rejects with a KafkaError: 'timeout' after so long, or what the container says. */
export async function untilAssigned(
  container: AwaitedAssignment,
  change: ChangeSignal,
  clock: Clock,
  partitions: number,
  timeoutMs: number,
): Promise<void> {
  const deadline = new AbortController()
  let isLate = false
  void sleep(clock, timeoutMs, deadline.signal).then(
    () => {
      isLate = true
      change.tell()
    },
    () => undefined,
  )
  try {
    while (container.assignedPartitions.length < partitions) {
      const failure = isLate ? lateFailure(container, partitions, timeoutMs) : container.assignmentFailure()
      if (failure !== undefined) throw failure
      await change.next()
    }
  } finally {
    deadline.abort(new Error('assigned'))
  }
}

function lateFailure(
  { id, lastError, assignedPartitions }: AwaitedAssignment,
  partitions: number,
  timeoutMs: number,
): KafkaError {
  const message = `listener ${id} has ${assignedPartitions.length} of ${partitions} partitions after ${timeoutMs} ms`
  return new KafkaError('timeout', message, { cause: lastError })
}
