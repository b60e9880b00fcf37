import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { produce } from '../../protocol/messages/produce.js'
import { handlers } from './index.js'

const facts = JSON.parse(readFileSync(new URL('../../../test/facts/api-versions.json', import.meta.url), 'utf8')) as {
  broker: { apis: readonly { key: number; name: string; min: number; max: number }[] }
}

describe('the list of handlers', () => {
  it('has each API once', () => {
    const keys = handlers.map(({ api }) => api.key)
    expect(new Set(keys).size).toBe(keys.length)
  })

  it.each(handlers.map(({ api }) => [api.name, api] as const))(
    '%s is served in the versions that Kafka serves',
    (_, api) => {
      const fact = facts.broker.apis.find(({ key }) => key === api.key)
      // Kafka advertises the old ones of Produce, and refuses them
      const lowest = api.key === produce.key ? 3 : fact?.min
      expect({ name: api.name, versions: api.versions }).toEqual({ name: fact?.name, versions: [lowest, fact?.max] })
    },
  )
})
