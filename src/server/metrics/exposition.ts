/** Metrics as Prometheus' text format has them. A family is read when it is scraped; nothing is kept for it meanwhile. */

export type Labels = Readonly<Record<string, string | number>>
export type Sample = readonly [labels: Labels, value: number]

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly read: () => Iterable<Sample>
}

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export function expose(families: readonly Family[]): string {
  let out = ''
  for (const { name, help, type, read } of families) {
    out += `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
    for (const [labels, value] of read()) out += `${name}${shown(labels)} ${value}\n`
  }
  return out
}

function shown(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

/** A family of one sample without labels. */
export function single(name: string, type: Family['type'], help: string, read: () => number): Family {
  return { name, help, type, read: () => [[{}, read()]] }
}
