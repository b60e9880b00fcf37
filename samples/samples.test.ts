/** Every sample, run on each driver; 02, which `npm start` runs, as the process that it is. 07 is tests, and runs as such. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

async function linesOf(run: () => Promise<void>): Promise<string[]> {
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation((...words) => void lines.push(words.map(String).join(' ')))
  await run()
  return lines.toSorted()
}

describe.each(['kafkajs', 'wire'])('samples on %s', (driver) => {
  beforeEach(() => void vi.stubEnv('KTS_DRIVER', driver))
  afterEach(() => void vi.unstubAllEnvs())

  it('01: sends and receives without a framework', async () => {
    const { main } = await import('./01-no-framework/main.js')
    const lines = await linesOf(main)
    expect(lines).toHaveLength(6)
    expect(lines.filter((line) => line.includes('°C')).map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'roof 21.5 °C',
      'roof 22 °C',
      'cellar 12 °C',
    ])
  })

  it('02: bills, retries, dead-letters and reads back, in plain lines, well under 15 s, and ends with 0', async () => {
    const started = performance.now()
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['samples/run.mjs', '02'], {
      cwd: root,
      env: { ...process.env, KAFKA_BOOTSTRAP: '' },
    })
    expect(stderr).toBe('')
    expect(performance.now() - started).toBeLessThan(15_000)
    expect(stdout).toMatch(/^broker ready in \d+ ms at 127\.0\.0\.1:\d+\n/)
    expect(stdout).toContain('topics orders (3 partitions), orders-dlt (3 partitions)')
    expect(stdout).toContain('→ orders-0@0 key=1')
    expect(stdout).toContain('billing ✓ order 1\n')
    expect(stdout).toContain('billing ✗ order 3, attempt 2: Error: the card terminal is busy')
    expect(stdout).toContain('billing ✓ order 3, attempt 3')
    expect(stdout).toMatch(/dead letter orders-dlt-\d@0, was orders-\d@\d: a total of -1 can't be billed/)
    expect(stdout).toMatch(/billing +4 +3 +2 +1\naudit +4 +4 +0 +0\n/)
    expect(stdout.split('\n').length).toBeLessThan(26)
  })

  it('03: has its listeners resolved by inversify', async () => {
    const { main } = await import('./03-inversify/main.js')
    expect((await linesOf(main)).map((line) => line.replace(/, from .*/, ''))).toEqual([
      'mailed invoice for sale 1, 24',
      'mailed invoice for sale 2, 54',
    ])
  })

  it('04: partitions by region and writes CSV', async () => {
    const { main } = await import('./04-partitioner-and-serde/main.js')
    expect(await linesOf(main)).toEqual([
      'partition 0: de read /shop for 31 s, as /shop;de;31',
      'partition 0: fr read / for 12 s, as /;fr;12',
      'partition 1: us read /shop for 90 s, as /shop;us;90',
      'partition 2: jp read /about for 4 s, as /about;jp;4',
    ])
  })

  it('06: writes one version of an Avro schema and reads it by the next', async () => {
    const { main } = await import('./06-avro/main.js')
    expect(await linesOf(main)).toEqual(['p-1: 9007199254740993 cents EUR, from 12 bytes'])
  })

  it('05: counts the levels of a log that grows while it is read', async () => {
    const { main } = await import('./05-log-levels/main.js')
    expect(await linesOf(() => main())).toEqual(['100 lines of app.log', 'ERROR   4', 'INFO    88', 'WARN    8'])
  })

  it('08: writes both entries of a transfer, or none', async () => {
    const { main } = await import('./08-transactions/main.js')
    expect(await linesOf(main)).toEqual(['ann -30', 'bob 20', 'cho 10'])
  })
})
