/** No setting is taken and then forgotten: each is read somewhere in the broker, or said to have no effect, and why. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { reasonForNoEffect } from './no-effect.js'
import { brokerTable, groupTable, topicTable, type SettingTable } from './table.js'

const server = fileURLToPath(new URL('..', import.meta.url))
const code = readdirSync(server, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .filter((path) => !/config\/(?:table|no-effect|static-settings)/.test(path))
  .map((path) => readFileSync(server + path, 'utf8'))
  .join('\n')

const isRead = (name: string): boolean => code.includes(`'${name}'`)
/** Broker settings stand in for those of topics and groups, whose rows name them as synonyms. */
const standsInForRead = (name: string): boolean =>
  [...topicTable.values(), ...groupTable.values()].some((row) => row.synonyms.includes(name) && isRead(row.name))
/** `controller/group-configs.ts` makes these names from those of group settings. */
const boundsRead = (name: string): boolean => {
  const [, kind, rest] = /^group\.(\w+)\.(?:min|max)\.(.+)$/.exec(name) ?? []
  return isRead(`${kind}.${rest}`)
}

const forgotten = (table: SettingTable): string[] =>
  [...table.keys()].filter(
    (name) => !isRead(name) && !standsInForRead(name) && !boundsRead(name) && reasonForNoEffect(name) === undefined,
  )

it('every broker setting has an effect, or a reason why not', () => {
  expect(forgotten(brokerTable)).toEqual([])
})

it('every topic setting has an effect, or a reason why not', () => {
  expect(forgotten(topicTable)).toEqual([])
})

it('no setting that has an effect is said to have none', () => {
  const names = [...brokerTable.keys(), ...topicTable.keys()]
  // the controller's listeners are read so that none is opened
  const read = names.filter((name) => name !== 'controller.listener.names' && isRead(name))
  expect(read.filter((name) => reasonForNoEffect(name) !== undefined)).toEqual([])
})
