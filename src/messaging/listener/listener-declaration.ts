/** Which topics a listener listens to. */
import type { TypedSource } from './handlers.js'

/** A topic, a topic pattern, a topic's name, or several topics or names. */
export type TopicsOf<S extends TypedSource> = S | string | RegExp | readonly (S | string)[]
