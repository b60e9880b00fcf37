// The words of src/protocol that the scripts are written in, and which versions Apache Kafka answers.
import { readFileSync } from 'node:fs'
import type { Api, Shape } from '../../src/protocol/index.js'

export { messages, encodeRequest, BatchBuilder, batch } from '../../src/protocol/index.js'
export type { Api, Decoded, Draft, Shape } from '../../src/protocol/index.js'
export { apiVersions } from '../../src/protocol/messages/api-versions.js'

interface Facts {
  readonly broker: { readonly apis: readonly { readonly key: number; readonly min: number; readonly max: number }[] }
}

const facts = JSON.parse(readFileSync(new URL('../facts/api-versions.json', import.meta.url), 'utf8')) as Facts

/** The versions that both our layouts and Apache Kafka's broker have. */
export function versionsOf(api: Api<Shape, Shape>): readonly [lowest: number, highest: number] {
  const row = facts.broker.apis.find(({ key }) => key === api.key)
  if (row === undefined) throw new Error(`Apache Kafka's broker does not answer ${api.name}`)
  return [Math.max(row.min, api.versions[0]), Math.min(row.max, api.versions[1])]
}
