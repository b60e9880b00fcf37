// Reads Kafka's message layouts out of its jars: JSON files with comments and prose, here reduced to the facts.
// A layout is left exactly as Kafka wrote it, but for `about` and comments; `module` tells which jar it came from.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The layouts in one jar, sorted by API key and then by name, requests before responses. */
export function layoutsOf(jar, module) {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-layouts-'))
  try {
    execFileSync('jar', ['xf', jar], { cwd: folder })
    return readdirSync(folder, { recursive: true })
      .filter((path) => path.endsWith('.json') && readFileSync(join(folder, path), 'utf8').includes('"validVersions"'))
      .map((path) => withoutProse(JSON.parse(withoutComments(readFileSync(join(folder, path), 'utf8'))), module))
      .sort((a, b) => (a.apiKey ?? 999) - (b.apiKey ?? 999) || (a.name < b.name ? -1 : 1))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function withoutProse({ name, ...layout }, module) {
  return { name, module, ...drop(layout) }
}

function drop(value) {
  if (Array.isArray(value)) return value.map(drop)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'about')
      .map(([key, inner]) => [key, drop(inner)]),
  )
}

/** Cuts line and block comments, leaving strings alone. */
function withoutComments(text) {
  return text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, string) => string ?? '')
}
