/**
 * Every metric of the broker, under the name that the usual rules of the JMX exporter give to Kafka's own: domain, type
 * and name in lower case, `PerSec` counts as `_total`, histograms as quantiles and `_count`.
 */
import type { Broker } from '../broker.js'
import { METADATA_VERSION } from '../metadata/features.js'
import { single, type Family, type Sample } from './exposition.js'
import { errorCounts, type RequestMetrics, type TopicCounts } from './request-metrics.js'

export interface MeasuredBroker extends Pick<Broker, 'nodeId' | 'cluster' | 'partitions' | 'purgatory' | 'replicas'> {
  readonly connectionCount: () => number
  /** As Kafka numbers it: 1 starting, 3 running, 6 in controlled shutdown. */
  readonly state: () => number
}

const QUANTILES = [0.5, 0.75, 0.95, 0.98, 0.99, 0.999]

export function families(broker: MeasuredBroker, requests: RequestMetrics): Family[] {
  return [
    ...requestFamilies(requests),
    ...topicFamilies(requests),
    ...clusterFamilies(broker),
    ...logFamilies(broker),
    ...processFamilies(),
  ]
}

function requestFamilies({ apis }: RequestMetrics): Family[] {
  const prefix = 'kafka_network_requestmetrics'
  return [
    {
      name: `${prefix}_requests_total`,
      help: 'Requests by API and version.',
      type: 'counter',
      *read() {
        for (const [request, { byVersion }] of apis) {
          for (const [version, total] of byVersion) yield [{ request, version }, total]
        }
      },
    },
    {
      name: `${prefix}_errors_total`,
      help: 'Answers by API and error; NONE is success.',
      type: 'counter',
      *read() {
        for (const [request, counts] of apis) {
          for (const [error, total] of errorCounts(counts)) yield [{ request, error }, total]
        }
      },
    },
    {
      name: `${prefix}_totaltimems`,
      help: 'Milliseconds from a request to its answer, since the broker started.',
      type: 'gauge',
      *read() {
        for (const [request, { totalTime }] of apis) {
          for (const quantile of QUANTILES) yield [{ request, quantile }, round(totalTime.quantileMs(quantile))]
        }
      },
    },
    {
      name: `${prefix}_totaltimems_count`,
      help: 'Requests answered.',
      type: 'counter',
      *read() {
        for (const [request, { totalTime }] of apis) yield [{ request }, totalTime.count]
      },
    },
  ]
}

const round = (value: number): number => Math.round(value * 1000) / 1000

const TOPIC_COUNTS: readonly [field: keyof TopicCounts, name: string, help: string][] = [
  ['messagesIn', 'messagesin', 'Records that producers sent.'],
  ['bytesIn', 'bytesin', 'Bytes of record batches that producers sent.'],
  ['bytesOut', 'bytesout', 'Bytes of record batches that consumers read.'],
  ['produceRequests', 'totalproducerequests', 'Produce requests.'],
  ['fetchRequests', 'totalfetchrequests', 'Fetch requests.'],
  ['failedProduceRequests', 'failedproducerequests', 'Partitions of produce requests that were refused.'],
  ['failedFetchRequests', 'failedfetchrequests', 'Partitions of fetch requests that were refused.'],
]

function topicFamilies({ topics }: RequestMetrics): Family[] {
  return TOPIC_COUNTS.map(([field, name, help]) => ({
    name: `kafka_server_brokertopicmetrics_${name}_total`,
    help: `${help} Without a topic: all topics.`,
    type: 'counter',
    *read() {
      let sum = 0
      for (const [topic, counts] of topics) {
        sum += counts[field]
        if (topic !== '') yield [{ topic }, counts[field]]
      }
      yield [{}, sum]
    },
  }))
}

