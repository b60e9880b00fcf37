/** Topic names that can't stand beside each other. */

/** Metric names turn `.` into `_`: topics that differ in these only would share their metrics, so they collide. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}

/** Whether a name can collide at all; most can't, and need no search. */
export function mayCollide(name: string): boolean {
  return name.includes('.') || name.includes('_')
}
