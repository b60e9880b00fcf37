/** Keys do not matter: every record joins the batch being filled (`partitioner.ignore.keys`). */
import { STICKY } from './partitioner.js'
import type { Partitioner } from './partitioner.js'

export function uniformStickyPartitioner(): Partitioner {
  return { partition: () => STICKY }
}
