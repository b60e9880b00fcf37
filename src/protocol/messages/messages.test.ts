import { describe, expect, it } from 'vitest'
import { factLines, layoutLines, rangeOf, readFacts } from '../../../test/facts/layouts.js'
import type { Message, Shape } from '../schema/index.js'
import { apis } from './index.js'

const facts = new Map(readFacts('messages').map((fact) => [fact.name, fact]))

describe('the layout of each API is that of Kafka 4.3.1', () => {
  const holds = (message: Message<Shape>, key: number): void => {
    const fact = facts.get(message.name)!
    expect(key).toBe(fact.apiKey)
    expect(message.versions).toEqual(rangeOf(fact.validVersions))
    expect(layoutLines(message)).toEqual(factLines(fact))
  }
  for (const api of apis) {
    it(`${api.key} ${api.name}`, () => {
      holds(api.request, api.key)
      holds(api.response, api.key)
    })
  }
})

describe('the list of APIs', () => {
  it('is in order of keys, each once', () => {
    const keys = apis.map((api) => api.key)
    expect(keys).toEqual([...new Set(keys)].sort((a, b) => a - b))
  })
})
