// Runs the example of the README that lies in the package, as its reader would: the code as printed, on the installed
// package and its broker. Only the port is another.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { build } from 'esbuild'
import { withServer } from './server.mjs'

const code = /```ts\n(.*?)```/s.exec(readFileSync('node_modules/kts-kafka/README.md', 'utf8'))[1]

await withServer(async (address) => {
  await build({
    stdin: { contents: code.replaceAll('localhost:9092', address), loader: 'ts', resolveDir: '.' },
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    outfile: 'readme-main.mjs',
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  })
  const app = spawn(process.execPath, ['readme-main.mjs'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(app, 'exit')
  let output = ''
  for await (const chunk of app.stdout) {
    output += chunk
    if (output.includes('\n')) break
  }
  app.kill('SIGTERM')
  await exited
  console.log(output)
  if (output !== 'billed order 1, attempt 1\n') throw new Error('the example did not bill its order')
})
