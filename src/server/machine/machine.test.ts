import { describe, expect, it } from 'vitest'
import { ErrorCode } from '../../protocol/errors.js'
import { EventsRefused, Machine, MachineUnavailable, type EventLog } from './machine.js'

/** A log whose commits the test holds in its hand. */
class HeldLog<Event> implements EventLog<Event> {
  refuseNext: EventsRefused | undefined
  private committedOffset: number
  private failure: Error | undefined
  private waiting: { offset: number; resolve: () => void; reject: (error: Error) => void }[] = []

  constructor(readonly events: Event[] = []) {
    this.committedOffset = events.length - 1
  }

  get isEmpty(): boolean {
    return this.events.length === 0
  }

  append(events: readonly Event[]): number {
    const refusal = this.refuseNext
    this.refuseNext = undefined
    if (refusal) throw refusal
    this.events.push(...events)
    return this.events.length - 1
  }

  committed(offset: number): Promise<void> {
    if (offset <= this.committedOffset) return Promise.resolve()
    return new Promise((resolve, reject) => this.waiting.push({ offset, resolve, reject }))
  }

  async replay(onEvent: (event: Event, offset: number) => void): Promise<void> {
    await Promise.resolve()
    if (this.failure) throw this.failure
    this.events.forEach(onEvent)
  }

  commitUpTo(offset: number): void {
    this.committedOffset = offset
    for (const waiter of this.waiting) if (waiter.offset <= offset) waiter.resolve()
    this.waiting = this.waiting.filter((waiter) => waiter.offset > offset)
  }

  fail(error: Error): void {
    this.failure = error
    for (const waiter of this.waiting.splice(0)) waiter.reject(error)
  }
}

interface Count {
  total: number
}

const machineOn = (log: HeldLog<number>, onFailed?: (error: unknown) => void): Machine<Count, number> =>
  new Machine<Count, number>({ total: 0 }, log, (state, event) => void (state.total += event), onFailed)

const add = (amount: number) => (state: Count) => ({ events: [amount], answer: state.total + amount })

async function loaded(log: HeldLog<number>, onFailed?: (error: unknown) => void): Promise<Machine<Count, number>> {
  const machine = machineOn(log, onFailed)
  await machine.load()
  return machine
}

/** Whether a promise is settled once all that is due now has run. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false
  promise.then(
    () => (done = true),
    () => (done = true),
  )
  await new Promise((resolve) => setImmediate(resolve))
  return done
}

describe('a replicated machine', () => {
  it('answers only when its events are committed, but decides on them at once', async () => {
    const log = new HeldLog<number>()
    const machine = await loaded(log)
    const first = machine.submit(add(2))
    const second = machine.submit(add(3))
    expect(await settled(first)).toBe(false)
    log.commitUpTo(0)
    expect(await first).toBe(2)
    expect(await settled(second)).toBe(false)
    log.commitUpTo(1)
    expect(await second).toBe(5)
  })

  it('lets a read wait for the events that it saw', async () => {
    const log = new HeldLog<number>()
    const machine = await loaded(log)
    void machine.submit(add(2))
    const read = machine.query((state) => state.total)
    expect(await settled(read)).toBe(false)
    log.commitUpTo(0)
    expect(await read).toBe(2)
  })

  it('has no answer before it is loaded, then has the state of its log', async () => {
    const log = new HeldLog<number>([1, 2, 3])
    const machine = machineOn(log)
    const loading = machine.load()
    await expect(machine.query((state) => state.total)).rejects.toMatchObject({ phase: 'loading' })
    await loading
    expect(await machine.query((state) => state.total)).toBe(6)
  })

  it('answers at once when its log is empty', async () => {
    const machine = machineOn(new HeldLog<number>())
    void machine.load()
    expect(await machine.query((state) => state.total)).toBe(0)
  })

  it('leaves its state alone when the log refuses the events, and goes on', async () => {
    const log = new HeldLog<number>()
    const machine = await loaded(log)
    log.refuseNext = new EventsRefused(ErrorCode.MESSAGE_TOO_LARGE, 'too large')
    await expect(machine.submit(add(5))).rejects.toBeInstanceOf(EventsRefused)
    expect(machine.phase).toBe('active')
    expect(await machine.query((state) => state.total)).toBe(0)
  })

  it('fails everything that waited, and everything after, when a write fails', async () => {
    const log = new HeldLog<number>()
    const failures: unknown[] = []
    const machine = await loaded(log, (error) => failures.push(error))
    const first = machine.submit(add(1))
    const second = machine.query((state) => state.total)
    log.fail(new Error('disk is gone'))
    await expect(first).rejects.toBeInstanceOf(MachineUnavailable)
    await expect(second).rejects.toMatchObject({ phase: 'failed' })
    await expect(machine.submit(add(1))).rejects.toMatchObject({ phase: 'failed' })
    expect(failures).toHaveLength(1)
  })

  it('is failed when its log can not be read', async () => {
    const log = new HeldLog<number>([1])
    log.fail(new Error('disk is gone'))
    const machine = machineOn(log)
    await expect(machine.load()).rejects.toMatchObject({ phase: 'failed' })
    expect(machine.phase).toBe('failed')
  })

  it('changes nothing when a decision throws', async () => {
    const log = new HeldLog<number>()
    const machine = await loaded(log)
    await expect(
      machine.submit(() => {
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect(log.events).toEqual([])
    expect(machine.phase).toBe('active')
  })
})
