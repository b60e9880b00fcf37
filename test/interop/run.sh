#!/usr/bin/env bash
# The interop suite: sets itself up, builds kts-server, runs every case against it. Arguments go to vitest (a file's
# name, -t 'a case'). TARGET=kafka runs the same cases against Apache Kafka, which must pass them all.
# Needs nothing but what setup.sh names; ends with a report in .interop/report/interop.json.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mkdir -p .interop/report
rm -rf .interop/report/interop.json .interop/work
bash test/interop/setup.sh
[[ ${TARGET:-kts} == kafka ]] || npm run --silent build
exec npx vitest run --config vitest.interop.config.ts "$@"
