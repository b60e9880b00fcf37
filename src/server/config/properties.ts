/** Java properties text, as `server.properties` and `meta.properties` are written: java.util.Properties.load and store. */

export function parseProperties(text: string): Map<string, string> {
  const out = new Map<string, string>()
  for (const line of logicalLines(text)) {
    const { key, value } = split(line)
    out.set(unescape(key), unescape(value))
  }
  return out
}

/** Lines without comments and blanks, continued ones joined. */
function* logicalLines(text: string): Generator<string> {
  let joined: string | undefined
  for (const raw of text.split(/\r\n|\n|\r/)) {
    const line = raw.replace(/^[ \t\f]+/, '')
    if (joined === undefined && (line === '' || line[0] === '#' || line[0] === '!')) continue
    joined = (joined ?? '') + line
    const backslashes = /\\*$/.exec(joined)![0].length
    if (backslashes % 2 === 1) {
      joined = joined.slice(0, -1)
      continue
    }
    yield joined
    joined = undefined
  }
  if (joined !== undefined && joined !== '') yield joined
}

/** The key ends at the first `=`, `:` or blank that is not escaped. */
function split(line: string): { key: string; value: string } {
  let at = 0
  while (at < line.length && !/[=: \t\f]/.test(line[at]!)) at += line[at] === '\\' ? 2 : 1
  const key = line.slice(0, at)
  const value = line.slice(at).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
  return { key, value }
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, char: string | undefined) =>
    hex === undefined ? (ESCAPES[char!] ?? char!) : String.fromCharCode(parseInt(hex, 16)),
  )
}

export function formatProperties(values: Iterable<readonly [string, string]>): string {
  let out = ''
  for (const [key, value] of values) out += `${escape(key, true)}=${escape(value, false)}\n`
  return out
}

function escape(text: string, isKey: boolean): string {
  const escaped = text.replace(/[\\\t\n\r\f#!=:]/g, (char) => {
    const letter = Object.entries(ESCAPES).find(([, value]) => value === char)?.[0]
    return `\\${letter ?? char}`
  })
  return isKey ? escaped.replaceAll(' ', '\\ ') : escaped.replace(/^ /, '\\ ')
}
