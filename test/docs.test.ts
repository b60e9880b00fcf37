/**
 * Runs the code of docs/, page by page, each page against a broker of its own: every block compiles and does what the page
 * says that it prints. README.md's example runs as a process, as its reader would run it: test/readme.test.ts.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { EmbeddedKafka } from 'kts-kafka/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { blocksOf, pages, root, type Page } from './docs/pages.js'

const work = `${root}test/docs/.pages/`
const guides = pages().filter(({ path }) => path !== 'README.md')
const isTest = (file: string): boolean => file.endsWith('.test.ts')
const folderOf = ({ path }: Page): string => `${work}${path.replaceAll(/[/.]/g, '-')}/`

/** Blocks that are tests run from here: they must not share modules with programs, which are pointed at a broker. */
const testsOf = (page: Page): string => `${folderOf(page)}tests/`

rmSync(work, { recursive: true, force: true })
for (const page of pages()) {
  write(page, folderOf(page), 'localhost:9092')
  if (page.blocks.some(({ file }) => isTest(file))) write(page, testsOf(page), 'localhost:9092')
}

function write(page: Page, folder: string, bootstrapServers: string): void {
  for (const { file, code } of page.blocks) {
    const path = folder + file
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${code.replaceAll('localhost:9092', bootstrapServers)}\nexport {}\n`)
  }
}

describe('the code in the documentation', () => {
  it('compiles', async () => {
    const config = {
      extends: '../../../tsconfig.json',
      // pages are written for readers: an unused name is no mistake there
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
      include: ['**/*.ts'],
      exclude: [],
    }
    writeFileSync(`${work}tsconfig.json`, JSON.stringify(config))
    const tsc = promisify(execFile)(`${root}node_modules/.bin/tsc`, ['-p', `${work}tsconfig.json`], { cwd: root })
    const { stdout } = await tsc.catch((error: { stdout: string }) => error)
    // what is wrong in src is for `npm run check` to say
    expect(stdout.split('\n').filter((line) => line.startsWith('test/docs/'))).toEqual([])
    // the compiler has the machine to share
  }, 60_000)

  it('is found in fences, with its name, place and output', () => {
    const markdown = 'Text\n\n```ts\n// a.ts\nf()\n```\n\n```text\n1\n```\n\n```ts ignore\nx\n```\n\n```ts\ng()\n```\n'
    expect(blocksOf(markdown)).toEqual([
      { file: 'a.ts', code: '// a.ts\nf()\n', line: 4, output: '1\n' },
      { file: 'line-17.ts', code: 'g()\n', line: 17, output: undefined },
    ])
  })
})

describe('what the documentation names', () => {
  const markdown = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md']
    .concat(readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`))
    .filter((path) => path.endsWith('.md'))

  it.each(markdown)('%s links to what exists', (path) => {
    const links = readFileSync(root + path, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)
    const missing = [...links].filter(([, link]) => !existsSync(join(root, dirname(path), link!)))
    expect(missing.map(([link]) => link)).toEqual([])
  })

  it('stands where ARCHITECTURE.md says', () => {
    const paths = readFileSync(`${root}ARCHITECTURE.md`, 'utf8').matchAll(/`((?:src|test|scripts|docs)\/[\w./-]+)`/g)
    expect([...paths].map(([, path]) => path!).filter((path) => !existsSync(root + path))).toEqual([])
  })
})

describe.each(guides.filter(({ blocks }) => blocks.length > 0))('$path', (page) => {
  let broker: EmbeddedKafka | undefined
  beforeAll(async () => {
    broker = await EmbeddedKafka.start()
    write(page, folderOf(page), broker.bootstrapServers)
  })
  afterAll(() => broker?.stop())

  for (const block of page.blocks.filter(({ file }) => !isTest(file))) {
    it(`line ${block.line}: ${block.file}`, async () => {
      const lines: string[] = []
      vi.spyOn(console, 'log').mockImplementation((...words) => void lines.push(words.map(String).join(' ')))
      await import(folderOf(page) + block.file)
      if (block.output !== undefined) expect(lines.join('\n')).toBe(block.output.trimEnd())
    })
  }
})

// blocks that are tests themselves are run as tests
for (const page of guides) {
  for (const { file } of page.blocks.filter((block) => isTest(block.file))) {
    describe(`${page.path}: ${file}`, async () => {
      await import(testsOf(page) + file)
    })
  }
}
