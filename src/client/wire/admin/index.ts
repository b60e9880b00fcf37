/**
 * Everything that Java's AdminClient of Kafka 4.3 does, in its words: one method a call. The drivers' `AdminPort` is what the
 * framework needs of every driver; this is for administering a cluster, on the wire driver's connections.
 *
 * Calls about several things answer for each (`Answer`), `allOf` makes the first error a rejection. Left out, with reason:
 * `clientInstanceId`, `metrics` and the registration of metrics, which are about telemetry that this client does not push.
 */
import { DriverError, type ConnectionOptions } from '../../port.js'
import { Cluster } from '../cluster.js'
import { contextOf, type WireDriverOptions } from '../context.js'
import { aclAdmin } from './acls.js'
import { clusterAdmin } from './cluster-admin.js'
import { configAdmin } from './configs.js'
import { groupDescriptions } from './describe-groups.js'
import { groupAdmin } from './groups.js'
import { replicaAdmin } from './replicas.js'
import { AdminRequests } from './requests.js'
import { shareGroupOffsets } from './share-group-offsets.js'
import { topicAdmin } from './topics.js'
import { transactionAdmin } from './transactions.js'
import { userAdmin } from './users.js'

export interface WireAdminOptions extends Omit<ConnectionOptions, 'clientId' | 'bootstrapServers'>, WireDriverOptions {
  /** Brokers to begin with; this or `bootstrapControllers`. */
  readonly bootstrapServers?: readonly string[] | undefined
  /**
   * Controllers to begin with (`bootstrap.controllers`, KIP-919): all is asked of the active one, also while no broker runs.
   * What only brokers know, as groups, offsets and log directories, rejects with the code `UNSUPPORTED_ENDPOINT_TYPE`.
   */
  readonly bootstrapControllers?: readonly string[] | undefined
  /** Default `'kts-kafka-admin'`. */
  readonly clientId?: string | undefined
  /** How long a call may be tried again (`default.api.timeout.ms`). Default 60,000. */
  readonly apiTimeoutMs?: number | undefined
}

const API_TIMEOUT_MS = 60_000

/**
 * ```ts
 * const admin = wireAdmin({ bootstrapServers: ['localhost:9092'] })
 * const [created] = await admin.createTopics([{ name: 'orders', numPartitions: 3 }])
 * if (created.error) throw created.error
 * admin.close()
 * ```
 * Connects with the first call.
 */
export function wireAdmin(options: WireAdminOptions) {
  const {
    clientId = 'kts-kafka-admin',
    bootstrapServers,
    bootstrapControllers,
    apiTimeoutMs = API_TIMEOUT_MS,
    log,
    clock,
    random,
    transport,
    ...connection
  } = options
  const servers = bootstrapServers ?? bootstrapControllers
  if (servers === undefined || (bootstrapServers && bootstrapControllers)) {
    throw new DriverError('fatal', 'wireAdmin: give either bootstrapServers or bootstrapControllers.')
  }
  const cluster = new Cluster(
    contextOf({ ...connection, bootstrapServers: servers, clientId }, { log, clock, random, transport }),
    { ofControllers: bootstrapControllers !== undefined },
  )
  const requests = new AdminRequests(cluster, apiTimeoutMs)
  return {
    ...topicAdmin(requests),
    ...configAdmin(requests),
    ...clusterAdmin(requests),
    ...replicaAdmin(requests),
    ...groupAdmin(requests),
    ...groupDescriptions(requests),
    ...shareGroupOffsets(requests),
    ...aclAdmin(requests),
    ...userAdmin(requests),
    ...transactionAdmin(requests),
    /** Now: what is under way rejects. */
    close: (): void => cluster.close(),
  }
}

export type WireAdmin = ReturnType<typeof wireAdmin>

export { allOf, type Answer } from './answer.js'
export type {
  AclOperation,
  AclPermissionType,
  AlterConfigOpType,
  ConfigResourceType,
  ConfigSource,
  ConfigType,
  ElectionType,
  PatternType,
  ResourceType,
  ScramMechanism,
  UpgradeType,
} from './codes.js'
export type * from './acls.js'
export type * from './cluster-admin.js'
export type * from './configs.js'
export type * from './describe-groups.js'
export type * from './groups.js'
export type * from './replicas.js'
export type * from './share-group-offsets.js'
export type * from './topics.js'
export type * from './transactions.js'
export type * from './users.js'
