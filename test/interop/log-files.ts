// Log files to produce line by line. KTS_INTEROP_LOGS names a folder of real ones; without it, files are made that
// hold what real ones do: long lines, tabs, carriage returns, bytes that are no UTF-8.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { home } from './commands.js'

export interface LogFile {
  readonly name: string
  readonly path: string
}

export function logFiles(): readonly LogFile[] {
  const folder = process.env['KTS_INTEROP_LOGS'] ?? madeFolder()
  return readdirSync(folder)
    .filter((file) => file.endsWith('.log'))
    .map((file) => ({ name: basename(file, '.log'), path: join(folder, file) }))
}

function madeFolder(): string {
  const folder = `${home}/work/logs`
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'Access.log'),
    lines(3000, (n) => `10.0.0.${n % 256} - - "GET /item/${n}" 200 ${n * 37}`),
  )
  writeFileSync(
    join(folder, 'Windows.log'),
    lines(500, (n) => `${n}\tINFO\tline with a carriage return\r`),
  )
  writeFileSync(
    join(folder, 'Words.log'),
    lines(1000, (n) => `${n} Größe 東京 🚂 ${'é'.repeat(n % 50)}`),
  )
  writeFileSync(
    join(folder, 'Trace.log'),
    lines(200, (n) => `${n} ${'at some.deep.Frame '.repeat(n * 3)}`),
  )
  writeFileSync(
    join(folder, 'Latin.log'),
    Buffer.from(
      lines(500, (n) => `${n} caf\xe9 \xff\xfe`),
      'latin1',
    ),
  )
  return folder
}

function lines(count: number, line: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => line(n) + '\n').join('')
}
