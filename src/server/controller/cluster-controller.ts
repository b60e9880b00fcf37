/** The controller on its machine: each method hands the matching decide-function to it and answers when that is committed. */
import { assert } from '../../base/assert.js'
import { Machine } from '../machine/machine.js'
import { applyMetadata } from '../metadata/apply.js'
import { internalTopic } from '../metadata/internal-topics.js'
import { MetadataImage } from '../metadata/metadata-image.js'
import type { MetadataEvent } from '../metadata/events.js'
import type { MetadataLog } from '../metadata/metadata-log.js'
import { decideCreateTopics, type CreateTopicsAnswer } from './create-topics.js'
import { decideAlterConfigs, type AlterConfigsAnswer } from './alter-configs.js'
import { decideCreateAcls, decideDeleteAcls, type CreateAclsAnswer, type DeleteAclsAnswer } from './acls.js'
import type {
  AlterConfigsRequest,
  AlterScramRequest,
  Controller,
  FeatureUpdate,
  NewPartitionsRequest,
  NewTopicRequest,
} from './controller.js'
import { decideAlterScram, type AlterScramAnswer } from './scram-credentials.js'
import type { AclFilter, NewAcl } from '../security/acl-words.js'
import { decideCreatePartitions, type CreatePartitionsAnswer } from './create-partitions.js'
import type { ClusterDecision, DecisionContext } from './decisions.js'
import { decideDeleteTopics, type DeleteTopicsAnswer } from './delete-topics.js'
import { decideUpdateFeatures, type UpdateFeaturesAnswer } from './update-features.js'
import { newFeatures, registration, takeLeadership, type StartingBroker } from './start-broker.js'

const PRODUCER_IDS_PER_BLOCK = 1000
/** One append holds so many events, which keeps its batch small. */
const EVENTS_PER_APPEND = 5000

export class ClusterController implements Controller {
  private readonly machine: Machine<MetadataImage, MetadataEvent>
  private readonly creating = new Map<string, Promise<void>>()

  constructor(
    private readonly nodeId: number,
    private readonly log: MetadataLog,
    private readonly context: DecisionContext,
    onFailed: (error: unknown) => void,
  ) {
    this.machine = new Machine(new MetadataImage(), log, applyMetadata, onFailed)
  }

  load(): Promise<void> {
    return this.machine.load()
  }

  close(): void {
    this.machine.close()
  }

  /** Tells the metadata log that this broker is up. */
  async start(broker: StartingBroker): Promise<void> {
    await this.write((image) => newFeatures(image))
    await this.write((image) => registration(broker, image.offset + 1))
    const leadership = this.machine.peek((image) => takeLeadership(image, this.nodeId))
    for (let at = 0; at < leadership.length; at += EVENTS_PER_APPEND) {
      await this.write(() => leadership.slice(at, at + EVENTS_PER_APPEND))
    }
  }

  private write(events: (image: MetadataImage) => readonly MetadataEvent[]): Promise<void> {
    return this.machine.submit((image) => ({ events: events(image), answer: undefined }))
  }

  createTopics(topics: readonly NewTopicRequest[], validateOnly: boolean): Promise<CreateTopicsAnswer> {
    return this.submit(validateOnly, (image) => decideCreateTopics(image, topics, this.context))
  }

  createPartitions(requests: readonly NewPartitionsRequest[], validateOnly: boolean): Promise<CreatePartitionsAnswer> {
    return this.submit(validateOnly, (image) => decideCreatePartitions(image, requests, this.context))
  }

  alterConfigs(requests: readonly AlterConfigsRequest[], validateOnly: boolean): Promise<AlterConfigsAnswer> {
    return this.submit(validateOnly, (image) => decideAlterConfigs(image, requests, this.context, this.nodeId))
  }

  updateFeatures(updates: readonly FeatureUpdate[], validateOnly: boolean): Promise<UpdateFeaturesAnswer> {
    return this.submit(validateOnly, (image) => decideUpdateFeatures(image, updates))
  }

  /** The answer is that of the decision, whether it is only tried or comes into effect. */
  private submit<Answer>(
    validateOnly: boolean,
    decide: (image: MetadataImage) => ClusterDecision<Answer>,
  ): Promise<Answer> {
    return this.machine.submit((image) => {
      const { events, answer } = decide(image)
      return { events: validateOnly ? [] : events, answer }
    })
  }

  deleteTopics(ids: readonly string[]): Promise<DeleteTopicsAnswer> {
    return this.machine.submit((image) => decideDeleteTopics(image, ids))
  }

  alterScramCredentials(request: AlterScramRequest): Promise<AlterScramAnswer> {
    return this.machine.submit((image) => decideAlterScram(image, request))
  }

  createAcls(rules: readonly NewAcl[]): Promise<CreateAclsAnswer> {
    return this.machine.submit((image) => decideCreateAcls(image, rules, this.context))
  }

  deleteAcls(filters: readonly AclFilter[]): Promise<DeleteAclsAnswer> {
    return this.machine.submit((image) => decideDeleteAcls(image, filters))
  }

  /** Several may ask at once; one creation serves all. */
  ensureInternalTopic(name: string): Promise<void> {
    let creation = this.creating.get(name)
    if (!creation) {
      creation = this.createInternalTopic(name).finally(() => this.creating.delete(name))
      this.creating.set(name, creation)
    }
    return creation
  }

  private async createInternalTopic(name: string): Promise<void> {
    const recipe = internalTopic(name, this.context.settings)
    assert(recipe, `${name} is no internal topic`)
    await this.machine.submit((image) => {
      if (image.topic(name)) return { events: [], answer: undefined }
      const replicationFactor = Math.min(recipe.replicationFactor, image.brokers.size)
      const request = { name, ...recipe, replicationFactor, assignments: [] }
      const { events, answer } = decideCreateTopics(image, [request], this.context)
      const outcome = answer.get(name)!
      if (outcome.errorCode !== 0) throw new Error(`${name} can't be created: ${outcome.errorMessage}`)
      return { events, answer: undefined }
    })
  }

  allocateProducerIds(): Promise<{ readonly first: number; readonly count: number }> {
    return this.machine.submit((image) => {
      const first = image.nextProducerId
      const value = {
        brokerId: this.nodeId,
        brokerEpoch: image.brokers.get(this.nodeId)?.epoch ?? -1,
        nextProducerId: first + PRODUCER_IDS_PER_BLOCK,
      }
      return { events: [{ type: 'ProducerIdsRecord', value }], answer: { first, count: PRODUCER_IDS_PER_BLOCK } }
    })
  }

  /** Where the log ends, for tests and metrics. */
  get logEndOffset(): number {
    return this.log.endOffset
  }
}
