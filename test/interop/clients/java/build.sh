#!/usr/bin/env bash
# Brings the jars of pom.xml into <folder>/libs, those that scripts/kafka brings excepted, and compiles src into
# <folder>/classes. Argument: the folder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../../.." && pwd)
out=$1
kafka=$(bash "$root/scripts/kafka/jars.sh")
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$root/scripts/kafka/pom.xml")
rm -rf "$out"
mkdir -p "$out/classes"
mvn -q -B -f "$here/pom.xml" "-Dkafka.version=$version" dependency:copy-dependencies \
  "-DoutputDirectory=$out/libs" -DincludeScope=runtime >&2
for jar in "$out"/libs/*.jar; do [[ ! -e $kafka/${jar##*/} ]] || rm "$jar"; done
javac -d "$out/classes" -cp "$kafka/*:$out/libs/*" "$here"/src/*.java
