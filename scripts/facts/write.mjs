// Writes a table as JSON that people can read and git can compare: a row to a line, wrapped where the row is long.
import { writeFileSync } from 'node:fs'

const WIDTH = 150

export function writeTable(file, table) {
  writeFileSync(file, text(table, '') + '\n')
  console.log(`${file}: ${Array.isArray(table) ? `${table.length} rows` : Object.keys(table).join(', ')}`)
}

function text(value, indent) {
  const line = oneLine(value)
  if (line.length + indent.length <= WIDTH && !line.includes(': [{')) return line
  const inner = indent + '  '
  if (Array.isArray(value)) return `[\n${value.map((item) => inner + text(item, inner)).join(',\n')}\n${indent}]`
  if (typeof value !== 'object' || value === null) return line
  const rows = Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${text(item, inner)}`)
  return `{\n${rows.join(',\n')}\n${indent}}`
}

function oneLine(value) {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${oneLine(item)}`)
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
}
