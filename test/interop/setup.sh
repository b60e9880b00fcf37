#!/usr/bin/env bash
# Brings what the interop suite runs against into the git-ignored .interop/: Apache Kafka and its tools (Maven), kcat
# (apt, the one thing installed system-wide), and clients of Python, Go and Node. Safe to run again: each step does
# nothing once done for the versions that the files beside it name.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
home="$root/.interop"
mkdir -p "$home"

step() { echo "interop: $*" >&2; }

done_for() { # stamp, files that decide: has this step run for them?
  local stamp="$home/$1.done"; shift
  cat "$@" | cmp -s - "$stamp"
}

mark() { local stamp="$home/$1.done"; shift; cat "$@" >"$stamp"; }

need() { command -v "$1" >/dev/null || { echo "interop needs '$1': install $2" >&2; exit 1; }; }

need java 'a JDK, 17 or later'
need mvn Maven
need python3 'Python 3.11 or later, with venv'
need go 'Go 1.24 or later'

step 'Apache Kafka and its tools'
bash "$root/scripts/kafka/jars.sh" >/dev/null

if ! command -v kcat >/dev/null; then
  step kcat
  sudo=''; [[ $(id -u) == 0 ]] || sudo=sudo
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq kcat >/dev/null
fi

if ! done_for python "$here/clients/python/requirements.txt"; then
  step 'Python clients'
  rm -rf "$home/python"
  python3 -m venv "$home/python"
  "$home/python/bin/pip" install -q --disable-pip-version-check -r "$here/clients/python/requirements.txt"
  mark python "$here/clients/python/requirements.txt"
fi

java_files=("$root/scripts/kafka/pom.xml" "$here"/clients/java/pom.xml "$here"/clients/java/build.sh "$here"/clients/java/src/*.java)
if ! done_for java "${java_files[@]}"; then
  step 'Java programs'
  bash "$here/clients/java/build.sh" "$home/java"
  mark java "${java_files[@]}"
fi

go_files=("$here/clients/go/go.mod" "$here/clients/go/go.sum" "$here/clients/go/main.go")
if ! done_for go "${go_files[@]}"; then
  step 'Go client'
  (cd "$here/clients/go" && go build -o "$home/franz-go" .)
  mark go "${go_files[@]}"
fi

node_files=("$here/clients/node/package.json" "$here/clients/node/package-lock.json")
if ! done_for node "${node_files[@]}"; then
  step 'Node clients'
  mkdir -p "$home/node"
  cp "${node_files[@]}" "$home/node/"
  (cd "$home/node" && npm ci --silent --no-audit --no-fund)
  mark node "${node_files[@]}"
fi

confluent_files=("$here/clients/confluent-js/package.json" "$here/clients/confluent-js/package-lock.json")
if ! done_for confluent-js "${confluent_files[@]}" "$here/clients/confluent-js/build.sh"; then
  step 'Confluent client for Node, built from its sources'
  mkdir -p "$home/confluent-js"
  cp "${confluent_files[@]}" "$home/confluent-js/"
  bash "$here/clients/confluent-js/build.sh" "$home/confluent-js"
  mark confluent-js "${confluent_files[@]}" "$here/clients/confluent-js/build.sh"
fi
cp "$here"/clients/confluent-js/*.mjs "$home/confluent-js/"
cp "$here"/clients/node/*.mjs "$home/node/"
step ready
