/**
 * The table of docs/drivers.md: what each driver of the house can do, read from the drivers themselves. `npm run docs` writes
 * it; test/drivers-page.test.ts holds the page to it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { fromSources } from './from-sources.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const path = `${root}docs/drivers.md`
const [FROM, TO] = ['<!-- capabilities -->', '<!-- /capabilities -->']

/** What a capability is to users; one that is not here has no row, and the page can't be written. */
const WORDS = {
  codecs: 'compression',
  idempotence: 'idempotent producer',
  transactions: 'transactions',
  fencedTransactionOffsets: "offsets in a transaction fenced by the group's generation (KIP-447)",
  cooperativeRebalance: 'cooperative rebalancing',
  consumerGroupProtocol: 'the newer group protocol, `groupProtocol: consumer` (KIP-848)',
  staticMembership: 'static members, `groupInstanceId`',
  manualAssignment: 'partitions assigned by hand',
  nullHeaderValues: 'headers whose value is null',
  incrementalConfigs: 'configs changed one by one, the others left as they are',
}

/** The page as it should be. */
export async function driversPage() {
  const page = readFileSync(path, 'utf8')
  const [start, end] = [page.indexOf(FROM), page.indexOf(TO)]
  if (start < 0 || end < start) throw new Error(`docs/drivers.md has no place for the table: ${FROM} … ${TO}`)
  return `${page.slice(0, start + FROM.length)}\n\n${table(await capabilities())}\n\n${page.slice(end)}`
}

async function capabilities() {
  const sources = await fromSources('capabilities', `
    export { DEFAULT_DRIVER, KAFKAJS_CAPABILITIES, WIRE_CAPABILITIES } from './src/client/index.ts'
    export { MEMORY_CAPABILITIES } from './src/testing/memory-driver/index.ts'`)
  const title = (name) => `\`${name}\`${sources.DEFAULT_DRIVER === name ? ', the default' : ''}`
  return [
    [title('wire'), sources.WIRE_CAPABILITIES],
    [title('kafkajs'), sources.KAFKAJS_CAPABILITIES],
    ['memory, for tests', sources.MEMORY_CAPABILITIES],
  ]
}

function table(drivers) {
  const names = [...new Set(drivers.flatMap(([, all]) => Object.keys(all)))]
  const unknown = names.filter((name) => !(name in WORDS))
  if (unknown.length > 0) throw new Error(`scripts/docs/drivers.mjs has no words for ${unknown.join(', ')}`)
  const cell = (value) => (value instanceof Set ? [...value].filter((codec) => codec !== 'none').join(', ') : value ? 'yes' : '')
  const rows = names.map((name) => [WORDS[name], ...drivers.map(([, all]) => cell(all[name]))])
  const head = ['', ...drivers.map(([title]) => title)]
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(path, await driversPage())
