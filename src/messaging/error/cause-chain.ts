/** Errors wrap errors: what counts is found along `cause` (and inside an AggregateError), whatever wraps it. */
export function* causeChain(error: unknown): Generator<unknown> {
  const seen = new Set<unknown>()
  const pending = [error]
  while (pending.length > 0) {
    const next = pending.shift()
    if (next === undefined || seen.has(next)) continue
    seen.add(next)
    yield next
    if (!(next instanceof Error)) continue
    pending.push(next.cause)
    if (next instanceof AggregateError) pending.push(...(next.errors as unknown[]))
  }
}

/** `RangeError`, also for classes that never set their `name`. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const own = error.constructor.name
  return error.name !== 'Error' && error.name !== '' ? error.name : own || 'Error'
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
