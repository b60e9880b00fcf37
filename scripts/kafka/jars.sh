#!/usr/bin/env bash
# Brings Apache Kafka's jars (pom.xml beside this file) into the git-ignored .interop/kafka/libs. Does nothing when
# they are already there for this pom. Prints the folder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home="$here/../../.interop/kafka"
mkdir -p "$home"
home=$(cd "$home" && pwd)
if ! cmp -s "$here/pom.xml" "$home/pom.xml"; then
  rm -rf "$home/libs"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$home/libs" -DincludeScope=runtime >&2
  cp "$here/pom.xml" "$home/pom.xml"
fi
echo "$home/libs"
