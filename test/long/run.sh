#!/usr/bin/env bash
# The full-size runs: `npm run test:long` does all, `npm run test:long -- soak` one of fuzz, soak, history, reconnects,
# crash, copier and streams. Sizes stand in vitest.long.config.ts and may be set by hand, e.g. KTS_SOAK_MINUTES=60. The last
# three need other people's programs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
npm run --silent build
if (($# == 0)) || [[ " $* " == *crash* || " $* " == *copier* || " $* " == *streams* ]]; then bash test/interop/setup.sh; fi
exec npx vitest run --config vitest.long.config.ts "$@"
