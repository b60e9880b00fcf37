/**
 * From the texts of a file and of the command line to checked settings. Every key is honoured, or named once with the
 * reason why it has no effect; a bad value is refused.
 */
import type { Log } from '../../base/log.js'
import { listenerSetting } from './listener-settings.js'
import { reasonForNoEffect } from './no-effect.js'
import { valueOf } from './setting.js'
import { brokerTable } from './table.js'

/** What this broker takes when nothing is said, where one node for development wants other than Kafka's defaults. */
const OWN_DEFAULTS: Readonly<Record<string, string>> = {
  'node.id': '1',
  // one broker can hold one replica
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  // three seconds more in every test, and one node has no crowd to wait for
  'group.initial.rebalance.delay.ms': '0',
}

/** Old names that still say something. */
const RENAMED: Readonly<Record<string, string>> = { 'broker.id': 'node.id', 'log.dir': 'log.dirs' }

/** Settings of what is not the broker's own: no one checks them. */
const FOREIGN = /^(remote\.log\.(storage|metadata)|rsm\.config\.|rlmm\.config\.)/

/** Settings of Kafka's StandardAuthorizer, which are no broker settings. */
const AUTHORIZER = /^(super\.users|allow\.everyone\.if\.no\.acl\.found)$/

/** @throws SettingError when a value is not allowed */
export function staticSettings(given: ReadonlyMap<string, string>, log: Log): Map<string, string> {
  const out = new Map(Object.entries(OWN_DEFAULTS))
  for (const [name, text] of given) {
    const reason = reasonForNoEffect(name)
    if (reason !== undefined) log.warn(`${name} has no effect: ${reason}`)
    const row = brokerTable.get(name)
    const ofListener = listenerSetting(name)
    if (ofListener || AUTHORIZER.test(name)) {
      if (ofListener) valueOf({ ...ofListener, name }, text)
      out.set(name, text)
      continue
    }
    if (!row) {
      if (reason === undefined && !FOREIGN.test(name))
        log.warn(`${name} has no effect: no setting of this name is known`)
      continue
    }
    valueOf(row, text)
    const value = row.type === 'password' ? text : text.trim()
    const renamed = RENAMED[name]
    if (renamed === undefined) out.set(name, value)
    else if (!given.has(renamed) && value !== '-1') out.set(renamed, value)
  }
  // the old name goes on to say the same
  out.set('broker.id', out.get('node.id')!)
  return out
}
