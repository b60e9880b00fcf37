/** The handler of one partition that is at work: it is waited for until it is done, its time is over, or it is given up. */
import { KafkaError, topicPartitionName } from '../../model/index.js'
import type { TopicPartition } from '../../model/index.js'
import type { Watched } from './handler-watchdog.js'
import type { WorkerHost } from './worker-host.js'

/** A handler's promise that the worker no longer waits for. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned'
}

interface HandlerAtWork {
  readonly offset: number
  readonly onAbandon: (reason: Error) => void
  readonly reject: (reason: Error) => void
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

  /** Waits for a handler, until it is done, its time is over, or it is given up: then `onAbandon` is told why. */
  waitFor<T>(work: PromiseLike<T>, offset: number, onAbandon: (reason: Error) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const handler: HandlerAtWork = { offset, onAbandon, reject }
      this.atWork = handler
      this.host.watchdog.begin(this)
      work.then(
        (value) => {
          this.ended(handler)
          resolve(value)
        },
        (error: unknown) => {
          this.ended(handler)
          // as thrown: what it is decides what happens next
          reject(error as Error)
        },
      )
    })
  }

  /** One that is no longer waited for ends for nobody. */
  private ended(handler: HandlerAtWork): void {
    if (this.atWork !== handler) return
    this.atWork = undefined
    this.handlerSinceMs = undefined
  }

  /** It is no longer waited for. */
  giveUp(reason: Error): void {
    const handler = this.atWork
    if (handler === undefined) return
    this.ended(handler)
    handler.onAbandon(reason)
    handler.reject(reason)
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
