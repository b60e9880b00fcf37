/**
 * Settings that Kafka knows and that mean nothing to this broker, with the reason, for the one line that says so. They are
 * accepted, checked, shown by DescribeConfigs, and otherwise without effect.
 */
const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^zookeeper\./, 'not needed: the controller is built in'],
  [/^(process\.roles|controller\.quorum\.)/, 'not needed: the controller is built in'],
  [/^controller\.(listener\.names|socket\.|performance\.)/, 'not needed: the controller is built in'],
  [
    /^(num\.(network|io)|background|log\.cleaner|(share|group)\.coordinator(\.background)?)\.threads$/,
    'not needed: one event loop does all work',
  ],
  [
    /^num\.recovery\.threads\.per\.data\.dir$/,
    'not needed: one event loop does all work; log directories load side by side',
  ],
  [/^queued\.max\.request(s|\.bytes)$/, 'not needed: what a connection may have in flight is bounded as it is'],
  [/^max\.connection\.creation\.rate$/, 'connections are bounded in number, not in rate'],
  [/^socket\.(send|receive)\.buffer\.bytes$/, "the operating system's buffer sizes are used"],
  [/^socket\.listen\.backlog\.size$/, "the operating system's backlog is used"],
  [
    /^(remote\.|log\.local\.retention|local\.retention|follower\.fetch\.last\.tiered)/,
    'tiered storage is not built in',
  ],
  [/^(log\.)?preallocate$/, 'files grow as they are written'],
  [
    /^log\.cleaner\.io\./,
    'compaction works in slices between requests, with buffers of fixed size, and is not throttled',
  ],
  [/^log\.(initial\.task\.delay|dir\.failure\.timeout)\.ms$/, 'not needed: work on logs begins, and ends, at once'],
  [/^log\.flush\.start\.offset/, 'start offsets are noted together with log.flush.offset.checkpoint.interval.ms'],
  [
    /^metadata\.(log\.segment|max\.(retention|idle))|^internal\.metadata\./,
    'what a snapshot of the metadata stands for is removed when the next one is taken',
  ],
  [/^(share\.coordinator|group\.share)\./, 'share groups are not served'],
  [/^group\.streams\./, 'streams groups are not served'],
  [/^delegation\.token\./, 'delegation tokens are not served'],
  [/quota\.window\.|\.replication\.throttled\.replicas$/, 'quotas are not served'],
  [/^group\.consumer\.regex\.refresh/, 'patterns are matched anew whenever topics come or go'],
  [/^telemetry\./, 'client telemetry is not served'],
  [/^transaction\.two\.phase\.commit/, 'two-phase commit is not served'],
  [/^unstable\./, 'nothing unstable is served'],
  [/^(sasl\.kerberos|security\.providers)/, 'Kerberos and security providers of Java have no place here'],
  [
    /^(sasl\.login\.(?!callback)|sasl\.oauthbearer\.(assertion|client|scope|token|jwks\.endpoint\.retry)|socket\.connection\.setup)/,
    'there is one broker: it logs in nowhere',
  ],
  [
    /^ssl\.(allow\.(dn|san)\.changes|endpoint\.identification|(key|trust)manager\.algorithm|secure\.random|protocol$|provider$)/,
    'Node.js and OpenSSL see to it',
  ],
  [
    /^(group|offsets)\.(coordinator\.(append|cached)|commit\.timeout)/,
    'writes are gathered within a turn of the event loop',
  ],
  [
    /^(num\.replica\.|replica\.|leader\.imbalance|auto\.leader\.rebalance|unclean\.leader\.election\.interval|controlled\.shutdown)/,
    'there is one broker: nothing is replicated',
  ],
  [
    /^(broker\.heartbeat|broker\.session|initial\.broker|server\.max\.startup|early\.start)/,
    'there is one broker: it needs no heartbeat',
  ],
  [
    /^(inter\.broker|security\.inter\.broker|sasl\.mechanism\.(inter|controller)|request\.timeout\.ms$)/,
    'there is one broker: it has no peer to speak to',
  ],
  [/\.purgatory\.purge\.interval\.requests$/, 'not needed: finished work is dropped at once'],
  [/\.load\.buffer\.size$/, 'not needed: logs are read in chunks of fixed size'],
  [/^(metric|metrics|kafka\.metrics)\./, 'JVM metric reporters have no place here: use --http-port'],
  [/\.class(\.name|\.path)?$|\.assignors$|^principal\.builder|^config\.providers$/, 'Java classes are not loaded'],
]

/** Named like what has no effect, and yet taken: they choose among things that are built in. */
const TAKEN = /(^|\.)(authorizer\.class\.name|sasl\.server\.callback\.handler\.class|consumer\.assignors)$/

export function reasonForNoEffect(name: string): string | undefined {
  if (TAKEN.test(name)) return undefined
  return REASONS.find(([pattern]) => pattern.test(name))?.[1]
}
