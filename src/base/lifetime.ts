/** The end of a part's life, as a signal: any number of waits may hang on it, and none of them is a leak to Node. */
import { setMaxListeners } from 'node:events'

export function lifetime(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}
