/**
 * Every handler runs in a fresh async context: nothing that another handler, or whoever started the container, keeps in
 * an AsyncLocalStorage is seen by it.
 */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'

/** Taken when this module loads: outside of everyone's context. */
const outside = AsyncLocalStorage.snapshot()

/** Runs `task` (a container's own loop) outside of the caller's async context. */
export function runOutside<T>(task: () => T): T {
  return outside(task)
}

/** Runs a handler in a context of its own. The caller runs outside. */
export function runFresh<A, B, T>(handler: (a: A, b: B) => T, a: A, b: B): T {
  return new AsyncResource('KafkaListener', { requireManualDestroy: true }).runInAsyncScope(handler, undefined, a, b)
}
