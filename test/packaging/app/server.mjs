// Starts the installed kts-server on a free port, waits for its ready line, stops it, and wants exit code 0.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const server = spawn(process.execPath, ['node_modules/kts-kafka/dist/bin/kts-server.js', '-p', '0', '--ephemeral'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
for await (const line of createInterface({ input: server.stdout })) {
  console.log(line)
  if (line.startsWith('kts-server ready on PLAINTEXT://')) break
}
if (server.exitCode !== null) throw new Error(`kts-server ended with ${server.exitCode} before it was ready`)
server.kill('SIGTERM')
const [code] = await once(server, 'exit')
if (code !== 0) throw new Error(`kts-server stopped with ${code}`)
