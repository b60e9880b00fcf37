/** The handler of one partition that is at work: it is waited for until it is done, its time is over, or it is given up. */
import { KafkaError, topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import type { Watched } from './handler-watchdog.js'
import type { WorkerHost } from './worker-host.js'

/** A handler's promise that the worker no longer waits for. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned'
}

/** One call of the handler: just one of `done` and `failed` is told, the latter after `abandoned` when it is given up. */
interface HandlerAtWork<T = never> {
  readonly offset: number
  readonly done: (value: T) => void
  readonly failed: (error: unknown) => void
  readonly abandoned: (reason: Error) => void
}

export class SupervisedHandler implements Watched {
  handlerSinceMs: number | undefined
  private atWork: HandlerAtWork | undefined

  constructor(
    private readonly tp: TopicPartition,
    private readonly host: Pick<WorkerHost, 'watchdog' | 'timedOut'>,
  ) {
    host.watchdog.watch(this)
  }

  /** Nobody looks after it any more. */
  close(): void {
    this.host.watchdog.unwatch(this)
  }

  /** Waits for a handler, until it is done, its time is over, or it is given up: then `abandoned` is told why. */
  waitFor<T>(work: PromiseLike<T>, offset: number, abandoned: (reason: Error) => void): Promise<T> {
    return new Promise<T>((done, failed) => this.watch(work, { offset, done, failed, abandoned }))
  }

  /** As `waitFor`, for who makes a promise of its own. */
  watch<T>(work: PromiseLike<T>, atWork: HandlerAtWork<T>): void {
    this.atWork = atWork
    this.host.watchdog.begin(this)
    try {
      work.then(
        (value) => {
          if (this.end(atWork)) atWork.done(value)
        },
        (error: unknown) => {
          // as thrown: what it is decides what happens next
          if (this.end(atWork)) atWork.failed(error)
        },
      )
    } catch (error) {
      // no promise of the language, and not a good one
      if (this.end(atWork)) atWork.failed(error)
    }
  }

  /** false: nobody waits for it any more. */
  private end(atWork: HandlerAtWork): boolean {
    if (this.atWork !== atWork) return false
    this.atWork = undefined
    this.handlerSinceMs = undefined
    return true
  }

  /** It is no longer waited for. */
  giveUp(reason: Error): void {
    const { atWork } = this
    if (atWork === undefined) return
    this.end(atWork)
    atWork.abandoned(reason)
    atWork.failed(reason)
  }

  onHandlerTimeout(): void {
    const { topic, partition } = this.tp
    const { offset } = this.atWork!
    const { timeoutMs } = this.host.watchdog
    this.host.timedOut(this.tp, offset)
    this.giveUp(
      new KafkaError(
        'timeout',
        `the handler of ${topicPartitionName(this.tp)}@${offset} took longer than ${timeoutMs} ms`,
        {
          topicPartition: { topic, partition },
          offset,
        },
      ),
    )
  }
}
