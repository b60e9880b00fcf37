/** The topics that an application declares, wherever it does, and their creation when it starts. */
import { sleep } from '../../base/clock.js'
import type { Clock } from '../../base/clock.js'
import type { Log } from '../../base/log.js'
import { KafkaError } from '../../model/index.js'
import type { Topic } from '../../model/index.js'
import { importHint } from '../config/rules.js'
import { errorMessage } from '../error/cause-chain.js'
import { mergeDeclarations } from './kafka-admin.js'
import type { KafkaAdmin } from './kafka-admin.js'

type AnyTopic = Topic<unknown, unknown>

const RETRY_MS = 1_000

export interface CreationPolicy {
  readonly autoCreate: boolean
  readonly failFast: boolean
  /** When the broker can't be reached. */
  readonly startup: 'wait' | 'fail' | 'background'
}

export class DeclaredTopics {
  private readonly declared: AnyTopic[] = []

  constructor(
    topics: readonly AnyTopic[],
    private readonly admin: KafkaAdmin,
    private readonly policy: CreationPolicy,
    private readonly tools: { clock: Clock; log: Log },
  ) {
    this.add(...topics)
  }

  /** Throws a KafkaError of kind `config` for what is no topic. */
  add(...topics: readonly AnyTopic[]): void {
    for (const topic of topics as readonly unknown[]) {
      if (typeof topic === 'object' && topic !== null && 'name' in topic) continue
      const found = `${String(topic)}${importHint(topic)}`
      throw new KafkaError('config', `declared topics must each be a topic(…), and one is ${found}`)
    }
    this.declared.push(...topics)
  }

  named(name: string): AnyTopic | undefined {
    return this.declared.find((topic) => topic.name === name)
  }

  /**
   * Creates what is missing. What goes wrong is told, and rejects only where the policy says so; declarations that
   * contradict each other always reject. Ends early when `signal` aborts.
   */
  async create(signal: AbortSignal): Promise<void> {
    const { autoCreate, failFast, startup } = this.policy
    if (!autoCreate || this.declared.length === 0) return
    const topics = mergeDeclarations(this.declared)
    if (startup !== 'background') return this.createAll(topics, startup === 'wait' && !failFast, signal)
    const { log } = this.tools
    this.createAll(topics, true, signal).catch((error: unknown) => log.error(errorMessage(error), { error }))
  }

  private async createAll(topics: readonly AnyTopic[], patient: boolean, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.tools
    for (let told = false; !signal.aborted; told = true) {
      try {
        await this.admin.createOrModifyTopics(...topics)
        return
      } catch (error) {
        const kind = KafkaError.is(error) ? error.kind : undefined
        const unreachable = kind === 'connection' || kind === 'timeout'
        if (!unreachable || !patient) {
          if (this.policy.failFast || this.policy.startup === 'fail' || kind === 'auth') throw error
          log.error(`declared topics are not all there: ${errorMessage(error)}`, { error })
          return
        }
        if (!told) log.warn(`${errorMessage(error)}; it is tried again until it can`)
        await sleep(clock, RETRY_MS, signal).catch(() => undefined)
      }
    }
  }
}
