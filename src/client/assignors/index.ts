export type { Assignor, GroupMember } from './assignor.js'
export { rangeAssignor } from './range-assignor.js'
export { roundRobinAssignor } from './round-robin-assignor.js'
export { cooperativeStickyAssignor, stickyAssignor } from './sticky-assignor.js'
