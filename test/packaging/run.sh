#!/usr/bin/env bash
# The package as its users get it: packed, installed into an empty folder, tried on Node 20 and Node 24 from ESM and
# CommonJS. Report: .interop/report/packaging.json, {"passed":n,"failed":n}. Ends with 1 when anything failed.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
report="$root/.interop/report"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$report"
rm -f "$report/packaging.json"
passed=0
failed=0

try() { # what, command…: one thing tried, its words shown only when it fails
  local what=$1 log="$work/log"; shift
  if timeout 120 "$@" >"$log" 2>&1; then
    passed=$((passed + 1)); echo "  ✓ $what"
  else
    failed=$((failed + 1)); echo "  ✗ $what"; sed 's/^/      /' "$log" | tail -30
  fi
}

fatal() { echo "packaging: $*" >&2; echo '{"passed":0,"failed":1}' >"$report/packaging.json"; exit 1; }

tarball=$(cd "$root" && npm pack --silent --pack-destination "$work" | tail -1) || fatal 'npm pack failed'

# Each major version in a folder of its own: inside the project it would shadow the Node that runs everything else.
for major in 20 24; do
  mkdir -p "$root/.interop/node$major"
  if ! "$root/.interop/node$major/node_modules/node/bin/node" --version 2>/dev/null | grep -q "^v$major\."; then
    (cd "$root/.interop/node$major" && echo '{"private":true}' >package.json &&
      npm i --silent --no-audit --no-fund "node@$major") || fatal "node@$major did not install"
  fi
done

# The peers that a NestJS or an inversify user has.
app="$work/app"
mkdir "$app"
cp "$here"/app/* "$app/"
(cd "$app" && npm i --silent --no-audit --no-fund "$work/$tarball" @nestjs/common @nestjs/core rxjs reflect-metadata inversify esbuild) ||
  fatal 'the tarball did not install into an empty folder'

for major in 20 24; do
  echo "Node $major"
  node="$root/.interop/node$major/node_modules/node/bin"
  cd "$app"
  try 'kts-server --version says the version of package.json' env "PATH=$node:$PATH" bash -c \
    '[[ $(node_modules/.bin/kts-server --version) == *"$(node -p "require(\"kts-kafka/package.json\").version")"* ]]'
  try 'every subpath imports from ESM' "$node/node" subpaths.mjs
  try 'every subpath requires from CommonJS' "$node/node" subpaths.cjs
  try 'kts-server starts, says so, and stops with 0' "$node/node" server.mjs
  try "the README's example runs as printed" "$node/node" readme.mjs
  cd "$root"
done

echo 'Packaging rules'
# CommonJS gets the ES modules by require(esm), which is what attw's rule warns of
try 'publint' npx --yes publint@0.3 --strict "$work/$tarball"
try 'attw' npx --yes @arethetypeswrong/cli@0.18 --ignore-rules cjs-resolves-to-esm -- "$work/$tarball"

echo 'Consumers'
for consumer in "$here"/consumers/*/; do
  name=$(basename "$consumer")
  cp -r "$consumer" "$work/$name"
  (cd "$work/$name" && npm i --silent --no-audit --no-fund "$work/$tarball") >"$work/log" 2>&1 ||
    { failed=$((failed + 1)); echo "  ✗ $name did not install"; tail -30 "$work/log"; continue; }
  cd "$work/$name"
  try "$name" npm test
  cd "$root"
done

echo "{\"passed\":$passed,\"failed\":$failed}" >"$report/packaging.json"
((failed == 0))
