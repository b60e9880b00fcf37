/** Around each call of a handler, Spring's advice chain: for timers, traces, or a context that the handler needs. */
import type { Delivered } from '../decorators/method-handler.js'
import type { BatchContext } from './batch-context.js'
import type { ListenerContext } from './listener-context.js'

/** Around the handler, by the option `adviceChain`. */
export interface ListenerAdvice {
  /**
   * Called instead of the handler, at each attempt; `proceed` calls it, in the async context that this is in, and gives what
   * it gives. To throw, or not to let pass what it throws, is as if the handler did: what is swallowed counts as done.
   * `ctx` is a `BatchContext`, with `records`, in a batch listener.
   */
  invoke(ctx: ListenerContext<unknown, unknown> | BatchContext<unknown, unknown>, proceed: () => unknown): unknown
}

/** The first is the outermost. */
export function advised(handler: Delivered, chain: readonly ListenerAdvice[]): Delivered {
  return chain.reduceRight<Delivered>(
    (inner, advice) => (payload, ctx) => advice.invoke(ctx, () => inner(payload, ctx)),
    handler,
  )
}
