// Values for a message of Kafka, made from its layout alone: the same ones go to Java's classes when the golden bytes are
// made, and to ours when they are tested. Three of each message and version: every field filled, every nullable field
// null, every field at its default (null stands for that one).

export const VARIANTS = ['filled', 'nulls', 'defaults']

/** As JSON: ids and bytes are text (base64), absent fields are left out, names are Kafka's in camelCase. */
export function sampleOf(message, version, variant) {
  if (variant === 'defaults') return null
  const common = new Map((message.commonStructs ?? []).map((struct) => [struct.name, struct.fields]))
  let count = 0

  const structOf = (fields, depth) =>
    Object.fromEntries(
      fields.filter((field) => within(version, field.versions ?? field.taggedVersions)).map((field) => [camelCase(field.name), valueOf(field, depth)]),
    )
  const valueOf = (field, depth) => {
    if (variant === 'nulls' && within(version, field.nullableVersions)) return null
    const element = field.type.replace('[]', '')
    const fields = field.fields ?? common.get(element)
    const one = () => (fields ? structOf(fields, depth + 1) : scalarOf(element, field))
    if (element === field.type) return one()
    return depth < 2 ? [one(), one()] : [one()]
  }
  const scalarOf = (type, field) => {
    const n = ++count
    switch (type) {
      case 'bool':
        return String(field.default) !== 'true'
      case 'int8':
        return (n % 100) + 20
      case 'int16':
        return 1000 + n
      case 'uint16':
        return 40_000 + n
      case 'int32':
        return -100_000 - n
      case 'int64':
        return 2 ** 40 + n
      case 'float64':
        return n + 0.25
      case 'string':
        return n % 3 === 0 ? `ä${n}` : `s${n}`
      case 'uuid':
        return Buffer.alloc(16, n).toString('base64url')
      default:
        return Buffer.from([n, 0, 255]).toString('base64')
    }
  }
  return structOf(message.fields, 0)
}

/** Of a range as Kafka's files have it: `3-13`, `0`, `9+`. */
export function within(version, range) {
  if (range === undefined || range === 'none') return false
  const [from, to] = range.split('-')
  if (range.endsWith('+')) return version >= Number(from.slice(0, -1))
  return version >= Number(from) && version <= Number(to ?? from)
}

/** Versions of a message that are valid. */
export function versionsOf(message) {
  if (message.validVersions === 'none') return []
  const [from, to] = message.validVersions.split('-').map(Number)
  return Array.from({ length: (to ?? from) - from + 1 }, (_, i) => from + i)
}

function camelCase(name) {
  return name[0].toLowerCase() + name.slice(1)
}
