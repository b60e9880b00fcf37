// The samples as their readers run them, on each driver, against a broker that they are pointed at.
import { describe, expect, test } from 'vitest'
import { root, run } from '../commands.js'
import { useTarget } from '../target.js'

/** A line that the sample prints when all of it has worked. */
const SAMPLES: readonly (readonly [string, RegExp])[] = [
  ['01', /^readings-\d@\d roof 22 °C$/m],
  ['02', /^billing +4 +3 +2 +1$/m],
  ['03', /^mailed invoice for sale 2, 54, from invoices-\d@\d$/m],
  ['04', /^partition 1: us read \/shop for 90 s, as \/shop;us;90$/m],
  ['05', /^INFO    88$/m],
  ['06', /^p-1: 9007199254740993 cents EUR, from 12 bytes$/m],
]

describe.each(['kafkajs', 'wire'])('on %s', (driver) => {
  const target = useTarget()

  test.each(SAMPLES)('sample %s', async (name, line) => {
    const env = [`KAFKA_BOOTSTRAP=${target().bootstrap}`, `KTS_DRIVER=${driver}`]
    const { text, stderr } = await run('env', [...env, process.execPath, `${root}samples/run.mjs`, name])
    expect(stderr).toBe('')
    expect(text).toMatch(line)
  })
})
