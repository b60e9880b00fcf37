/** Every listener of the application by its id, Spring's `KafkaListenerEndpointRegistry`. */
import { KafkaError } from '../../model/index.js'
import type { MessageListenerContainer } from './message-listener-container.js'

/** The listeners of a cluster by their ids, Spring's `KafkaListenerEndpointRegistry`. */
export class KafkaListenerEndpointRegistry {
  private readonly containers = new Map<string, MessageListenerContainer>()

  /** In the order in which they were added. */
  get ids(): readonly string[] {
    return [...this.containers.keys()]
  }

  /** Those of every state. */
  get all(): readonly MessageListenerContainer[] {
    return [...this.containers.values()]
  }

  /** undefined when there is none of that id. */
  find(id: string): MessageListenerContainer | undefined {
    return this.containers.get(id)
  }

  /** Throws a KafkaError of kind `config` that lists the known ids when there is none of that id. */
  get(id: string): MessageListenerContainer {
    const found = this.containers.get(id)
    if (found !== undefined) return found
    const known = this.containers.size === 0 ? 'there are no listeners' : `known: ${this.ids.join(', ')}`
    throw new KafkaError('config', `there is no listener with id '${id}'; ${known}`)
  }

  /** Those for which it is true. */
  matching(wanted: (container: MessageListenerContainer) => boolean): readonly MessageListenerContainer[] {
    return this.all.filter(wanted)
  }

  /** An id that is taken is a KafkaError of kind `config`. */
  register(container: MessageListenerContainer): void {
    if (this.containers.has(container.id)) {
      throw new KafkaError('config', `two listeners have the id '${container.id}': give each its own`)
    }
    this.containers.set(container.id, container)
  }

  /** Forgets it; does not stop it: that is the caller's, or the runtime's when it stops. */
  unregister(id: string): MessageListenerContainer | undefined {
    const found = this.containers.get(id)
    this.containers.delete(id)
    return found
  }
}
