// Real text through real clients, across a crash: what went in line by line comes out byte for byte.
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { kafkaTool, kcat } from '../commands.js'
import { logFiles } from '../log-files.js'
import { useTarget } from '../target.js'

describe('log files produced with kcat, half before a kill -9 and half after', () => {
  const target = useTarget()

  beforeAll(async () => {
    const { bootstrap } = target()
    // kcat ends once every record is acknowledged, so what it produced before the crash must be there after it.
    for (const file of logFiles()) await kcat(bootstrap, ['-P', '-t', `first-${file.name}`, '-p', '0', '-l', file.path])
    await target().kill()
    await target().start()
    for (const file of logFiles())
      await kcat(bootstrap, ['-P', '-t', `second-${file.name}`, '-p', '0', '-l', file.path])
  })

  for (const file of logFiles()) {
    for (const half of ['first', 'second']) {
      const topic = `${half}-${file.name}`

      test(`${topic} comes back by kcat byte for byte`, async () => {
        const consumed = await kcat(target().bootstrap, `-C -t ${topic} -p 0 -o beginning -e -q`)
        expect(consumed.stdout.equals(lined(file.path))).toBe(true)
      })
    }

    test(`first-${file.name} comes back by the Java console consumer byte for byte`, async () => {
      const bytes = lined(file.path)
      const consumed = await kafkaTool(
        'kafka-console-consumer',
        `--bootstrap-server ${target().bootstrap} --topic first-${file.name} --from-beginning
         --max-messages ${newlines(bytes)} --timeout-ms 30000`,
      )
      expect(consumed.stdout.equals(bytes)).toBe(true)
    })
  }

  test('kcat and librdkafka agree with the broker on how much there is', async () => {
    for (const file of logFiles()) {
      const { text } = await kcat(target().bootstrap, `-Q -t first-${file.name}:0:-1`)
      expect(text).toBe(`first-${file.name} [0] offset ${newlines(lined(file.path))}`)
    }
  })
})

/** The file's bytes as line by line consumption gives them: ending in a newline, whether the file did or not. */
function lined(path: string): Buffer {
  const bytes = readFileSync(path)
  return bytes.at(-1) === 10 ? bytes : Buffer.concat([bytes, Buffer.from('\n')])
}

function newlines(bytes: Buffer): number {
  return bytes.filter((byte) => byte === 10).length
}
