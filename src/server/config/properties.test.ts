import { describe, expect, it } from 'vitest'
import { formatProperties, parseProperties } from './properties.js'

const parsed = (text: string): Record<string, string> => Object.fromEntries(parseProperties(text))

describe('parseProperties', () => {
  it('takes =, : and blanks for the separator, and drops blanks around it', () => {
    expect(parsed('a=1\nb : 2\nc 3\n  d  =  4 \ne\nf=')).toEqual({ a: '1', b: '2', c: '3', d: '4 ', e: '', f: '' })
  })

  it('passes over comments and empty lines', () => {
    expect(parsed('# one\n! two\n\n   # three\na=1#2')).toEqual({ a: '1#2' })
  })

  it('joins lines that end in a backslash, and not those that end in two', () => {
    expect(parsed('a=1,\\\n    2\nb=x\\\\\nc=3')).toEqual({ a: '1,2', b: 'x\\', c: '3' })
  })

  it('reads escapes in keys and values', () => {
    expect(parsed('a\\=b\\:c\\ d=e\\tf\\u00e9')).toEqual({ 'a=b:c d': 'e\tfé' })
  })

  it('keeps the last of two values, and separators within a value', () => {
    expect(parsed('listeners=PLAINTEXT://:9092\nlisteners=PLAINTEXT://h:1')).toEqual({ listeners: 'PLAINTEXT://h:1' })
  })

  it('reads back what formatProperties writes', () => {
    const values = new Map([
      ['a b', ' leading and = : # \\'],
      ['c', 'line\nbreak\ttab'],
    ])
    expect(parseProperties(formatProperties(values))).toEqual(values)
  })
})
