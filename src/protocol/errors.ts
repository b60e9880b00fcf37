/**
 * Every error that the protocol knows, a row each, as Kafka 4.3.1 has them: name, code, what a client makes of it, and
 * words for people. `ErrorCode.NOT_LEADER_OR_FOLLOWER` is the number that goes on the wire.
 *
 * Traits: R = the same request may succeed later · M = retriable, and the client's metadata is out of date ·
 * A = a permission is missing.
 */
type Traits = '' | 'R' | 'M' | 'A'

const rows = {
  UNKNOWN_SERVER_ERROR: [-1, '', 'The server met an error that it did not expect; its log tells more.'],
  NONE: [0, '', 'No error.'],
  OFFSET_OUT_OF_RANGE: [1, '', 'The offset lies before the start or beyond the end of the partition.'],
  CORRUPT_MESSAGE: [2, 'R', 'A record batch is damaged: its checksum, size or layout is wrong.'],
  UNKNOWN_TOPIC_OR_PARTITION: [3, 'M', 'This server does not have the topic or the partition.'],
  INVALID_FETCH_SIZE: [4, '', 'The size asked for in a fetch is not valid.'],
  LEADER_NOT_AVAILABLE: [5, 'M', 'The partition has no leader at the moment.'],
  NOT_LEADER_OR_FOLLOWER: [6, 'M', 'This broker does not lead the partition, or holds no replica of it.'],
  REQUEST_TIMED_OUT: [7, 'R', 'The request was not fulfilled within its time-out.'],
  BROKER_NOT_AVAILABLE: [8, '', 'The broker is not there.'],
  REPLICA_NOT_AVAILABLE: [9, 'M', 'The replica is not available on this broker.'],
  MESSAGE_TOO_LARGE: [10, '', 'The record batch is larger than max.message.bytes allows.'],
  STALE_CONTROLLER_EPOCH: [11, '', 'The request comes from a controller that was replaced.'],
  OFFSET_METADATA_TOO_LARGE: [12, '', 'The text stored with an offset is longer than offset.metadata.max.bytes.'],
  NETWORK_EXCEPTION: [13, 'M', 'The server went away before it answered.'],
  COORDINATOR_LOAD_IN_PROGRESS: [14, 'R', 'The coordinator is still loading its state.'],
  COORDINATOR_NOT_AVAILABLE: [15, 'R', 'There is no coordinator at the moment.'],
  NOT_COORDINATOR: [16, 'R', 'This broker is not the coordinator; look for it again.'],
  INVALID_TOPIC_EXCEPTION: [17, '', 'The topic name is not valid, or the topic may not be used in this way.'],
  RECORD_LIST_TOO_LARGE: [18, '', 'The batches for one partition are larger than a segment.'],
  NOT_ENOUGH_REPLICAS: [19, 'R', 'Fewer replicas are in sync than min.insync.replicas asks for; nothing was written.'],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: [
    20,
    'R',
    'Written, but fewer replicas are in sync than min.insync.replicas asks for.',
  ],
  INVALID_REQUIRED_ACKS: [21, '', 'acks must be 0, 1 or -1 (all).'],
  ILLEGAL_GENERATION: [22, '', "The generation is not the group's current one."],
  INCONSISTENT_GROUP_PROTOCOL: [23, '', 'The member shares no protocol with the group, or the types differ.'],
  INVALID_GROUP_ID: [24, '', 'The group id is empty or not valid.'],
  UNKNOWN_MEMBER_ID: [25, '', 'The group does not have this member.'],
  INVALID_SESSION_TIMEOUT: [26, '', "The session time-out is outside the broker's limits."],
  REBALANCE_IN_PROGRESS: [27, '', 'The group is rebalancing; join it again.'],
  INVALID_COMMIT_OFFSET_SIZE: [28, '', 'The offsets to be committed do not fit into one record batch.'],
  TOPIC_AUTHORIZATION_FAILED: [29, 'A', 'Not allowed on the topic.'],
  GROUP_AUTHORIZATION_FAILED: [30, 'A', 'Not allowed on the group.'],
  CLUSTER_AUTHORIZATION_FAILED: [31, 'A', 'Not allowed on the cluster.'],
  INVALID_TIMESTAMP: [32, '', "A record's timestamp is outside the bounds that the topic sets."],
  UNSUPPORTED_SASL_MECHANISM: [33, '', 'The server does not offer this SASL mechanism.'],
  ILLEGAL_SASL_STATE: [34, '', 'The request is not due at this point of the SASL conversation.'],
  UNSUPPORTED_VERSION: [35, '', 'The server does not serve this version of the API.'],
  TOPIC_ALREADY_EXISTS: [36, '', 'There is a topic of this name already.'],
  INVALID_PARTITIONS: [37, '', 'The number of partitions is not valid.'],
  INVALID_REPLICATION_FACTOR: [38, '', 'The replication factor is below 1 or above the number of brokers.'],
  INVALID_REPLICA_ASSIGNMENT: [39, '', 'The assignment of replicas to brokers is not valid.'],
  INVALID_CONFIG: [40, '', 'A setting has a value that is not valid.'],
  NOT_CONTROLLER: [41, 'R', 'This server is not the active controller.'],
  INVALID_REQUEST: [42, '', 'The request contradicts itself or the protocol; it must not be repeated.'],
  UNSUPPORTED_FOR_MESSAGE_FORMAT: [43, '', 'The record format of the topic does not carry what the request needs.'],
  POLICY_VIOLATION: [44, '', "The request goes against the cluster's policy."],
  OUT_OF_ORDER_SEQUENCE_NUMBER: [45, '', 'A batch of this producer is missing before this one.'],
  DUPLICATE_SEQUENCE_NUMBER: [46, '', 'This batch was written before, too long ago to give its offset.'],
  INVALID_PRODUCER_EPOCH: [47, '', 'A newer instance of this producer has written.'],
  INVALID_TXN_STATE: [48, '', 'The transaction is in a state in which this is not possible.'],
  INVALID_PRODUCER_ID_MAPPING: [49, '', 'The producer id is not the one assigned to the transactional id.'],
  INVALID_TRANSACTION_TIMEOUT: [50, '', 'The transaction time-out is above transaction.max.timeout.ms.'],
  CONCURRENT_TRANSACTIONS: [51, 'R', 'An earlier step of the same transactional id is still under way.'],
  TRANSACTION_COORDINATOR_FENCED: [52, '', 'The end marker comes from a transaction coordinator that was replaced.'],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: [53, 'A', 'Not allowed on the transactional id.'],
  SECURITY_DISABLED: [54, '', 'The cluster runs without an authorizer.'],
  OPERATION_NOT_ATTEMPTED: [55, '', 'Not tried, because another part of the same request failed.'],
  KAFKA_STORAGE_ERROR: [56, 'M', 'The disk failed under the partition.'],
  LOG_DIR_NOT_FOUND: [57, '', 'The broker has no such log directory.'],
  SASL_AUTHENTICATION_FAILED: [58, '', 'The credentials were not accepted.'],
  UNKNOWN_PRODUCER_ID: [59, '', 'Nothing that this producer wrote is left in the partition.'],
  REASSIGNMENT_IN_PROGRESS: [60, '', 'The partition is being moved to other brokers.'],
  DELEGATION_TOKEN_AUTH_DISABLED: [61, '', 'Delegation tokens are not enabled.'],
  DELEGATION_TOKEN_NOT_FOUND: [62, '', 'There is no such delegation token.'],
  DELEGATION_TOKEN_OWNER_MISMATCH: [63, '', 'The delegation token belongs to somebody else.'],
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: [
    64,
    '',
    'This connection was not authenticated in a way that allows delegation tokens.',
  ],
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: [65, 'A', 'Not allowed on the delegation token.'],
  DELEGATION_TOKEN_EXPIRED: [66, '', 'The delegation token has expired.'],
  INVALID_PRINCIPAL_TYPE: [67, '', 'Only principals of type User are possible here.'],
  NON_EMPTY_GROUP: [68, '', 'The group still has members.'],
  GROUP_ID_NOT_FOUND: [69, '', 'There is no such group.'],
  FETCH_SESSION_ID_NOT_FOUND: [70, 'R', 'The fetch session is gone; begin a new one.'],
  INVALID_FETCH_SESSION_EPOCH: [71, 'R', 'The fetch session expected another epoch; begin a new one.'],
  LISTENER_NOT_FOUND: [72, 'M', 'The partition leader has no listener of the name on which the request came.'],
  TOPIC_DELETION_DISABLED: [73, '', 'Topics may not be deleted here: delete.topic.enable is false.'],
  FENCED_LEADER_EPOCH: [74, 'M', "The leader epoch of the request is older than the broker's."],
  UNKNOWN_LEADER_EPOCH: [75, 'R', "The leader epoch of the request is newer than the broker's."],
  UNSUPPORTED_COMPRESSION_TYPE: [76, '', 'This version of the API does not carry the compression codec.'],
  STALE_BROKER_EPOCH: [77, '', 'The broker has registered again since.'],
  OFFSET_NOT_AVAILABLE: [78, 'R', 'The new leader does not know yet how far the partition is committed.'],
  MEMBER_ID_REQUIRED: [79, '', 'Join again with the member id in this answer.'],
  PREFERRED_LEADER_NOT_AVAILABLE: [80, 'M', 'The preferred replica is offline or not in sync.'],
  GROUP_MAX_SIZE_REACHED: [81, '', 'The group is full.'],
  FENCED_INSTANCE_ID: [82, '', 'Another member has joined with the same group.instance.id.'],
  ELIGIBLE_LEADERS_NOT_AVAILABLE: [83, 'M', 'No replica may become leader.'],
  ELECTION_NOT_NEEDED: [84, 'M', 'The partition has the leader that the election would give it.'],
  NO_REASSIGNMENT_IN_PROGRESS: [85, '', 'The partition is not being moved.'],
  GROUP_SUBSCRIBED_TO_TOPIC: [86, '', "The group is subscribed to the topic, so its offsets can't be deleted."],
  INVALID_RECORD: [87, '', 'A record breaks a rule of the topic, so its batch was not written.'],
  UNSTABLE_OFFSET_COMMIT: [88, 'R', 'Offsets of an open transaction are pending for the partition.'],
  THROTTLING_QUOTA_EXCEEDED: [89, 'R', 'The quota is used up; wait for the throttle time.'],
  PRODUCER_FENCED: [90, '', 'A newer producer has taken over the transactional id.'],
  RESOURCE_NOT_FOUND: [91, '', 'There is no such resource.'],
  DUPLICATE_RESOURCE: [92, '', 'The resource is named more than once.'],
  UNACCEPTABLE_CREDENTIAL: [93, '', 'The credential does not fulfil the requirements.'],
  INCONSISTENT_VOTER_SET: [94, '', 'Sender and receiver do not both count among the voters.'],
  INVALID_UPDATE_VERSION: [95, '', 'The feature level is not one that the cluster can take.'],
  FEATURE_UPDATE_FAILED: [96, '', 'The controller could not change the feature levels.'],
  PRINCIPAL_DESERIALIZATION_FAILURE: [97, '', 'The principal of a forwarded request could not be read.'],
  SNAPSHOT_NOT_FOUND: [98, '', 'The snapshot is not there.'],
  POSITION_OUT_OF_RANGE: [99, '', 'The position lies outside the snapshot.'],
  UNKNOWN_TOPIC_ID: [100, 'M', 'This server does not have a topic of this id.'],
  DUPLICATE_BROKER_REGISTRATION: [101, '', 'A living broker has registered under this id.'],
  BROKER_ID_NOT_REGISTERED: [102, '', 'No broker has registered under this id.'],
  INCONSISTENT_TOPIC_ID: [103, 'M', 'The topic has another id here: it was deleted and created again.'],
  INCONSISTENT_CLUSTER_ID: [104, '', 'The server belongs to another cluster.'],
  TRANSACTIONAL_ID_NOT_FOUND: [105, '', 'There is no such transactional id.'],
  FETCH_SESSION_TOPIC_ID_ERROR: [106, 'R', 'The fetch session mixes topic names and topic ids.'],
  INELIGIBLE_REPLICA: [107, '', 'A replica that is to be in sync is fenced or shutting down.'],
  NEW_LEADER_ELECTED: [108, '', 'The change of the in-sync set has made another replica leader.'],
  OFFSET_MOVED_TO_TIERED_STORAGE: [109, '', 'The offset is to be found in remote storage.'],
  FENCED_MEMBER_EPOCH: [110, '', 'The group coordinator has fenced this member; give up everything and join again.'],
  UNRELEASED_INSTANCE_ID: [111, '', 'Another member of the group holds the group.instance.id.'],
  UNSUPPORTED_ASSIGNOR: [112, '', 'Not all members of the group know the assignor.'],
  STALE_MEMBER_EPOCH: [113, '', 'The member epoch is behind; the next heartbeat brings the new one.'],
  MISMATCHED_ENDPOINT_TYPE: [114, '', 'Sent to a broker but meant for a controller, or the other way round.'],
  UNSUPPORTED_ENDPOINT_TYPE: [115, '', 'This type of endpoint is not known.'],
  UNKNOWN_CONTROLLER_ID: [116, '', 'No controller has registered under this id.'],
  UNKNOWN_SUBSCRIPTION_ID: [117, '', "The client's telemetry subscription is out of date."],
  TELEMETRY_TOO_LARGE: [118, '', 'The telemetry is larger than the server takes.'],
  INVALID_REGISTRATION: [119, '', 'The controller does not accept the registration as it is.'],
  TRANSACTION_ABORTABLE: [120, '', 'The transaction can only be aborted; the producer may then go on.'],
  INVALID_RECORD_STATE: [121, '', 'The record is in a state in which it cannot be acknowledged like this.'],
  SHARE_SESSION_NOT_FOUND: [122, 'R', 'The share session is gone; begin a new one.'],
  INVALID_SHARE_SESSION_EPOCH: [123, 'R', 'The share session expected another epoch; begin a new one.'],
  FENCED_STATE_EPOCH: [124, '', 'The state epoch of the share partition is out of date.'],
  INVALID_VOTER_KEY: [125, '', 'The voter key is not that of the receiver.'],
  DUPLICATE_VOTER: [126, '', 'The voter is already in the quorum.'],
  VOTER_NOT_FOUND: [127, '', 'The voter is not in the quorum.'],
  INVALID_REGULAR_EXPRESSION: [128, '', 'The regular expression is not valid in the syntax of RE2.'],
  REBOOTSTRAP_REQUIRED: [129, '', 'The client must begin again from its bootstrap servers.'],
  STREAMS_INVALID_TOPOLOGY: [130, '', 'The topology is not valid.'],
  STREAMS_INVALID_TOPOLOGY_EPOCH: [131, '', 'The topology epoch is not valid.'],
  STREAMS_TOPOLOGY_FENCED: [132, '', 'The topology epoch is out of date.'],
  SHARE_SESSION_LIMIT_REACHED: [133, 'R', 'The server holds as many share sessions as it may.'],
} as const satisfies Record<string, readonly [code: number, traits: Traits, words: string]>

