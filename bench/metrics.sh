#!/bin/bash
# metrics.sh: how long `myrt metrics --all` takes for 500 containers, as wall and CPU time, in every
# view that the machine can give. Needs root and about a minute; ends with 1 when a median is over
# the limit. On a busy machine the CPU time says more.
#   RUNTIME=build/myrt   a release build
#   VIEWS="hybrid v2"    see tests/integration/in-private
#   CONTAINERS=500 ROUNDS=15 LIMIT_MS=50
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${BUILD:-build}")
runtime=$(realpath "${RUNTIME:-$build/myrt}")
out=$build/bench
[ "$(id -u)" -eq 0 ] || {
  echo 'metrics.sh: needs root' >&2
  exit 1
}
mkdir -p "$out"
source bench/programs.sh
compile stopwatch -static
compile_payload
views() {
  local types
  types=$(grep ' /sys/fs/cgroup' /proc/mounts | cut -d ' ' -f 3 | sort -u)
  case $types in *cgroup*cgroup2*) echo hybrid ;; cgroup) echo v1 ;; esac
  ! grep -qx cgroup2 <<<"$types" || echo v2
}
export PYTHONDONTWRITEBYTECODE=1
status=0
for view in ${VIEWS:-$(views)}; do
  tests/integration/in-private "$view" python3 bench/metrics.py --myrt "$runtime" --stopwatch "$out/stopwatch" \
    --payload "$out/payload" --containers "${CONTAINERS:-500}" --rounds "${ROUNDS:-15}" --limit-ms "${LIMIT_MS:-50}" || status=1
done
exit $status
