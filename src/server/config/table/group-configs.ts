/** Settings of a single group, each with the broker setting that stands in for it. */
import { atLeast, oneOf, offsetReset } from '../rules.js'
import { setting, type Setting } from '../setting.js'

export const groupSettings: readonly Setting[] = [
  setting('consumer.assignment.interval.ms', 'int', '1000', {
    rule: atLeast(0),
    synonyms: ['group.consumer.assignment.interval.ms'],
    doc: 'Least time between two assignments of the group.',
  }),
  setting('consumer.heartbeat.interval.ms', 'int', '5000', {
    rule: atLeast(1),
    synonyms: ['group.consumer.heartbeat.interval.ms'],
    doc: 'How often members of the group send heartbeats.',
  }),
  setting('consumer.session.timeout.ms', 'int', '45000', {
    rule: atLeast(1),
    synonyms: ['group.consumer.session.timeout.ms'],
    doc: 'After so long without a heartbeat a member of the group counts as gone.',
  }),
  setting('share.assignment.interval.ms', 'int', '1000', {
    rule: atLeast(0),
    synonyms: ['group.share.assignment.interval.ms'],
  }),
  setting('share.auto.offset.reset', 'string', 'latest', { rule: offsetReset }),
  setting('share.delivery.count.limit', 'int', '5', {
    rule: atLeast(2),
    synonyms: ['group.share.delivery.count.limit'],
  }),
  setting('share.heartbeat.interval.ms', 'int', '5000', {
    rule: atLeast(1),
    synonyms: ['group.share.heartbeat.interval.ms'],
  }),
  setting('share.isolation.level', 'string', 'read_uncommitted', { rule: oneOf('read_committed', 'read_uncommitted') }),
  setting('share.partition.max.record.locks', 'int', '2000', {
    rule: atLeast(100),
    synonyms: ['group.share.partition.max.record.locks'],
  }),
  setting('share.record.lock.duration.ms', 'int', '30000', {
    rule: atLeast(1000),
    synonyms: ['group.share.record.lock.duration.ms'],
  }),
  setting('share.renew.acknowledge.enable', 'boolean', 'true'),
  setting('share.session.timeout.ms', 'int', '45000', {
    rule: atLeast(1),
    synonyms: ['group.share.session.timeout.ms'],
  }),
  setting('streams.assignment.interval.ms', 'int', '1000', {
    rule: atLeast(0),
    synonyms: ['group.streams.assignment.interval.ms'],
  }),
  setting('streams.heartbeat.interval.ms', 'int', '5000', {
    rule: atLeast(1),
    synonyms: ['group.streams.heartbeat.interval.ms'],
  }),
  setting('streams.initial.rebalance.delay.ms', 'int', '3000', {
    rule: atLeast(0),
    synonyms: ['group.streams.initial.rebalance.delay.ms'],
  }),
  setting('streams.num.standby.replicas', 'int', '0', {
    rule: atLeast(0),
    synonyms: ['group.streams.num.standby.replicas'],
  }),
  setting('streams.session.timeout.ms', 'int', '45000', {
    rule: atLeast(1),
    synonyms: ['group.streams.session.timeout.ms'],
  }),
]
