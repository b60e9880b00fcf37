/** The consumers of a container: connected until they stand, and replaced when their driver gives them up. */
import { sleep } from '../../base/clock.js'
import { DriverError } from '../../client/port.js'
import type { TopicPartition } from '../../model/index.js'
import { errorMessage } from '../error/cause-chain.js'
import type { ConsumerOwner } from './consumer-owner.js'
import { asError, isHopeless, stopReasonOf } from './container-failure.js'
import { ListenerConsumer } from './listener-consumer.js'
import type { ManualShares } from './manual-shares.js'

const RECONNECT_MS = 200
const RECONNECT_MS_MAX = 10_000

export interface ConsumersOwner extends ConsumerOwner {
  /** What went wrong last; undefined while all is well. */
  lastError: Error | undefined
  readonly shares: ManualShares | undefined
}

export class ContainerConsumers {
  private readonly byIndex = new Map<number, ListenerConsumer>()

  constructor(private readonly owner: ConsumersOwner) {}

  get all(): readonly ListenerConsumer[] {
    return [...this.byIndex.values()]
  }

  /** The one that has the partition. */
  of({ topic, partition }: TopicPartition): ListenerConsumer | undefined {
    return this.all.find((consumer) =>
      consumer.partitions.some((own) => own.topic === topic && own.partition === partition),
    )
  }

  clear(): void {
    this.byIndex.clear()
  }

  /** No waiting mends this error: neither a back-off nor the authentication's own interval. */
  isLost(error: DriverError): boolean {
    return isHopeless(error) && this.authRetryMs(error) === undefined
  }

  /** Until it stands, unless waiting is not wanted or can't help. */
  async connect(index: number, startup: 'wait' | 'fail' | 'background', signal: AbortSignal): Promise<void> {
    const { settings, services } = this.owner
    const { clock, log } = services
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.open(index, signal)
        if (failures > 0 && !signal.aborted) log.info(`listener ${settings.id} is connected`)
        return
      } catch (thrown) {
        const error = thrown instanceof DriverError ? thrown : undefined
        this.owner.lastError = asError(thrown, `listener ${settings.id} can't connect`)
        if (startup === 'fail' || error === undefined || this.isLost(error)) {
          if (startup !== 'background') throw thrown
          this.owner.stopBecause(error === undefined ? 'ERROR' : stopReasonOf(error), this.owner.lastError)
          return
        }
        const delayMs = this.authRetryMs(error) ?? Math.min(RECONNECT_MS * 2 ** failures, RECONNECT_MS_MAX)
        if (failures === 0) log.warn(`${errorMessage(this.owner.lastError)}; it is tried again until it can`)
        await sleep(clock, delayMs, signal).catch(() => undefined)
      }
    }
  }

  private async open(index: number, signal: AbortSignal): Promise<void> {
    const { settings, services } = this.owner
    const { groupInstanceId } = settings.consumer
    const share = await this.owner.shares?.of(index)
    if (settings.manual !== undefined && share === undefined) return
    const port = await services.consumer({
      ...settings.consumer,
      clientId: `${settings.clientIdPrefix}-${index}`,
      groupInstanceId: groupInstanceId && settings.concurrency > 1 ? `${groupInstanceId}-${index}` : groupInstanceId,
    })
    const consumer = new ListenerConsumer(this.owner, index, port, share)
    consumer.emit('consumerStarting', {})
    this.byIndex.set(index, consumer)
    try {
      await consumer.start()
    } catch (error) {
      this.byIndex.delete(index)
      consumer.release()
      consumer.emit('consumerFailedToStart', { error: asError(error, `consumer ${index}`) })
      await port.close(0).catch(() => undefined)
      throw error
    }
    if (signal.aborted) {
      consumer.release()
      await port.close(0).catch(() => undefined)
      return
    }
    this.owner.lastError = undefined
    consumer.emit('consumerStarted', {})
  }

  /** One that its driver gave up, after a back-off. */
  async replace(consumer: ListenerConsumer, error: DriverError, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.owner.services
    consumer.release()
    await consumer.port.close(0).catch(() => undefined)
    const delayMs = this.authRetryMs(error) ?? RECONNECT_MS
    log.warn(`${errorMessage(this.owner.lastError)}; another takes its place in ${delayMs} ms`)
    await sleep(clock, delayMs, signal).catch(() => undefined)
    await this.connect(consumer.index, 'background', signal)
  }

  private authRetryMs(error: DriverError): number | undefined {
    return stopReasonOf(error) === 'AUTH' ? this.owner.settings.authExceptionRetryIntervalMs : undefined
  }
}
