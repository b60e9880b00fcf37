/** Lets some wait for the next change of something, whatever it is. */
export class ChangeSignal {
  private readonly waiting = new Set<() => void>()

  next(): Promise<void> {
    return new Promise((resolve) => this.waiting.add(resolve))
  }

  tell(): void {
    for (const resolve of this.waiting) resolve()
    this.waiting.clear()
  }
}
