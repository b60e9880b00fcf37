/** The clusters of one application: every `KafkaModule.forRoot` adds one. */
import { Injectable } from '@nestjs/common'
import type { KafkaRuntime } from '../messaging/index.js'
import { KafkaError } from '../model/index.js'
import type { KafkaModuleOptions } from './kafka-module-options.js'

export interface KafkaCluster {
  readonly name: string
  readonly runtime: KafkaRuntime
  readonly options: KafkaModuleOptions
}

@Injectable()
export class KafkaClusters {
  private readonly byName = new Map<string, KafkaCluster>()

  add(cluster: KafkaCluster): void {
    if (this.byName.has(cluster.name)) {
      throw new KafkaError(
        'config',
        `KafkaModule.forRoot is imported twice for the cluster '${cluster.name}': ` +
          'import it once, in the root module, or give the second cluster a name',
      )
    }
    this.byName.set(cluster.name, cluster)
  }

  get all(): readonly KafkaCluster[] {
    return [...this.byName.values()]
  }

  find(name: string): KafkaCluster | undefined {
    return this.byName.get(name)
  }
}
