/**
 * The parts of a broker, as they see one another. `compose.ts` builds them, in order, once; a handler names those it needs
 * by `Pick<Broker, …>`, so a handler that needs a part which the broker lacks does not compile.
 *
 * Only interfaces stand here; each part's folder holds what makes it real.
 */
import type { Clock } from '../base/clock.js'
import type { Log } from '../base/log.js'
import type { Random } from '../base/random.js'
import type { ClusterState } from './metadata/cluster-state.js'
import type { Controller } from './controller/controller.js'
import type { GroupCoordinator } from './group/group-coordinator.js'
import type { TransactionMarkers } from './transaction/markers.js'
import type { TransactionCoordinator } from './transaction/transaction-coordinator.js'
import type { Quorum } from './raft/quorum.js'
import type { Partitions } from './replica/partitions.js'
import type { Replicas } from './replica/replicas.js'
import type { Authorizer } from './security/authorizer.js'
import type { Purgatory } from './wait/purgatory.js'
import type { BrokerSettings } from './config/broker-settings.js'

export interface Broker {
  readonly nodeId: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Broker settings, static and dynamic, as they stand now. */
  readonly settings: BrokerSettings
  /** What the cluster is: brokers, topics, partitions, configs, features; the committed image of the metadata log. */
  readonly cluster: ClusterState
  /** Who may do what; undefined: nothing is set, and all may do everything. */
  readonly authorizer: Authorizer | undefined
  /** Decides on changes of the cluster and writes them to the metadata log. */
  readonly controller: Controller
  /** The quorum under the metadata log. */
  readonly quorum: Quorum
  /** The partitions that live on this node: append, read, offsets. */
  readonly partitions: Partitions
  /** The same partitions as clients' requests see them: read, search, cut. */
  readonly replicas: Replicas
  /** Where requests wait that can't be answered yet. */
  readonly purgatory: Purgatory
  readonly groups: GroupCoordinator
  readonly transactions: TransactionCoordinator
  /** Writes end markers of transactions to the partitions that live on this node. */
  readonly transactionMarkers: TransactionMarkers
}
