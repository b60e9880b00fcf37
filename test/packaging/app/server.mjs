// Starts the installed kts-server on a free port, waits for its ready line, stops it, and wants exit code 0.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Runs `use` with the bootstrap address of a started kts-server. */
export async function withServer(use) {
  const args = ['node_modules/kts-kafka/dist/bin/kts-server.js', '-p', '0', '--ephemeral']
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(server, 'exit')
  let address
  for await (const line of createInterface({ input: server.stdout })) {
    console.log(line)
    address = /^kts-server ready on .*?PLAINTEXT:\/\/([^\s,]+)/.exec(line)?.[1]
    if (address !== undefined) break
  }
  if (address === undefined) throw new Error(`kts-server ended with ${(await exited)[0]} before it was ready`)
  try {
    await use(address)
  } finally {
    server.kill('SIGTERM')
  }
  const [code] = await exited
  if (code !== 0) throw new Error(`kts-server stopped with ${code}`)
}

if (import.meta.url === `file://${process.argv[1]}`) await withServer(async () => {})
