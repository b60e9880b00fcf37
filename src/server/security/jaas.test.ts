import { describe, expect, it } from 'vitest'
import { parseJaas } from './jaas.js'

describe('JAAS configuration', () => {
  it('is a login module with options', () => {
    const { loginModule, options } = parseJaas(
      'org.apache.kafka.common.security.plain.PlainLoginModule required\n  username="a" user_a=\'x y\' user_b=plain ;',
    )
    expect(loginModule).toBe('org.apache.kafka.common.security.plain.PlainLoginModule')
    expect([...options]).toEqual([
      ['username', 'a'],
      ['user_a', 'x y'],
      ['user_b', 'plain'],
    ])
  })

  it('keeps what is quoted or escaped', () => {
    expect(parseJaas('m required user_a="s;=\\"c\\\\";').options.get('user_a')).toBe('s;="c\\')
  })

  it.each(['', 'm', 'm maybe;', 'm required user_a="hush"', 'm required user_a;', 'm required a="hush'])(
    'refuses %j without repeating a secret',
    (text) => {
      expect(() => parseJaas(text)).toThrow(/it (must|can't)|must be written/)
      expect(() => parseJaas(text)).not.toThrow(/hush/)
    },
  )
})
