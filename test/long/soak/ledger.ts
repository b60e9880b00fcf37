/**
 * What was sent and what was delivered, per key. Always: the deliveries of a key are its numbers 0, 1, 2, … in order, each
 * begun when the one before it was done with. They may go back only where the partition was given out anew since.
 */
export interface Offence {
  readonly what: 'out of order' | 'delivered again' | 'overtook' | 'not sent'
  readonly where: string
  readonly expected: number
  readonly delivered: number
}

interface KeyState {
  sent: number
  /** The number that is due. */
  next: number
  /** Sent, and not yet done with. */
  readonly open: Set<number>
  /** Which giving out of the partition the last delivery belonged to. */
  round: number
}

const OFFENCES_KEPT = 20

export class Ledger {
  readonly offences: Offence[] = []
  offenceCount = 0
  sent = 0
  deliveries = 0
  repeats = 0
  private open = 0
  private readonly keys = new Map<string, KeyState>()
  private readonly rounds = new Map<string, number>()
  private allDone: (() => void) | undefined

  /** The next number of a key; the caller sends it. */
  send(topic: string, key: string): number {
    const state = this.stateOf(topic, key)
    state.open.add(state.sent)
    this.sent++
    this.open++
    return state.sent++
  }

  /** The partition is given out: what was not committed may come again. */
  assigned(topic: string, partition: number): void {
    const name = `${topic}-${partition}`
    this.rounds.set(name, (this.rounds.get(name) ?? 0) + 1)
  }

  /** A record's first attempt begins. */
  delivered(topic: string, partition: number, key: string, number: number): void {
    const state = this.stateOf(topic, key)
    const round = this.rounds.get(`${topic}-${partition}`) ?? 0
    const offend = (what: Offence['what']): void => {
      this.offenceCount++
      const where = `${topic}-${partition} key ${key}`
      if (this.offences.length < OFFENCES_KEPT)
        this.offences.push({ what, where, expected: state.next, delivered: number })
    }
    this.deliveries++
    if (number >= state.sent) offend('not sent')
    if (number > state.next) offend('out of order')
    if (number < state.next) {
      this.repeats++
      if (round === state.round) offend('delivered again')
    } else if (state.open.has(number - 1)) offend('overtook')
    state.next = number + 1
    state.round = round
  }

  /** A handler or the recoverer is done with it. */
  done(topic: string, key: string, number: number): void {
    if (!this.stateOf(topic, key).open.delete(number)) return
    this.open--
    if (this.open === 0) this.allDone?.()
  }

  /** Resolves when all that was sent is done with; call it when nothing more is sent. Rejects with what is missing. */
  async settled(timeoutMs: number): Promise<void> {
    if (this.open === 0) return
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.open} records are missing: ${this.missing()}`)),
        timeoutMs,
      )
      this.allDone = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  private missing(): string {
    const missing = [...this.keys].filter(([, { open }]) => open.size > 0).slice(0, 5)
    return missing.map(([name, { open }]) => `${name}: ${[...open].slice(0, 5).join(', ')}`).join('; ')
  }

  private stateOf(topic: string, key: string): KeyState {
    const name = `${topic}/${key}`
    let state = this.keys.get(name)
    if (state === undefined) this.keys.set(name, (state = { sent: 0, next: 0, open: new Set(), round: 0 }))
    return state
  }
}
