/**
 * The state of every listener as a health indicator. Its result has the form that `@nestjs/terminus` takes, and needs
 * nothing of it:
 *
 * ```ts
 * @HealthCheck() check() { return this.health.check([() => this.kafka.check()]) }
 * ```
 */
import { Inject, Injectable } from '@nestjs/common'
import type { ListenerHealth } from '../messaging/index.js'
import { KafkaClusters } from './kafka-clusters.js'

/** In the form that terminus takes. */
export interface KafkaHealthResult {
  readonly status: 'up' | 'down'
  /** By id; with several clusters, `cluster/id`. */
  readonly listeners: Readonly<Record<string, Omit<ListenerHealth, 'id'>>>
}

/** Down when a listener that should run does not. Injectable; `check()` asks nothing of the broker. */
@Injectable()
export class KafkaHealthIndicator {
  constructor(@Inject(KafkaClusters) private readonly clusters: KafkaClusters) {}

  /** 'down' when a listener that should run does not, with its reason. Asks nothing of the broker. */
  check(key = 'kafka'): Record<string, KafkaHealthResult> {
    const { all } = this.clusters
    const listeners: Record<string, Omit<ListenerHealth, 'id'>> = {}
    let isUp = true
    for (const { name, runtime } of all) {
      const health = runtime.health()
      isUp &&= health.ok
      for (const { id, ...rest } of health.listeners) listeners[all.length > 1 ? `${name}/${id}` : id] = rest
    }
    return { [key]: { status: isUp ? 'up' : 'down', listeners } }
  }
}
