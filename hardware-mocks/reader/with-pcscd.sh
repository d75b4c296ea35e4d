#!/usr/bin/env bash
# Runs a command beside a pcscd of its own, with vpcd's two virtual readers, and with no way to any other network or
# to the machine's own pcscd: private mount, network and process namespaces. All of it ends with the command.
#
#   hardware-mocks/reader/with-pcscd.sh node script.ts
#
# Needs Linux, root, and Debian's packages pcscd, vsmartcard-vpcd, iproute2. Ends with the command's own code;
# 77 when the machine cannot do this (the reason is printed), 70 when pcscd does not come up.
set -euo pipefail

cannot() {
  echo "with-pcscd: $1" >&2
  exit 77
}

if [[ "${1:-}" != --inside ]]; then
  [[ $# -gt 0 ]] || { echo "usage: with-pcscd.sh <command…>" >&2; exit 64; }
  [[ "$(uname -s)" == Linux ]] || cannot 'only Linux has the namespaces that this needs'
  [[ "$(id -u)" == 0 ]] || cannot 'needs root (for the namespaces)'
  for program in unshare ip pcscd; do
    command -v "$program" >/dev/null || cannot "no $program here; on Debian: apt-get install pcscd vsmartcard-vpcd iproute2"
  done
  [[ -e /etc/reader.conf.d/vpcd ]] || cannot 'no vpcd here; on Debian: apt-get install vsmartcard-vpcd'
  unshare --mount --net --pid --fork true 2>/dev/null || cannot 'this machine allows no namespaces'
  exec unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private -- \
    bash "${BASH_SOURCE[0]}" --inside "$@"
fi
shift

ip link set lo up
# Debian's vpcd sends length and body apart; without quick acknowledgements that costs 44 ms a command.
ip route replace table local local 127.0.0.1 dev lo proto kernel scope host src 127.0.0.1 quickack 1
mount -t tmpfs tmpfs /run
mkdir -p /run/pcscd

pcscd --foreground >/run/pcscd.log 2>&1 &
daemon=$!
# vpcd listens on 0x8C7B; connecting to find out would lay a card down.
for _ in $(seq 1 100); do
  [[ -S /run/pcscd/pcscd.comm ]] && grep -qi ':8C7B .* 0A ' /proc/net/tcp && is_up=yes && break
  kill -0 "$daemon" 2>/dev/null || break
  sleep 0.05
done
if [[ "${is_up:-}" != yes ]]; then
  echo 'with-pcscd: pcscd did not come up:' >&2
  cat /run/pcscd.log >&2
  exit 70
fi

code=0
"$@" || code=$?
kill "$daemon" 2>/dev/null || true
wait "$daemon" 2>/dev/null || true
exit "$code"
