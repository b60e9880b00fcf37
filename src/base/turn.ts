/** Lets what waits for the event loop (sockets, timers) have its turn before going on. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
