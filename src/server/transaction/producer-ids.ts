/**
 * Producer ids, handed out one by one from blocks that the controller gives (KIP-730). A block is in the metadata log
 * before any of it is used, so no id is ever given twice; what is left of a block when the broker stops is not used.
 */
import { assert } from '../../base/assert.js'
import type { Controller } from '../controller/controller.js'

export class ProducerIds {
  private next = 0
  private left = 0
  /** Were lent and not taken. */
  private readonly returned: number[] = []
  private asking: Promise<void> | undefined

  constructor(private readonly controller: Pick<Controller, 'allocateProducerIds'>) {}

  async take(): Promise<number> {
    while (this.returned.length === 0 && this.left === 0) await (this.asking ??= this.ask())
    const returned = this.returned.pop()
    if (returned !== undefined) return returned
    this.left--
    return this.next++
  }

  /** Gives `use` an id that it may take in this turn; one that it does not take is not lost. */
  async lend<T>(use: (take: () => number) => Promise<T>): Promise<T> {
    const id = await this.take()
    let isTaken = false
    const result = use(() => {
      assert(!isTaken, 'one id is lent at a time')
      isTaken = true
      return id
    })
    if (!isTaken) this.returned.push(id)
    return result
  }

  private async ask(): Promise<void> {
    try {
      const { first, count } = await this.controller.allocateProducerIds()
      this.next = first
      this.left = count
    } finally {
      this.asking = undefined
    }
  }
}
