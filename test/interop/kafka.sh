#!/usr/bin/env bash
# A real Apache Kafka (the version of scripts/kafka/pom.xml), and its tools, for people and for the interop suite.
#
#   kafka.sh start [--port 19092] [--brokers 1] [--keep] [-o key=value]...
#                                                                   KRaft, data under .interop/kafka/run/<port>, new
#                                                                   unless --keep; returns when it serves
#   kafka.sh revive --port 19092 <n>                                broker n (from 0), which was killed, on its data
#   kafka.sh stop  [--port 19092]                                   ends what `start` started, data stays to look at
#   kafka.sh tool <name or class> [args]                            e.g. tool kafka-topics --bootstrap-server …
#   kafka.sh jar                                                    the class path, for `java -cp`
#
# Ports: broker n (from 0) listens on port+n, its controller on port+1000+n.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

fail() { echo "kafka.sh: $*" >&2; exit 1; }

java_run() { # class args…
  local main=$1; shift
  # shellcheck disable=SC2086 # several options; by default those that start fast
  exec java ${KAFKA_JVM_OPTS:--Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1} -Xshare:auto \
    "-Dlog4j2.configurationFile=$here/log4j2.properties" -cp "$(bash "$root/scripts/kafka/jars.sh")/*" "$main" "$@"
}

tool_class() { # the class behind a script name of Kafka's bin folder
  case "$1" in
    kafka-topics) echo org.apache.kafka.tools.TopicCommand ;;
    kafka-configs) echo kafka.admin.ConfigCommand ;;
    kafka-consumer-groups) echo org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
    kafka-groups) echo org.apache.kafka.tools.GroupsCommand ;;
    kafka-get-offsets) echo org.apache.kafka.tools.GetOffsetShell ;;
    kafka-delete-records) echo org.apache.kafka.tools.DeleteRecordsCommand ;;
    kafka-log-dirs) echo org.apache.kafka.tools.LogDirsCommand ;;
    kafka-dump-log) echo org.apache.kafka.tools.DumpLogSegments ;;
    kafka-broker-api-versions) echo org.apache.kafka.tools.BrokerApiVersionsCommand ;;
    kafka-features) echo org.apache.kafka.tools.FeatureCommand ;;
    kafka-metadata-quorum) echo org.apache.kafka.tools.MetadataQuorumCommand ;;
    kafka-cluster) echo org.apache.kafka.tools.ClusterTool ;;
    kafka-acls) echo org.apache.kafka.tools.AclCommand ;;
    kafka-transactions) echo org.apache.kafka.tools.TransactionsCommand ;;
    kafka-storage) echo kafka.tools.StorageTool ;;
    kafka-console-producer) echo org.apache.kafka.tools.ConsoleProducer ;;
    kafka-console-consumer) echo org.apache.kafka.tools.consumer.ConsoleConsumer ;;
    kafka-producer-perf-test) echo org.apache.kafka.tools.ProducerPerformance ;;
    kafka-consumer-perf-test) echo org.apache.kafka.tools.ConsumerPerformance ;;
    kafka-verifiable-producer) echo org.apache.kafka.tools.VerifiableProducer ;;
    kafka-verifiable-consumer) echo org.apache.kafka.tools.VerifiableConsumer ;;
    *.*) echo "$1" ;;
    *) fail "unknown tool '$1': give the name of a script of Kafka's bin folder, or a class" ;;
  esac
}

properties() { # port brokers index folder
  local port=$1 brokers=$2 index=$3 folder=$4 voters='' n
  for ((n = 0; n < brokers; n++)); do voters+="${voters:+,}$((n + 1))@127.0.0.1:$((port + 1000 + n))"; done
  local replicas=$((brokers < 3 ? brokers : 3))
  cat <<END
process.roles=broker,controller
node.id=$((index + 1))
controller.quorum.voters=$voters
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$((port + index)),CONTROLLER://127.0.0.1:$((port + 1000 + index))
advertised.listeners=PLAINTEXT://127.0.0.1:$((port + index))
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$folder/data
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=$replicas
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=4
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=1
END
  # each of several has a rack of its own
  ((brokers == 1)) || echo "broker.rack=rack-$((index + 1))"
}

start() {
  local port=19092 brokers=1 keep=false extra=()
  while (($#)); do
    case "$1" in
      --port) port=$2; shift 2 ;;
      --brokers) brokers=$2; shift 2 ;;
      --keep) keep=true; shift ;;
      -o) extra+=("$2"); shift 2 ;;
      *) fail "start: unknown option '$1'" ;;
    esac
  done
  local run="$root/.interop/kafka/run/$port" id='' index folder
  stop --port "$port"
  $keep || rm -rf "$run"
  for ((index = 0; index < brokers; index++)); do
    folder="$run/$index"
    mkdir -p "$folder"
    { properties "$port" "$brokers" "$index" "$folder"; ((${#extra[@]} == 0)) || printf '%s\n' "${extra[@]}"; } >"$folder/server.properties"
    if [[ ! -e $folder/data/meta.properties ]]; then
      [[ -n $id ]] || id=$(java_run kafka.tools.StorageTool random-uuid)
      (java_run kafka.tools.StorageTool format -t "$id" -c "$folder/server.properties") >"$folder/format.log" 2>&1 ||
        fail "format failed: $(cat "$folder/format.log")"
    fi
    launch "$folder"
  done
  for ((index = 0; index < brokers; index++)); do wait_until_started "$run/$index"; done
  echo "Apache Kafka ready on 127.0.0.1:$port ($brokers broker(s), log in $run)"
}

launch() {
  local folder=$1
  (java_run kafka.Kafka "$folder/server.properties") >"$folder/server.log" 2>&1 </dev/null &
  echo $! >"$folder/pid"
}

revive() {
  [[ $# == 3 && $1 == --port ]] || fail 'revive: give --port <port> <broker index>'
  local folder="$root/.interop/kafka/run/$2/$3"
  launch "$folder"
  wait_until_started "$folder"
}

wait_until_started() {
  local folder=$1 tries
  for ((tries = 0; tries < 600; tries++)); do
    if grep -q 'Kafka Server started' "$folder/server.log"; then return; fi
    kill -0 "$(cat "$folder/pid")" 2>/dev/null || fail "the broker ended: $(tail -20 "$folder/server.log")"
    sleep 0.1
  done
  fail "not started within 60 s: $(tail -20 "$folder/server.log")"
}

stop() {
  local port=19092 file pid tries
  while (($#)); do
    case "$1" in
      --port) port=$2; shift 2 ;;
      *) fail "stop: unknown option '$1'" ;;
    esac
  done
  for file in "$root/.interop/kafka/run/$port"/*/pid; do
    [[ -e $file ]] || continue
    pid=$(cat "$file")
    # A pid may have been given to another program since: only a Java process of this folder is ours.
    if tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "${file%/pid}/server.properties"; then
      kill "$pid"
      for ((tries = 0; tries < 150; tries++)); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
      kill -9 "$pid" 2>/dev/null || true
    fi
    rm -f "$file"
  done
}

command=${1:-}
(($#)) && shift
case "$command" in
  start) start "$@" ;;
  stop) stop "$@" ;;
  revive) revive "$@" ;;
  tool) main=$(tool_class "${1:?kafka.sh: tool needs a name}"); shift; java_run "$main" "$@" ;;
  jar) echo "$(bash "$root/scripts/kafka/jars.sh")/*" ;;
  *) sed -n '2,12p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac
