/** What `KafkaModule.forFeature` leaves in a module for the explorer to find. */
import type { Topic } from '../model/index.js'

export class FeatureTopics {
  constructor(
    private readonly topics: readonly Topic<unknown, unknown>[],
    private readonly cluster: string,
  ) {}

  declared(): { cluster: string; topic: Topic<unknown, unknown> }[] {
    return this.topics.map((topic) => ({ cluster: this.cluster, topic }))
  }
}
