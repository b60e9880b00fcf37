/**
 * Settings that Kafka knows and that mean nothing to this broker, with the reason, for the one line that says so. They are
 * accepted, checked, shown by DescribeConfigs, and otherwise without effect.
 */
const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^zookeeper\./, 'not needed: the controller is built in'],
  [/^(process\.roles|controller\.quorum\.)/, 'not needed: the controller is built in'],
  [/^(controller\.listener\.names|controller\.socket\.)/, 'not needed: the controller is built in'],
  [/^num\.(network|io)\.threads$|^background\.threads$/, 'not needed: one event loop does all work'],
  [/^queued\.max\.requests$/, 'not needed: what a connection may have in flight is bounded as it is'],
  [/^group\.coordinator\.(background\.)?threads$/, 'not needed: one event loop does all work'],
  [/^socket\.(send|receive)\.buffer\.bytes$/, "the operating system's buffer sizes are used"],
  [/^socket\.listen\.backlog\.size$/, "the operating system's backlog is used"],
  [
    /^(remote\.|log\.local\.retention|local\.retention|follower\.fetch\.last\.tiered)/,
    'tiered storage is not built in',
  ],
  [
    /^(num\.replica\.|replica\.|leader\.imbalance|auto\.leader\.rebalance)/,
    'there is one broker: nothing is replicated',
  ],
  [/^(broker\.heartbeat|broker\.session|initial\.broker)/, 'there is one broker: it needs no heartbeat'],
  [
    /^(inter\.broker|security\.inter\.broker|sasl\.mechanism\.inter)/,
    'there is one broker: it has no peer to speak to',
  ],
  [/\.purgatory\.purge\.interval\.requests$/, 'not needed: finished work is dropped at once'],
  [/\.load\.buffer\.size$/, 'not needed: logs are read in chunks of fixed size'],
  [/^(metric|metrics|kafka\.metrics)\./, 'JVM metric reporters have no place here: use --http-port'],
  [/\.class(\.name|\.path)?$|\.assignors$|^principal\.builder|^config\.providers$/, 'Java classes are not loaded'],
]

/** Named like what has no effect, and yet taken: they choose among things that are built in. */
const TAKEN = /(^|\.)(authorizer\.class\.name|sasl\.server\.callback\.handler\.class)$/

export function reasonForNoEffect(name: string): string | undefined {
  if (TAKEN.test(name)) return undefined
  return REASONS.find(([pattern]) => pattern.test(name))?.[1]
}
