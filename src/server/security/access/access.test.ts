import { describe, expect, it } from 'vitest'
import { handlers } from '../../api/index.js'
import { hasAccessRule } from './index.js'

describe('access', () => {
  it.each(handlers.map(({ api }) => [api.name, api.key] as const))('%s has a rule', (_, key) => {
    expect(hasAccessRule(key)).toBe(true)
  })
})