function clusterFamilies(broker: MeasuredBroker): Family[] {
  const { nodeId, cluster, partitions, purgatory, replicas, connectionCount, state } = broker
  const counted = (isCounted: (leader: number) => boolean): number => {
    let count = 0
    for (const topic of cluster.topics()) for (const { leader } of topic.partitions) if (isCounted(leader)) count++
    return count
  }
  const replicaCount = (): number => [...partitions.all()].length
  const gauge = (name: string, help: string, read: () => number): Family => single(name, 'gauge', help, read)
  return [
    gauge('kafka_server_kafkaserver_brokerstate', '1 starting, 3 running, 6 in controlled shutdown.', state),
    gauge('kafka_server_replicamanager_partitioncount', 'Partitions on this broker.', replicaCount),
    gauge('kafka_server_replicamanager_leadercount', 'Partitions that this broker leads.', () =>
      counted((leader) => leader === nodeId),
    ),
    gauge(
      'kafka_server_replicamanager_underreplicatedpartitions',
      'Partitions whose in-sync set lacks a replica.',
      () => 0,
    ),
    gauge(
      'kafka_server_metadataloader_currentmetadataversion',
      'Finalised level of metadata.version.',
      () => cluster.features.get(METADATA_VERSION.name) ?? 0,
    ),
    gauge('kafka_controller_kafkacontroller_activecontrollercount', 'Controllers that are active here.', () =>
      cluster.controllerId === nodeId ? 1 : 0,
    ),
    gauge(
      'kafka_controller_kafkacontroller_globaltopiccount',
      'Topics of the cluster.',
      () => [...cluster.topics()].length,
    ),
    gauge('kafka_controller_kafkacontroller_globalpartitioncount', 'Partitions of the cluster.', () =>
      counted(() => true),
    ),
    gauge('kafka_controller_kafkacontroller_offlinepartitionscount', 'Partitions without a leader.', () =>
      counted((leader) => leader < 0),
    ),
    gauge(
      'kafka_controller_kafkacontroller_activebrokercount',
      'Brokers that serve.',
      () => [...cluster.brokers.values()].filter(({ fenced }) => !fenced).length,
    ),
    gauge(
      'kafka_controller_kafkacontroller_lastappliedrecordoffset',
      'Offset of the last metadata record applied.',
      () => cluster.offset,
    ),
    {
      name: 'kafka_server_delayedoperationpurgatory_purgatorysize',
      help: 'Requests that wait for something to happen.',
      type: 'gauge',
      read: () => [[{ delayedoperation: 'Fetch' }, purgatory.size]],
    },
    gauge(
      'kafka_log_logmanager_offlinelogdirectorycount',
      'Log directories that failed.',
      () => replicas.directories.filter(({ online }) => !online).length,
    ),
    gauge('kafka_server_socket_server_metrics_connection_count', 'Open connections.', connectionCount),
  ]
}

function logFamilies({ partitions, replicas }: MeasuredBroker): Family[] {
  const perLog = (name: string, help: string, read: () => Iterable<Sample>): Family => ({
    name,
    help,
    type: 'gauge',
    read,
  })
  return [
    perLog('kafka_log_log_size', 'Bytes of the log on disk.', function* () {
      for (const directory of replicas.directories) {
        for (const { topic, partition, sizeInBytes } of directory.replicas()) yield [{ topic, partition }, sizeInBytes]
      }
    }),
    perLog('kafka_log_log_logstartoffset', 'First offset of the log.', function* () {
      for (const { topic, partition, logStartOffset } of partitions.all()) yield [{ topic, partition }, logStartOffset]
    }),
    perLog('kafka_log_log_logendoffset', 'Next offset of the log.', function* () {
      for (const { topic, partition, logEndOffset } of partitions.all()) yield [{ topic, partition }, logEndOffset]
    }),
    perLog('kafka_cluster_partition_laststableoffsetlag', 'High watermark less last stable offset.', function* () {
      for (const { topic, partition, highWatermark, lastStableOffset } of partitions.all()) {
        yield [{ topic, partition }, highWatermark - lastStableOffset]
      }
    }),
  ]
}

function processFamilies(): Family[] {
  return [
    single('process_resident_memory_bytes', 'gauge', 'Memory of the process.', () => process.memoryUsage.rss()),
    single('process_cpu_seconds_total', 'counter', 'Processor time of the process.', () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    }),
    single('process_uptime_seconds', 'gauge', 'Since the process began.', () => Math.round(process.uptime())),
  ]
}
