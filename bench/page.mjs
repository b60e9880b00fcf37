/** The page of figures: each bench's tables stand between `<!-- bench:name -->` and `<!-- /bench:name -->`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'

const page = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))

/** A table as Markdown, its columns in line, as the formatter has them. */
export function markdown({ head, rows }) {
  const all = [head, ...rows].map((cells) => cells.map(String))
  const widths = head.map((_, column) => Math.max(3, ...all.map((cells) => cells[column].length)))
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  const rule = line(widths.map((width) => '-'.repeat(width)))
  return [line(all[0]), rule, ...all.slice(1).map(line)].join('\n')
}

/** Where a bench's figures stand in the page's text. Throws when it has no place. */
export function placeOf(name, text = readFileSync(page, 'utf8')) {
  const from = `<!-- bench:${name} -->`
  const [start, end] = [text.indexOf(from), text.indexOf(`<!-- /bench:${name} -->`)]
  if (start < 0 || end < start) throw new Error(`docs/benchmarks.md has no place for the bench '${name}'`)
  return [start + from.length, end]
}

/** Replaces what stands between a bench's marks. */
export function writeFigures(name, figures) {
  const text = readFileSync(page, 'utf8')
  const [start, end] = placeOf(name, text)
  writeFileSync(page, `${text.slice(0, start)}\n\n${figures}\n\n${text.slice(end)}`)
}

/** What the figures depend on, without saying whose machine it is. */
export function machine() {
  const memoryGiB = Math.round(totalmem() / 1024 ** 3)
  const day = new Date().toISOString().slice(0, 10)
  return `Taken ${day} on Linux ${process.arch}, ${cpus().length} cores, ${memoryGiB} GiB, Node ${process.versions.node}.`
}
