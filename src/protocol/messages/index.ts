/** One file per API. What a broker serves or a client speaks is chosen from this list. */
import type { Api } from '../schema/index.js'
import * as list from './list.js'

export * from './list.js'

/** Every API that has a layout here, by rising key. */
export const apis: readonly Api[] = Object.values<Api>(list).sort((a, b) => a.key - b.key)

const byKey = new Map(apis.map((api) => [api.key, api]))

export function apiByKey(key: number): Api | undefined {
  return byKey.get(key)
}
