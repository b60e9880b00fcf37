import { describe, expect, it } from 'vitest'
import { factLines, layoutLines, rangeOf, readFacts } from '../../../test/facts/layouts.js'
import { Message, type Shape } from '../schema/index.js'
import * as stored from './index.js'

const facts = new Map([...readFacts('records'), ...readFacts('messages')].map((fact) => [fact.name, fact]))
const layouts = Object.values(stored).filter((value): value is Message<Shape> => value instanceof Message)

describe('the layout of each stored record is that of Kafka 4.3.1', () => {
  for (const message of layouts) {
    it(message.name, () => {
      const fact = facts.get(message.name)!
      expect(message.versions).toEqual(rangeOf(fact.validVersions))
      expect(layoutLines(message)).toEqual(factLines(fact))
    })
  }
})
