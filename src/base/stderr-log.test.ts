import { expect, it } from 'vitest'
import { plainLine } from './stderr-log.js'

it('prints a line with its plain fields, and where an error was thrown', () => {
  expect(plainLine('warn', 'rebuilt', { groupId: 'g', retryInMs: 200, more: {} })).toBe(
    'warn rebuilt (groupId=g, retryInMs=200)\n',
  )
  const line = plainLine('error', 'failed', { error: new Error('no') })
  expect(line).toMatch(/^error failed\n {4}at .*stderr-log\.test/)
  expect(plainLine('warn', 'failed', { error: new Error('no') })).toBe('warn failed\n')
})
