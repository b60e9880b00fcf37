/** Topic settings, each with the broker settings that stand in for it when it is not set, in order. */
import { atLeast, between, oneOf, eachOf, gzipLevel, throttledReplicas } from '../rules.js'
import { setting, type Setting } from '../setting.js'

export const topicSettings: readonly Setting[] = [
  setting('cleanup.policy', 'list', 'delete', { rule: eachOf('compact', 'delete'), synonyms: ['log.cleanup.policy'] }),
  setting('compression.gzip.level', 'int', '-1', { rule: gzipLevel, synonyms: ['compression.gzip.level'] }),
  setting('compression.lz4.level', 'int', '9', { rule: between(1, 17), synonyms: ['compression.lz4.level'] }),
  setting('compression.type', 'string', 'producer', {
    rule: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
    synonyms: ['compression.type'],
  }),
  setting('compression.zstd.level', 'int', '3', { rule: between(-131072, 22), synonyms: ['compression.zstd.level'] }),
  setting('delete.retention.ms', 'long', '86400000', {
    rule: atLeast(0),
    synonyms: ['log.cleaner.delete.retention.ms'],
  }),
  setting('file.delete.delay.ms', 'long', '60000', { rule: atLeast(0), synonyms: ['log.segment.delete.delay.ms'] }),
  setting('flush.messages', 'long', '9223372036854775807', {
    rule: atLeast(1),
    synonyms: ['log.flush.interval.messages'],
  }),
  setting('flush.ms', 'long', '9223372036854775807', {
    rule: atLeast(0),
    synonyms: ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'],
  }),
  setting('follower.replication.throttled.replicas', 'list', '', { rule: throttledReplicas }),
  setting('index.interval.bytes', 'int', '4096', { rule: atLeast(0), synonyms: ['log.index.interval.bytes'] }),
  setting('internal.segment.bytes', 'int', null, { internal: true }),
  setting('leader.replication.throttled.replicas', 'list', '', { rule: throttledReplicas }),
  setting('local.retention.bytes', 'long', '-2', { rule: atLeast(-2), synonyms: ['log.local.retention.bytes'] }),
  setting('local.retention.ms', 'long', '-2', { rule: atLeast(-2), synonyms: ['log.local.retention.ms'] }),
  setting('max.compaction.lag.ms', 'long', '9223372036854775807', {
    rule: atLeast(1),
    synonyms: ['log.cleaner.max.compaction.lag.ms'],
  }),
  setting('max.message.bytes', 'int', '1048588', { rule: atLeast(0), synonyms: ['message.max.bytes'] }),
  setting('message.timestamp.after.max.ms', 'long', '3600000', {
    rule: atLeast(0),
    synonyms: ['log.message.timestamp.after.max.ms'],
  }),
  setting('message.timestamp.before.max.ms', 'long', '9223372036854775807', {
    rule: atLeast(0),
    synonyms: ['log.message.timestamp.before.max.ms'],
  }),
  setting('message.timestamp.type', 'string', 'CreateTime', {
    rule: oneOf('CreateTime', 'LogAppendTime'),
    synonyms: ['log.message.timestamp.type'],
  }),
  setting('min.cleanable.dirty.ratio', 'double', '0.5', {
    rule: between(0, 1),
    synonyms: ['log.cleaner.min.cleanable.ratio'],
  }),
  setting('min.compaction.lag.ms', 'long', '0', { rule: atLeast(0), synonyms: ['log.cleaner.min.compaction.lag.ms'] }),
  setting('min.insync.replicas', 'int', '1', { rule: atLeast(1), synonyms: ['min.insync.replicas'] }),
  setting('preallocate', 'boolean', 'false', { synonyms: ['log.preallocate'] }),
  setting('remote.log.copy.disable', 'boolean', 'false'),
  setting('remote.log.delete.on.disable', 'boolean', 'false'),
  setting('remote.storage.enable', 'boolean', 'false'),
  setting('retention.bytes', 'long', '-1', { synonyms: ['log.retention.bytes'] }),
  setting('retention.ms', 'long', '604800000', {
    rule: atLeast(-1),
    synonyms: ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
  }),
  setting('segment.bytes', 'int', '1073741824', { rule: atLeast(1048576), synonyms: ['log.segment.bytes'] }),
  setting('segment.index.bytes', 'int', '10485760', { rule: atLeast(4), synonyms: ['log.index.size.max.bytes'] }),
  setting('segment.jitter.ms', 'long', '0', {
    rule: atLeast(0),
    synonyms: ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  }),
  setting('segment.ms', 'long', '604800000', { rule: atLeast(1), synonyms: ['log.roll.ms', 'log.roll.hours'] }),
  setting('unclean.leader.election.enable', 'boolean', 'false', { synonyms: ['unclean.leader.election.enable'] }),
]
