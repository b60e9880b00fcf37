/**
 * Every handler runs in a fresh async context: nothing that another handler, or whoever started the container, keeps in
 * an AsyncLocalStorage is seen by it.
 */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'

/** Taken when this module loads: outside of everyone's context. */
const outside = AsyncLocalStorage.snapshot()
const { runInAsyncScope } = AsyncResource.prototype
/** Node 20 and 22: a storage's value is a property of the resource that executes. Node 24: each call puts back what was before. */
const KEPT_IN_RESOURCE = '_propagate' in AsyncLocalStorage.prototype

/** Runs `task` (a container's own loop) outside of the caller's async context. */
export function runOutside<T>(task: () => T): T {
  return outside(task)
}

const newResource = (): AsyncResource => new AsyncResource('KafkaListener', { requireManualDestroy: true })

/** Runs a handler in a context of its own. The caller runs outside. */
export function runFresh<A, B, T>(handler: (a: A, b: B) => T, a: A, b: B): T {
  return newResource().runInAsyncScope(handler, undefined, a, b)
}

/**
 * Runs many handlers, each as `runFresh` does, without a context for each: making and entering one costs as much as all
 * else that is done for a record, and most handlers keep nothing. One context serves as long as nothing was kept in it.
 */
export class HandlerContexts {
  private context: SharedContext | undefined
  private isEntered = false
  /** Something was kept: the next handler is for another `enter`. */
  isUsedUp = false

  /** Runs `task`, which calls handlers by `caller`, and ends when one has used up the context. The caller runs outside. */
  enter<T>(task: () => T): T {
    if (!KEPT_IN_RESOURCE) return task()
    if (this.context?.isEmpty !== true) this.context = SharedContext.make(() => (this.isUsedUp = true))
    this.isUsedUp = false
    if (this.context === undefined) return task()
    this.isEntered = true
    try {
      return runInAsyncScope.call(this.context.resource, task) as T
    } finally {
      this.isEntered = false
    }
  }

  /** What to call instead of the handler, until the task ends. */
  caller<A, B, T>(handler: (a: A, b: B) => T): (a: A, b: B) => T {
    if (this.isEntered) return handler
    if (KEPT_IN_RESOURCE) return (a, b) => runFresh(handler, a, b)
    return (a, b) => restored.runInAsyncScope(handler, undefined, a, b)
  }
}

/** For where each call puts back what was before: it is fresh every time. */
const restored = outside(newResource)

/** A resource that tells when a storage keeps something in it. */
class SharedContext {
  isEmpty = true

  private constructor(
    readonly resource: AsyncResource,
    onUse: () => void,
  ) {
    // setting what an object does not have asks its prototype, and nobody else sets anything on a resource
    Object.setPrototypeOf(
      resource,
      new Proxy(AsyncResource.prototype, {
        set: (_, key, value, receiver) => {
          this.isEmpty = false
          onUse()
          return Reflect.defineProperty(receiver as object, key, { value, writable: true, configurable: true })
        },
      }),
    )
  }

  /** undefined: storages are in use, and have their places in each new resource. Nothing would tell when they are filled. */
  static make(onUse: () => void): SharedContext | undefined {
    const resource = newResource()
    const isBare = Reflect.ownKeys(resource).every((key) => typeof Reflect.get(resource, key) === 'number')
    return isBare ? new SharedContext(resource, onUse) : undefined
  }
}
