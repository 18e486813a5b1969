#!/bin/bash
# Measures myrt, the physical floor and every peer found, side by side, in every view that the
# machine can give. Needs root. `sudo make bench` builds myrt and calls this.
#   RUNTIME=build/myrt   the one that the figures are about
#   PEERS="/a/crun ..."  others to compare with, beside the runc and crun of PATH
#   SID_ROOT=DIR         made by bench/sid-root: its runc and crun, in runs of their own
#   VIEWS="v1 v2"        see tests/integration/in-private; vm is the machine of tests/vm (see bench/vm)
#   BENCH_SECONDS=240    for one view: every figure is measured until the error of its median is below 3 %, or its share of
#                        this time is up; what has to be done once (a thousand containers) comes on top
#   BENCH_PARALLEL=64 BENCH_CONTAINERS='0 100 1000' BENCH_MOUNTS='1 100 1000 5000'
#   BENCH_REPEAT=3       all of it so often; the first run is reported, and whether the others agree
#   BENCH_QUICK=1        a smoke: few of everything, into $BUILD/bench/smoke; no figure means a thing
#   PUBLISH=docs/performance.md   puts tables and charts into that document
# Writes $BUILD/bench/: results-VIEW.json, tables.md, and charts as *.svg.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${BUILD:-build}")
runtime=$(realpath "${RUNTIME:-$build/myrt}")
out=$build/bench
[ "${BENCH_QUICK:-0}" = 0 ] || out=$build/bench/smoke
python=/usr/bin/python3 # Debian's: it has Debian's plotting library
[ -x "$python" ] || python=python3

[ "$(id -u)" -eq 0 ] || {
  echo 'bench: needs root: sudo make bench' >&2
  exit 1
}
purpose=bench
[ "${BENCH_QUICK:-0}" = 0 ] || purpose=bench-smoke
scripts/install-packages $purpose

views() {
  local types
  types=$(grep ' /sys/fs/cgroup' /proc/mounts | cut -d ' ' -f 3)
  ! grep -qx cgroup <<<"$types" || echo v1
  ! grep -qx cgroup2 <<<"$types" || echo v2
}

mkdir -p "$out"
source bench/programs.sh
compile floor -static
compile stopwatch -static
compile_payload
compile_seccomp_profile
"$out/seccomp_profile" filter "$out/seccomp-filter"

peers=()
for peer in crun runc ${PEERS:-}; do
  ! path=$(type -P "$peer") || peers+=("$path")
done
export PYTHONDONTWRITEBYTECODE=1

# measure VIEW RESULT ARGUMENT...: in a sandbox with that view.
measure() {
  local view=$1 result=$2
  shift 2
  rm -f "$result"
  tests/integration/in-private "$view" "$python" bench/measure.py --view "$view" --myrt "$runtime" \
    --floor "$out/floor" --payload "$out/payload" --stopwatch "$out/stopwatch" \
    --seccomp-names "$out/seccomp-names" --filter "$out/seccomp-filter" --output "$result" "$@"
  results+=("$result")
}

results=()
for run in $(seq "${BENCH_REPEAT:-1}"); do
  suffix=''
  [ "$run" = 1 ] || suffix=-run$run
  for view in ${VIEWS:-$(views)}; do
    if [ "$view" = vm ]; then
      rm -f "$out/results-vm$suffix.json"
      BUILD=$build RUNTIME=$runtime bench/vm "$out/results-vm$suffix.json"
      results+=("$out/results-vm$suffix.json")
      continue
    fi
    measure "$view" "$out/results-$view$suffix.json" ${peers[@]+"${peers[@]}"}
    [ -z "${SID_ROOT:-}" ] || measure "$view" "$out/results-$view-sid$suffix.json" \
      --place sid --root "$(realpath "$SID_ROOT")" /usr/bin/crun /usr/bin/runc
  done
done
"$python" bench/report.py --output "$out" ${PUBLISH:+--publish "$PUBLISH"} "${results[@]}"
