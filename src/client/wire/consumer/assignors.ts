/** The assignors that this driver knows, by the names that groups agree on. */
import {
  cooperativeStickyAssignor,
  rangeAssignor,
  roundRobinAssignor,
  stickyAssignor,
  type Assignor,
} from '../../assignors/index.js'
import { DriverError, type ConsumerOptions } from '../../port.js'

const ASSIGNORS: readonly Assignor[] = [rangeAssignor, roundRobinAssignor, stickyAssignor, cooperativeStickyAssignor]

/** @throws DriverError for a name that is not known */
export function assignorsOf({ assignors, groupId }: ConsumerOptions): Assignor[] {
  const known = ASSIGNORS.map(({ name }) => name).join(', ')
  if (assignors.length === 0) {
    throw new DriverError('fatal', `Consumer of group '${groupId}': no assignors; name at least one of ${known}.`)
  }
  return assignors.map((name) => {
    const found = ASSIGNORS.find((assignor) => assignor.name === name)
    if (found) return found
    throw new DriverError('fatal', `Consumer of group '${groupId}': there is no assignor '${name}'; there is ${known}.`)
  })
}
