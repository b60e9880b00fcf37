// Runs other people's programs: every one with a deadline, its output kept, and its end reported in full when it was
// not as expected.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** The git-ignored folder in which everything that was brought or made lies. */
export const home = `${root}.interop`

export interface Finished {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
  /** Standard output as text, trimmed. */
  readonly text: string
}

export interface RunOptions {
  readonly input?: string | Buffer
  /** Default 60,000. */
  readonly timeoutMs?: number
  /** Accept any exit code: for cases about refusals. */
  readonly mayFail?: boolean
}

/** Runs a program to its end. Throws with all it said when it ends badly or not in time. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = spawn(command, args, { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on('error', () => {}) // a program that ends before it has read everything says so by its exit code
  child.stdin.end(options.input ?? '')

  const timeoutMs = options.timeoutMs ?? 60_000
  let late = false
  const timer = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, timeoutMs)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)

  const output = Buffer.concat(stdout)
  const result = { code, stdout: output, stderr: String(Buffer.concat(stderr)), text: String(output).trim() }
  if (late || (code !== 0 && options.mayFail !== true)) {
    const how = late ? `did not end within ${timeoutMs} ms` : `ended with ${code}`
    throw new Error(`${command} ${args.join(' ')} ${how}\n${result.text.slice(-4000)}\n${result.stderr.slice(-4000)}`)
  }
  return result
}

/** Arguments, as a list or as one line of words that hold no spaces. */
export type Args = string | readonly string[]

export const words = (args: Args): readonly string[] => (typeof args === 'string' ? args.split(/\s+/) : args)

/** One of Apache Kafka's tools, by its script's name. */
export function kafkaTool(name: string, args: Args, options?: RunOptions): Promise<Finished> {
  return run('bash', [`${root}test/interop/kafka.sh`, 'tool', name, ...words(args)], options)
}

/** kcat against a broker. */
export function kcat(bootstrap: string, args: Args, options?: RunOptions): Promise<Finished> {
  return run('kcat', ['-b', bootstrap, ...words(args)], options)
}

/** A program left running: its lines as they come, and its end. */
export class Running {
  readonly lines: string[] = []
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #stderr = ''
  #wake: () => void = () => {}

  constructor(command: string, args: readonly string[]) {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.#ended = once(child, 'close')
    child.stderr.on('data', (chunk: Buffer) => (this.#stderr += String(chunk)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.lines.push(line)
      this.#wake()
    })
    void this.#ended.then(() => this.#wake())
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Waits until the lines so far satisfy `enough`. Throws when the program ends or the time is over before. */
  async until(what: string, enough: (lines: readonly string[]) => boolean, timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (!enough(this.lines)) {
      const left = deadline - Date.now()
      if (!this.running || left <= 0) {
        const how = this.running ? `not within ${timeoutMs} ms` : 'the program ended before'
        throw new Error(`${what}: ${how}\n${this.lines.slice(-20).join('\n')}\n${this.#stderr.slice(-4000)}`)
      }
      await new Promise<void>((done) => {
        const timer = setTimeout(done, left)
        this.#wake = () => {
          clearTimeout(timer)
          done()
        }
      })
    }
  }

  /** Looks again at what is waited for: for conditions that hang on more than this program's lines. */
  wake(): void {
    this.#wake()
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.running) this.#child.kill(signal)
    await this.#ended
  }

  /** Waits for the program to end by itself. */
  async finished(timeoutMs = 60_000): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs)
    await this.#ended
    clearTimeout(timer)
  }
}

/** One of Apache Kafka's tools, left running. */
export function runningTool(name: string, args: Args): Running {
  return new Running('bash', [`${root}test/interop/kafka.sh`, 'tool', name, ...words(args)])
}
