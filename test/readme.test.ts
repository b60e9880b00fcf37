/** README.md's example, run as its reader would: a process of its own, the package by its name, a broker at the address given. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { build } from 'esbuild'
import { EmbeddedKafka } from 'kts-kafka/testing'
import { expect, it } from 'vitest'
import { pages, root } from './docs/pages.js'

it.each(['kafkajs', 'wire'])("README.md's example bills its order and stops when told, on %s", async (driver) => {
  const [example, ...others] = pages().find(({ path }) => path === 'README.md')!.blocks
  expect(others).toEqual([])
  expect(example!.code.trim().split('\n').length).toBeLessThanOrEqual(20)
  await using broker = await EmbeddedKafka.start()
  const folder = mkdtempSync(`${root}dist/readme-`)
  try {
    await build({
      stdin: {
        contents: example!.code.replaceAll('localhost:9092', broker.bootstrapServers),
        loader: 'ts',
        resolveDir: root,
      },
      outfile: `${folder}/main.mjs`,
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
    })
    const child = spawn(process.execPath, [`${folder}/main.mjs`], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, KTS_DRIVER: driver },
    })
    let output = ''
    const billed = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        if (output.includes('billed order 1, attempt 1\n')) resolve()
      })
    })
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const exited = once(child, 'exit')
    await Promise.race([billed, exited])
    child.kill('SIGTERM')
    await exited
    expect(output).toBe('billed order 1, attempt 1\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
