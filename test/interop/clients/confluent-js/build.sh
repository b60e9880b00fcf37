#!/usr/bin/env bash
# Installs @confluentinc/kafka-javascript where its prebuilt binary cannot be downloaded: builds the librdkafka that it
# ships with Debian's libraries (its own build would download their sources), then the binding against that.
#   build.sh <folder that holds package.json and package-lock.json>
set -euo pipefail
cd "$1"
prefix="$PWD/librdkafka"
sudo=''; [[ $(id -u) == 0 ]] || sudo=sudo
packages=(build-essential libssl-dev libzstd-dev libcurl4-openssl-dev zlib1g-dev)
if ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}" >/dev/null
fi
npm ci --ignore-scripts --silent --no-audit --no-fund
module="$PWD/node_modules/@confluentinc/kafka-javascript"
(
  cd "$module/deps/librdkafka"
  ./configure --prefix="$prefix" --disable-gssapi
  make -j2 libs
  make -C src install
  make -C src-cpp install
) >build.log 2>&1 || { tail -30 build.log >&2; exit 1; }
BUILD_LIBRDKAFKA=0 CKJS_LINKING=dynamic CPLUS_INCLUDE_PATH="$prefix/include/librdkafka" LIBRARY_PATH="$prefix/lib" \
  LDFLAGS="-Wl,-rpath,$prefix/lib" npm rebuild --build-from-source @confluentinc/kafka-javascript >>build.log 2>&1 ||
  { tail -30 build.log >&2; exit 1; }
