/**
 * The code in README.md and docs/, as files. A `ts` block whose first line is `// name.ts` is that file, which later blocks of
 * its page may import; a block without a name is a program of its own. A `text` block right after a program is what it
 * prints. Blocks marked ```ts ignore``` are fragments, not code to run; there should be next to none.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface Block {
  readonly file: string
  readonly code: string
  readonly line: number
  /** What it prints, when the page says so. */
  readonly output: string | undefined
}

export interface Page {
  /** `docs/sending.md` */
  readonly path: string
  readonly blocks: readonly Block[]
}

export const root = fileURLToPath(new URL('../..', import.meta.url))

export function pages(): Page[] {
  const guides = readdirSync(`${root}docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
  return ['README.md', ...guides].map((path) => ({ path, blocks: blocksOf(readFileSync(root + path, 'utf8')) }))
}

export function blocksOf(markdown: string): Block[] {
  const fences = [...markdown.matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```\n(\s*)/gm)]
  const blocks: Block[] = []
  for (const [index, fence] of fences.entries()) {
    const [whole, language, info, code] = fence as unknown as [string, string, string, string]
    if (language !== 'ts' || info.trim() === 'ignore') continue
    const next = fences[index + 1]
    const output = next !== undefined && next[1] === 'text' && next.index === fence.index + whole.length ? next[3] : undefined
    const line = markdown.slice(0, fence.index).split('\n').length + 1
    const file = /^\/\/ ([\w./-]+\.ts)\n/.exec(code)?.[1] ?? `line-${line}.ts`
    blocks.push({ file, code, line, output })
  }
  return blocks
}
