/** The log settings of topics, read once for all partitions of a topic, and again after any change of settings. */
import type { BrokerSettings } from '../config/broker-settings.js'
import { logConfig, type LogConfig } from '../log/log-config.js'
import type { ClusterState } from '../metadata/cluster-state.js'

export class TopicLogConfigs {
  private readonly kept = new Map<string, LogConfig>()

  constructor(
    private readonly settings: BrokerSettings,
    private readonly cluster: ClusterState,
  ) {
    settings.onChange(() => this.kept.clear())
  }

  of(topic: string): LogConfig {
    let config = this.kept.get(topic)
    if (!config) {
      const small = this.cluster.configs('topic', topic).get('internal.segment.bytes')
      config = logConfig(this.settings.topic(topic), small === undefined ? undefined : Number(small))
      this.kept.set(topic, config)
    }
    return config
  }

  forget(topic: string): void {
    this.kept.delete(topic)
  }
}
