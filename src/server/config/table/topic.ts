/** Topic settings, each with the broker settings that stand in for it when it is not set, in order. */
import { atLeast, between, oneOf, eachOf, gzipLevel, throttledReplicas } from '../rules.js'
import { setting, type Setting } from '../setting.js'

export const topicSettings: readonly Setting[] = [
  setting('cleanup.policy', 'list', 'delete', {
    rule: eachOf('compact', 'delete'),
    synonyms: ['log.cleanup.policy'],
    doc: 'What happens to old segments: delete drops them by age and size, compact keeps the last record of each key; both may be named.',
  }),
  setting('compression.gzip.level', 'int', '-1', {
    rule: gzipLevel,
    synonyms: ['compression.gzip.level'],
    doc: 'Level used when records are compressed with gzip here.',
  }),
  setting('compression.lz4.level', 'int', '9', {
    rule: between(1, 17),
    synonyms: ['compression.lz4.level'],
    doc: 'Level used when records are compressed with lz4 here.',
  }),
  setting('compression.type', 'string', 'producer', {
    rule: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
    synonyms: ['compression.type'],
    doc: 'How record batches are stored: producer keeps them as they came, any other codec compresses them anew.',
  }),
  setting('compression.zstd.level', 'int', '3', {
    rule: between(-131072, 22),
    synonyms: ['compression.zstd.level'],
    doc: 'Level used when records are compressed with zstd here.',
  }),
  setting('delete.retention.ms', 'long', '86400000', {
    rule: atLeast(0),
    synonyms: ['log.cleaner.delete.retention.ms'],
    doc: 'How long tombstones and end markers stay in a compacted log, so that readers can still see them.',
  }),
  setting('file.delete.delay.ms', 'long', '60000', {
    rule: atLeast(0),
    synonyms: ['log.segment.delete.delay.ms'],
    doc: 'How long files that were given up wait before they leave the disk.',
  }),
  setting('flush.messages', 'long', '9223372036854775807', {
    rule: atLeast(1),
    synonyms: ['log.flush.interval.messages'],
    doc: 'After so many records the log is synced before they are acknowledged. The default leaves that to the operating system.',
  }),
  setting('flush.ms', 'long', '9223372036854775807', {
    rule: atLeast(0),
    synonyms: ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'],
    doc: 'After so long, written records are synced. The default leaves that to the operating system.',
  }),
  setting('follower.replication.throttled.replicas', 'list', '', {
    rule: throttledReplicas,
    doc: 'Replicas whose followers are throttled, as partition:broker, or * for all.',
  }),
  setting('index.interval.bytes', 'int', '4096', {
    rule: atLeast(0),
    synonyms: ['log.index.interval.bytes'],
    doc: 'About how many bytes of log lie between two entries of the offset index.',
  }),
  setting('internal.segment.bytes', 'int', null, { internal: true }),
  setting('leader.replication.throttled.replicas', 'list', '', {
    rule: throttledReplicas,
    doc: 'Replicas whose leaders are throttled, as partition:broker, or * for all.',
  }),
  setting('local.retention.bytes', 'long', '-2', {
    rule: atLeast(-2),
    synonyms: ['log.local.retention.bytes'],
    doc: 'For storage in tiers, which this broker does not have: kept and without effect.',
  }),
  setting('local.retention.ms', 'long', '-2', {
    rule: atLeast(-2),
    synonyms: ['log.local.retention.ms'],
    doc: 'For storage in tiers, which this broker does not have: kept and without effect.',
  }),
  setting('max.compaction.lag.ms', 'long', '9223372036854775807', {
    rule: atLeast(1),
    synonyms: ['log.cleaner.max.compaction.lag.ms'],
    doc: 'A record waits at most so long before it takes part in a compaction.',
  }),
  setting('max.message.bytes', 'int', '1048588', {
    rule: atLeast(0),
    synonyms: ['message.max.bytes'],
    doc: 'Largest record batch that is taken, as it stands on disk.',
  }),
  setting('message.timestamp.after.max.ms', 'long', '3600000', {
    rule: atLeast(0),
    synonyms: ['log.message.timestamp.after.max.ms'],
    doc: "How far after the broker's time a record's timestamp may lie under CreateTime.",
  }),
  setting('message.timestamp.before.max.ms', 'long', '9223372036854775807', {
    rule: atLeast(0),
    synonyms: ['log.message.timestamp.before.max.ms'],
    doc: "How far before the broker's time a record's timestamp may lie under CreateTime.",
  }),
  setting('message.timestamp.type', 'string', 'CreateTime', {
    rule: oneOf('CreateTime', 'LogAppendTime'),
    synonyms: ['log.message.timestamp.type'],
    doc: "Whose time a record has: the producer's (CreateTime), or that of the append (LogAppendTime).",
  }),
  setting('min.cleanable.dirty.ratio', 'double', '0.5', {
    rule: between(0, 1),
    synonyms: ['log.cleaner.min.cleanable.ratio'],
    doc: 'Share of a compacted log that must be dirty before it is compacted again.',
  }),
  setting('min.compaction.lag.ms', 'long', '0', {
    rule: atLeast(0),
    synonyms: ['log.cleaner.min.compaction.lag.ms'],
    doc: 'A record stays as it is for at least so long before a compaction may take it.',
  }),
  setting('min.insync.replicas', 'int', '1', {
    rule: atLeast(1),
    synonyms: ['min.insync.replicas'],
    doc: 'Fewest replicas in sync for a write with acks=all.',
  }),
  setting('preallocate', 'boolean', 'false', {
    synonyms: ['log.preallocate'],
    doc: 'Whether a new segment takes its full size on disk at once.',
  }),
  setting('remote.log.copy.disable', 'boolean', 'false', {
    doc: 'For storage in tiers, which this broker does not have: kept and without effect.',
  }),
  setting('remote.log.delete.on.disable', 'boolean', 'false', {
    doc: 'For storage in tiers, which this broker does not have: kept and without effect.',
  }),
  setting('remote.storage.enable', 'boolean', 'false', {
    doc: 'Whether segments are moved to tiered storage, which is not built in.',
  }),
  setting('retention.bytes', 'long', '-1', {
    synonyms: ['log.retention.bytes'],
    doc: 'Largest size of a partition before its oldest segments are dropped; -1 = no limit.',
  }),
  setting('retention.ms', 'long', '604800000', {
    rule: atLeast(-1),
    synonyms: ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
    doc: 'Greatest age of records before their segment is dropped; -1 = no limit.',
  }),
  setting('segment.bytes', 'int', '1073741824', {
    rule: atLeast(1048576),
    synonyms: ['log.segment.bytes'],
    doc: 'Size at which a new segment is begun.',
  }),
  setting('segment.index.bytes', 'int', '10485760', {
    rule: atLeast(4),
    synonyms: ['log.index.size.max.bytes'],
    doc: 'Largest size of an index file; a full one begins a new segment.',
  }),
  setting('segment.jitter.ms', 'long', '0', {
    rule: atLeast(0),
    synonyms: ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
    doc: 'Up to so much is taken off segment.ms by chance, so that not all logs roll at once.',
  }),
  setting('segment.ms', 'long', '604800000', {
    rule: atLeast(1),
    synonyms: ['log.roll.ms', 'log.roll.hours'],
    doc: 'Age at which a new segment is begun, be the old one full or not.',
  }),
  setting('unclean.leader.election.enable', 'boolean', 'false', {
    synonyms: ['unclean.leader.election.enable'],
    doc: 'Whether a replica that is not in sync may lead when no other is left.',
  }),
]
