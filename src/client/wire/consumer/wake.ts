/** Something to wait for that may have happened already: a wake that nobody waited for counts for the next wait. */
export class Wake {
  private pending = false
  private resolve: (() => void) | undefined

  wake(): void {
    this.pending = true
    this.resolve?.()
  }

  async wait(): Promise<void> {
    if (!this.pending) await new Promise<void>((resolve) => (this.resolve = resolve))
    this.resolve = undefined
    this.pending = false
  }

  clear(): void {
    this.pending = false
  }
}
