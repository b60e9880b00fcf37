/** Runs async tasks one after another, in the order given: order by a queue, not by a lock. A failed task fails only itself. */
export class SerialQueue {
  private tail: Promise<unknown> = Promise.resolve()
  private count = 0

  /** Tasks waiting or running. */
  get size(): number {
    return this.count
  }

  run<T>(task: () => T | Promise<T>): Promise<T> {
    this.count++
    const result = this.tail.then(task)
    const done = (): void => void this.count--
    this.tail = result.then(done, done)
    return result
  }

  /** Resolves when all that was queued so far has ended, however it ended. */
  idle(): Promise<void> {
    return this.tail.then(() => undefined)
  }
}
