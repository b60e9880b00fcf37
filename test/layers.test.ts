/** Holds every file of src/ to src/layers.json: who imports whom, where a vendor may be named, what goes only through base. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

interface Layers {
  readonly parts: Readonly<Record<string, readonly string[] | 'anything'>>
  readonly vendors: Readonly<Record<string, readonly string[]>>
  readonly onlyThroughBase: Readonly<Record<string, { pattern: string; instead: string; except: readonly string[] }>>
}

interface SourceFile {
  /** Path below src/, with forward slashes. */
  readonly path: string
  /** The text without comments. */
  readonly code: string
  readonly imports: readonly string[]
}

const src = fileURLToPath(new URL('../src', import.meta.url))
const layers = JSON.parse(readFileSync(join(src, 'layers.json'), 'utf8')) as Layers
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readSource(path.split(sep).join('/')))

function readSource(path: string): SourceFile {
  const code = withoutComments(readFileSync(join(src, path), 'utf8'))
  const found = code.matchAll(
    /^\s*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*'([^']+)'|\b(?:import|require)\('([^']+)'/gm,
  )
  return { path, code, imports: [...found].map((match) => (match[1] ?? match[2])!) }
}

/** Line comments only where they stand alone or after a blank: `//` inside a string is part of an address. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/[^\n]*/g, '$1')
}

const isTest = (file: SourceFile): boolean => file.path.endsWith('.test.ts')

/** The row that rules a path: the file's own when it has one, else its folder's. */
function partOf(path: string): string {
  return path in layers.parts ? path : path.split('/')[0]!
}

const within = (path: string, places: readonly string[]): boolean =>
  places.some((place) => path === place || path.startsWith(`${place}/`))

function vendorRule(specifier: string): [string, readonly string[]] | undefined {
  return Object.entries(layers.vendors).find(([vendor]) =>
    vendor.endsWith('/*')
      ? specifier.startsWith(vendor.slice(0, -1))
      : specifier === vendor || (!vendor.startsWith('node:') && specifier.startsWith(`${vendor}/`)),
  )
}

function partOffences(file: SourceFile): string[] {
  const part = partOf(file.path)
  const row = layers.parts[part]
  if (row === undefined) return [`src/${file.path}: no row for it in src/layers.json`]
  if (row === 'anything') return []
  const allowed = isTest(file) ? [...row, 'testing', 'index.ts'] : row
  return file.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) =>
      normalize(join(dirname(file.path), specifier))
        .split(sep)
        .join('/'),
    )
    .filter((target) => !target.startsWith('..')) // fixtures, which the check on relative imports leaves to tests
    .map((target) => partOf(target.replace(/\.js$/, '.ts')))
    .filter((target) => target.split('/')[0] !== part.split('/')[0] && !allowed.includes(target))
    .map((target) => `src/${file.path}: ${part} imports ${target}; it may import ${allowed.join(', ') || 'nothing'}`)
}

describe('layers', () => {
  it('finds the sources, so that the other checks look at something', () => {
    expect(files.length).toBeGreaterThan(20)
    expect(files.flatMap((file) => file.imports).length).toBeGreaterThan(20)
  })

  it('sees an import that breaks the table', () => {
    const file = (path: string, imports: string[]): SourceFile => ({ path, code: '', imports })
    expect(partOffences(file('nest/kafka-module.ts', ['../server/broker.js']))).toHaveLength(1)
    expect(partOffences(file('nest/kafka-module.ts', ['../messaging/index.js', './tokens.js']))).toEqual([])
    expect(partOffences(file('testing/embedded.ts', ['../nest/index.js']))).toHaveLength(1)
    expect(partOffences(file('messaging/a.test.ts', ['../testing/index.js']))).toEqual([])
  })

  it('lets a part import only the parts in its row', () => {
    expect(files.flatMap(partOffences)).toEqual([])
  })

  it('keeps a vendor in its room', () => {
    const offences = files
      .filter((file) => !isTest(file))
      .flatMap((file) =>
        file.imports.flatMap((specifier) => {
          const rule = vendorRule(specifier)
          if (rule === undefined || within(file.path, rule[1])) return []
          return `src/${file.path}: imports ${specifier}, which belongs in ${rule[1].join(' or ')}`
        }),
      )
    expect(offences).toEqual([])
  })

  it('takes time, chance and the console only through base', () => {
    const offences = files
      .filter((file) => !isTest(file) && !within(file.path, ['base']))
      .flatMap((file) =>
        Object.values(layers.onlyThroughBase).flatMap((rule) => {
          const hit = within(file.path, rule.except) ? null : new RegExp(rule.pattern).exec(file.code)
          return hit ? [`src/${file.path}: ${hit[0]}; use ${rule.instead}`] : []
        }),
      )
    expect(offences).toEqual([])
  })

  it('ends relative imports in .js, reaches nobody outside src, and never imports the package by its own name', () => {
    const offences = files.flatMap((file) =>
      file.imports
        .filter((specifier) =>
          specifier.startsWith('.')
            ? !specifier.endsWith('.js') || relative(src, join(src, dirname(file.path), specifier)).startsWith('..')
            : specifier === 'kts-kafka' || specifier.startsWith('kts-kafka/'),
        )
        .map((specifier) => `src/${file.path}: ${specifier}`),
    )
    // tests may read fixtures beside the tree
    expect(offences.filter((line) => !/\.test\.ts: .*\/test\//.test(line))).toEqual([])
  })

  it('leaves the public entry free of code', () => {
    const entry = files.find((file) => file.path === 'index.ts')
    const statements = (entry?.code ?? '')
      .split(/\n(?=export|import|const|function|class)/)
      .filter((line) => line.trim())
    expect(statements.filter((line) => !/^export (type )?(\*|\{[^}]*\}) from '/.test(line.trim()))).toEqual([])
  })
})
