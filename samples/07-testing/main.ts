/** Runs the tests beside this file, as `npx vitest run samples/07-testing` does. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

export async function main(): Promise<void> {
  const tests = spawn('npx', ['vitest', 'run', 'samples/07-testing'], { stdio: 'inherit' })
  const [code] = (await once(tests, 'exit')) as [number | null]
  process.exitCode = code ?? 1
}
