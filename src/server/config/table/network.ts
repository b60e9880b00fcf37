/** Broker settings of listeners, connections and requests. */
import { atLeast } from '../rules.js'
import { setting, type Setting } from '../setting.js'

export const networkSettings: readonly Setting[] = [
  setting('advertised.listeners', 'list', null, { importance: 'high' }),
  setting('background.threads', 'int', '10', { importance: 'high', update: 'cluster-wide', rule: atLeast(1) }),
  setting('connections.max.idle.ms', 'long', '600000'),
  setting('early.start.listeners', 'list', null, { importance: 'high' }),
  setting('fetch.max.bytes', 'int', '57671680', { rule: atLeast(1024) }),
  setting('fetch.purgatory.purge.interval.requests', 'int', '1000'),
  setting('inter.broker.listener.name', 'string', null),
  setting(
    'listener.security.protocol.map',
    'string',
    'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    { importance: 'low', update: 'per-broker' },
  ),
  setting('listeners', 'list', 'PLAINTEXT://:9092', { importance: 'high', update: 'per-broker' }),
  setting('max.connection.creation.rate', 'int', '2147483647', { update: 'cluster-wide', rule: atLeast(0) }),
  setting('max.connections', 'int', '2147483647', { update: 'cluster-wide', rule: atLeast(0) }),
  setting('max.connections.per.ip', 'int', '2147483647', { update: 'cluster-wide', rule: atLeast(0) }),
  setting('max.connections.per.ip.overrides', 'string', '', { update: 'cluster-wide' }),
  setting('max.incremental.fetch.session.cache.slots', 'int', '1000', { rule: atLeast(0) }),
  setting('max.request.partition.size.limit', 'int', '2000', { rule: atLeast(1) }),
  setting('num.io.threads', 'int', '8', { importance: 'high', update: 'cluster-wide', rule: atLeast(1) }),
  setting('num.network.threads', 'int', '3', { importance: 'high', update: 'cluster-wide', rule: atLeast(1) }),
  setting('queued.max.request.bytes', 'long', '-1'),
  setting('queued.max.requests', 'int', '500', { importance: 'high', rule: atLeast(1) }),
  setting('request.timeout.ms', 'int', '30000', { importance: 'high' }),
  setting('socket.connection.setup.timeout.max.ms', 'long', '30000'),
  setting('socket.connection.setup.timeout.ms', 'long', '10000'),
  setting('socket.listen.backlog.size', 'int', '50', { rule: atLeast(1) }),
  setting('socket.receive.buffer.bytes', 'int', '102400', { importance: 'high' }),
  setting('socket.request.max.bytes', 'int', '104857600', { importance: 'high', rule: atLeast(1) }),
  setting('socket.send.buffer.bytes', 'int', '102400', { importance: 'high' }),
  setting('telemetry.max.bytes', 'int', '1048576', { importance: 'low', rule: atLeast(1) }),
  setting('unstable.api.versions.enable', 'boolean', 'false', { importance: 'high', internal: true }),
]
