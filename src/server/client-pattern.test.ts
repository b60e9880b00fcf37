import { expect, it } from 'vitest'
import { clientPattern, InvalidPattern } from './client-pattern.js'

it('matches whole texts, with RE2 syntax', async () => {
  const pattern = await clientPattern('orders-\\d+|(?i)bills')
  expect(['orders-12', 'BILLS', 'orders-', 'my orders-1'].map((text) => pattern.matches(text))).toEqual([
    true,
    true,
    false,
    false,
  ])
})

it('refuses what RE2 does not have, in time', async () => {
  await expect(clientPattern('(a)\\1')).rejects.toBeInstanceOf(InvalidPattern)
  await expect(clientPattern('(')).rejects.toBeInstanceOf(InvalidPattern)
  const slowElsewhere = await clientPattern('(a+)+b')
  expect(slowElsewhere.matches('a'.repeat(50))).toBe(false)
})
