import { describe, expect, it } from 'vitest'
import { AclIndex } from '../metadata/acls.js'
import { Operation, ResourceType } from './acl-words.js'
import { standardAuthorizer, type AuthorizerRules } from './authorizer.js'

const { all, read, write, describe: describeIt, alterConfigs, describeConfigs } = Operation

/** `allow alice read orders`, `deny * write prefix:or from 10.0.0.1` */
function authorizer(rules: readonly string[], more: Partial<AuthorizerRules> = {}) {
  const acls = new AclIndex()
  rules.forEach((text, i) => {
    const [permission, who, operation, resource = '', , host = '*'] = text.split(' ')
    const prefixed = resource.startsWith('prefix:')
    acls.add({
      id: String(i),
      resourceType: ResourceType.topic,
      resourceName: prefixed ? resource.slice(7) : resource,
      patternType: prefixed ? 4 : 3,
      principal: `User:${who}`,
      host,
      operation: Operation[operation as keyof typeof Operation],
      permissionType: permission === 'allow' ? 3 : 2,
    })
  })
  const authorize = standardAuthorizer({ superUsers: new Set(['User:root']), allowsIfNoAcl: false, ...more }, acls)
  const asker = (user: string) => ({ principal: `User:${user}`, clientHost: '127.0.0.1' })
  return {
    acls,
    may: (operation: number, name = 'orders', user = 'alice') =>
      authorize.allows(asker(user), operation, ResourceType.topic, name),
    maySome: (operation: number, user = 'alice') => authorize.allowsSome(asker(user), operation, ResourceType.topic),
  }
}

describe('the authorizer', () => {
  it('allows what a rule allows, and nothing else', () => {
    const { may } = authorizer(['allow alice read orders'])
    expect(may(read)).toBe(true)
    expect(may(write)).toBe(false)
    expect(may(read, 'other')).toBe(false)
    expect(may(read, 'orders', 'bob')).toBe(false)
  })

  it.each([
    ['a prefix', 'allow alice read prefix:ord', true],
    ['the whole name as a prefix', 'allow alice read prefix:orders', true],
    ['a longer prefix', 'allow alice read prefix:orders-', false],
    ['every name', 'allow alice read *', true],
    ['everyone', 'allow * read orders', true],
    ['the host', 'allow alice read orders from 127.0.0.1', true],
    ['another host', 'allow alice read orders from 10.0.0.1', false],
    ['all operations', 'allow alice all orders', true],
  ])('knows %s', (_, rule, expected) => expect(authorizer([rule]).may(read)).toBe(expected))

  it('lets one denial count before all that allow', () => {
    const allowed = ['allow alice all orders', 'allow * all *']
    for (const denial of ['deny alice read *', 'deny * all prefix:o', 'deny alice read orders']) {
      expect(authorizer([...allowed, denial]).may(read)).toBe(false)
      expect(authorizer([denial, ...allowed]).may(read)).toBe(false)
    }
  })

  it('takes DESCRIBE as allowed with READ, and READ not as denied with DESCRIBE', () => {
    expect(authorizer(['allow alice read orders']).may(describeIt)).toBe(true)
    expect(authorizer(['allow alice alterConfigs orders']).may(describeConfigs)).toBe(true)
    expect(authorizer(['allow alice describe orders']).may(read)).toBe(false)
    const { may } = authorizer(['allow alice read orders', 'deny alice describe orders'])
    expect(may(read)).toBe(true)
    expect(may(describeIt)).toBe(false)
    expect(authorizer(['allow alice describeConfigs orders']).may(alterConfigs)).toBe(false)
  })

  it('lets super users do everything', () => {
    expect(authorizer(['deny * all *']).may(all, 'orders', 'root')).toBe(true)
  })

  it('asks allow.everyone.if.no.acl.found only where no rule is for the resource', () => {
    const { may } = authorizer(['allow bob read orders'], { allowsIfNoAcl: true })
    expect(may(read, 'other')).toBe(true)
    expect(may(read, 'orders')).toBe(false)
  })

  it('forgets a rule that is gone', () => {
    const { acls, may } = authorizer(['allow alice read orders', 'allow alice read prefix:o'])
    acls.remove('0')
    expect(may(read)).toBe(true)
    acls.remove('1')
    expect(may(read)).toBe(false)
    expect(acls.size).toBe(0)
  })

  it.each([
    [['allow alice write orders'], true],
    [['allow alice read orders'], false],
    [['allow alice write orders', 'deny alice write orders'], false],
    [['allow alice write orders', 'allow alice write b', 'deny alice write orders'], true],
    [['allow alice write orders', 'deny * write *'], false],
    [['allow alice write orders', 'deny * all prefix:ord'], false],
    [['allow alice write *', 'deny alice write prefix:o'], true],
  ])('knows whether some topic may be written: %j', (rules, expected) => {
    expect(authorizer(rules).maySome(write)).toBe(expected)
  })
})