export type ErrorName = keyof typeof rows

export interface ProtocolError {
  readonly name: ErrorName
  readonly code: number
  /** The same request may succeed later, unchanged. */
  readonly retriable: boolean
  /** The client should read the metadata again before it retries. */
  readonly refreshesMetadata: boolean
  readonly authorization: boolean
  /** One sentence for people. */
  readonly message: string
}

/** In order of code. */
export const protocolErrors: readonly ProtocolError[] = Object.entries(rows).map(([name, [code, traits, message]]) => ({
  name: name as ErrorName,
  code,
  retriable: traits === 'R' || traits === 'M',
  refreshesMetadata: traits === 'M',
  authorization: traits === 'A',
  message,
}))

type Codes = { readonly [Name in ErrorName]: (typeof rows)[Name][0] }

/** The code by the name: `ErrorCode.NOT_COORDINATOR` is 16. */
export const ErrorCode = Object.fromEntries(protocolErrors.map((error) => [error.name, error.code])) as unknown as Codes

/** One of the known codes, 0 included. */
export type ErrorCode = Codes[ErrorName]

const byCode = new Map(protocolErrors.map((error) => [error.code, error]))

/** The row of a code; a code that is not known, from a newer server, counts as UNKNOWN_SERVER_ERROR. */
export function protocolError(code: number): ProtocolError {
  return byCode.get(code) ?? protocolErrors[0]!
}

/** For logs and answers to people, also when the code is not known: `NOT_COORDINATOR`, `error 999`. */
export function errorName(code: number): string {
  return byCode.get(code)?.name ?? `error ${code}`
}
