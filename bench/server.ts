/** `kts-server` in a process of its own, as users run it, and what the system says that it uses. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface Server {
  readonly bootstrapServers: string
  /** From the start of the process to its ready line. */
  readonly readyMs: number
  usage(): Usage
  stop(): Promise<void>
}

export interface Usage {
  readonly residentMiB: number
  /** User and system time since the process began. */
  readonly cpuMs: number
}

const SERVER = fileURLToPath(new URL('../bin/kts-server.js', import.meta.url))
const TICK_MS = 10

/** Data is in memory unless the flags say where else. */
export async function startServer(...flags: string[]): Promise<Server> {
  const data = flags.includes('--data-dir') ? [] : ['--ephemeral']
  const sinceMs = performance.now()
  const child = spawn(process.execPath, [SERVER, '--port', '0', ...data, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const address = await readyAddress(child)
  const readyMs = performance.now() - sinceMs
  return {
    bootstrapServers: address,
    readyMs,
    usage: () => usageOf(child.pid!),
    async stop() {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

async function readyAddress(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout!) {
    text += String(chunk)
    const address = /ready on PLAINTEXT:\/\/(\S+)/.exec(text)?.[1]
    if (address !== undefined) return address
  }
  throw new Error(`kts-server ended before it was ready: ${text}`)
}

export function usageOf(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return {
    residentMiB: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024),
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
  }
}
