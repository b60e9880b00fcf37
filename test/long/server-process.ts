/**
 * The built kts-server in a process of its own, its data on disk: started, ended in order or by kill -9, started again at
 * the same address. What it logged, and what memory the system says that it holds, is kept over all its lives.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Running, root } from '../interop/commands.js'

export class ServerProcess implements AsyncDisposable {
  private readonly dataDir = mkdtempSync(join(tmpdir(), 'kts-long-'))
  private running: Running | undefined
  private serves = false
  private port = 0
  private url = ''
  private logged = ''

  private constructor(
    private readonly configs: Readonly<Record<string, string>>,
    private readonly flags: readonly string[],
  ) {}

  /** @param flags e.g. `['--http-port', '0', '--hooks']` */
  static async start(
    configs: Readonly<Record<string, string>> = {},
    flags: readonly string[] = [],
  ): Promise<ServerProcess> {
    const server = new ServerProcess(configs, flags)
    await server.start()
    return server
  }

  get bootstrapServers(): string {
    return `127.0.0.1:${this.port}`
  }

  get portNumber(): number {
    return this.port
  }

  /** Of this life; '' without `--http-port`. */
  get httpUrl(): string {
    return this.url
  }

  /** Every line of level warn and above, of all lives. */
  get log(): string {
    return this.logged + (this.running?.stderr ?? '')
  }

  /** What was logged as an error, each with the lines of its stack. */
  get errors(): string[] {
    const entries = this.log.split(/^(?=\d{4}-\d\d-\d\dT)/m)
    return entries.filter((entry) => / ERROR /.test(entry))
  }

  /** Between its ready line and the signal that ends it. */
  get isServing(): boolean {
    return this.serves
  }

  get residentMiB(): number {
    const status = readFileSync(`/proc/${this.running!.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024
  }

  async start(): Promise<void> {
    const overrides = Object.entries(this.configs).flatMap(([name, value]) => ['-o', `${name}=${value}`])
    const args = [
      `${root}dist/bin/kts-server.js`,
      '-p',
      String(this.port),
      '-d',
      this.dataDir,
      ...overrides,
      ...this.flags,
    ]
    const running = new Running(process.execPath, args)
    this.running = running
    await running.until('kts-server ready', (lines) => lines.some((line) => READY.test(line)))
    const [, port, url = ''] = READY.exec(running.lines.find((line) => READY.test(line))!)!
    this.port = Number(port)
    this.url = url
    this.serves = true
  }

  /** SIGSTOP: it stands still, its connections stay. */
  pause(): void {
    process.kill(this.running!.pid!, 'SIGSTOP')
  }

  resume(): void {
    process.kill(this.running!.pid!, 'SIGCONT')
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.serves = false
    await this.running?.end(signal)
    this.logged = this.log
    this.running = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM')
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}

const READY = /^kts-server ready on PLAINTEXT:\/\/127\.0\.0\.1:(\d+)(?: and (http:\S+))?/
