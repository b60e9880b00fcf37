/** Broker settings of listeners, connections and requests. */
import { atLeast, connectionOverrides } from '../rules.js'
import { setting, type Setting } from '../setting.js'

export const networkSettings: readonly Setting[] = [
  setting('advertised.listeners', 'list', null, {
    importance: 'high',
    doc: 'Where clients are told to connect, when that differs from listeners.',
  }),
  setting('background.threads', 'int', '10', { importance: 'high', update: 'cluster-wide', rule: atLeast(1) }),
  setting('connections.max.idle.ms', 'long', '600000', {
    doc: 'A connection that is silent for so long is closed; -1 = never.',
  }),
  setting('early.start.listeners', 'list', null, { importance: 'high' }),
  setting('fetch.max.bytes', 'int', '57671680', {
    rule: atLeast(1024),
    doc: 'Most bytes that a fetch is answered with.',
  }),
  setting('fetch.purgatory.purge.interval.requests', 'int', '1000'),
  setting('inter.broker.listener.name', 'string', null),
  setting(
    'listener.security.protocol.map',
    'string',
    'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    { importance: 'low', update: 'per-broker' },
  ),
  setting('listeners', 'list', 'PLAINTEXT://:9092', {
    importance: 'high',
    update: 'per-broker',
    doc: 'Where the broker listens, as NAME://host:port; an empty host is every address, port 0 any free one.',
  }),
  setting('max.connection.creation.rate', 'int', '2147483647', { update: 'cluster-wide', rule: atLeast(0) }),
  setting('max.connections', 'int', '2147483647', {
    update: 'cluster-wide',
    rule: atLeast(0),
    doc: 'Most connections at once.',
  }),
  setting('max.connections.per.ip', 'int', '2147483647', {
    update: 'cluster-wide',
    rule: atLeast(0),
    doc: 'Most connections at once of one address.',
  }),
  setting('max.connections.per.ip.overrides', 'string', '', {
    update: 'cluster-wide',
    rule: connectionOverrides,
    doc: 'Most connections at once of addresses that have another limit, as address:count, with commas between.',
  }),
  setting('max.incremental.fetch.session.cache.slots', 'int', '1000', {
    rule: atLeast(0),
    doc: 'Most fetch sessions that are kept.',
  }),
  setting('max.request.partition.size.limit', 'int', '2000', {
    rule: atLeast(1),
    doc: 'Most partitions in an answer of DescribeTopicPartitions.',
  }),
  setting('num.io.threads', 'int', '8', { importance: 'high', update: 'cluster-wide', rule: atLeast(1) }),
  setting('num.network.threads', 'int', '3', { importance: 'high', update: 'cluster-wide', rule: atLeast(1) }),
  setting('queued.max.request.bytes', 'long', '-1'),
  setting('queued.max.requests', 'int', '500', { importance: 'high', rule: atLeast(1) }),
  setting('request.timeout.ms', 'int', '30000', {
    importance: 'high',
    doc: 'How long the broker waits for an answer of a peer.',
  }),
  setting('socket.connection.setup.timeout.max.ms', 'long', '30000'),
  setting('socket.connection.setup.timeout.ms', 'long', '10000'),
  setting('socket.listen.backlog.size', 'int', '50', { rule: atLeast(1) }),
  setting('socket.receive.buffer.bytes', 'int', '102400', { importance: 'high' }),
  setting('socket.request.max.bytes', 'int', '104857600', {
    importance: 'high',
    rule: atLeast(1),
    doc: 'Largest request that is taken.',
  }),
  setting('socket.send.buffer.bytes', 'int', '102400', { importance: 'high' }),
  setting('telemetry.max.bytes', 'int', '1048576', { importance: 'low', rule: atLeast(1) }),
  setting('unstable.api.versions.enable', 'boolean', 'false', { importance: 'high', internal: true }),
]
