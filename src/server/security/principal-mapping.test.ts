import { describe, expect, it } from 'vitest'
import { principalMapping } from './principal-mapping.js'

const NAME = 'CN=Duke,OU=ServiceUsers,O=Org,C=US'

describe('ssl.principal.mapping.rules', () => {
  it.each([
    ['DEFAULT', NAME],
    ['RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/', 'Duke'],
    ['RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L, DEFAULT', 'duke'],
    ['RULE:^CN=(.*?),OU=Nobody.*$/$1/,RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/U,DEFAULT', 'DUKE'],
    ['RULE:^CN=(.*?),OU=(.*?),.*$/$1@$2/', 'Duke@ServiceUsers'],
    ['RULE:^CN=Other.*$/x/,DEFAULT', NAME],
  ])('%s', (rules, user) => expect(principalMapping(rules)(NAME)).toBe(user))

  it('gives nothing when no rule fits', () => expect(principalMapping('RULE:^CN=Other$/x/')(NAME)).toBeUndefined())

  it.each(['DEFAULTS', 'RULE:a', 'RULE:a/b', 'RULE:a/b/X', 'RULE:(/x/'])('refuses %s', (rules) => {
    expect(() => principalMapping(rules)).toThrow(/ssl.principal.mapping.rules/)
  })
})
