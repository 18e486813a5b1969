#!/bin/bash
# run.sh [FILE.bats...]: runs runc's own integration suite (default: all of it) against $RUNTIME
# (default: build/myrt) and against $PEERS, and prints per file how many cases are ok, not ok and
# skipped. Fails if a case that runc passes here is not passed and exceptions.txt does not say why.
#
#   RUNTIME   the runtime under test: a path, or sid:NAME for Debian sid's
#   PEERS     runtimes to stand beside it (default: sid:runc, which is the measure)
#   KEEP      peers whose results of the last run are taken as they are
#   VIEWS     layouts of /sys/fs/cgroup (default: "hybrid v2", as far as this machine has them)
#   FILTER    a regular expression of case names
#   SECONDS_PER_FILE  (default 900)
#   JOBS      how many files run at the same time (default: a CPU each)
#   BUILD     where the suite is built and the results are left (default: build)
#   RECORD    a file to write the tables to, as Markdown
set -euo pipefail
here=$(realpath "$(dirname "$0")")
RUNTIME=${RUNTIME:-$here/../../build/myrt}
build=$(realpath -m "${BUILD:-$here/../../build}")/conformance-runc
results=$build/results
limit=${SECONDS_PER_FILE:-900}
in_private=$here/../../tests/integration/in-private

die() {
  echo "run.sh: $*" >&2
  exit 2
}

# run_once VIEW COLUMN RUNTIME FILE
run_once() {
  local result=$results/$1/$2/$4 status=0 filter=()
  [ -z "${FILTER:-}" ] || filter=(--filter "$FILTER")
  rm -rf "$result"
  VIEW=$1 "$here/in-sandbox" "$build" "$3" "$result" "$limit" "$4" ${filter[@]+"${filter[@]}"} \
    >"$result.log" 2>&1 </dev/null || status=$?
  echo $status >"$result/status"
}

if [ "${1:-}" = --once ]; then
  shift
  run_once "$@"
  exit
fi

# Sets $columns, and $runtime_of by column.
declare -A runtime_of
find_runtimes() {
  local runtime
  columns=()
  for runtime in "$RUNTIME" ${PEERS-sid:runc}; do
    case $runtime in
      sid:*) name=${runtime#sid:} ;;
      *)
        runtime=$(type -P "$runtime") || die "there is no runtime at $RUNTIME"
        runtime=$(realpath "$runtime")
        name=$(basename "$runtime")
        ;;
    esac
    [ -z "${runtime_of[$name]:-}" ] || continue
    columns+=("$name")
    runtime_of[$name]=$runtime
  done
}

# The longest first, so that no CPU is idle at the end.
list_files() {
  (cd "$build/root/opt/suite/tests/integration" && grep -c '^@test' -- *.bats) |
    sort -t : -k 2,2nr -k 1,1 | cut -d : -f 1
}

# For the record: what was run, and each runtime's first line about itself.
versions() {
  local column runtime
  for column in "${columns[@]}"; do
    runtime=${runtime_of[$column]}
    case $runtime in
      sid:*) echo "$column: $(dpkg-query --admindir="$build/root/var/lib/dpkg" -W "${runtime#sid:}" | tr '\t' ' ') of Debian sid" ;;
      *) echo "$column: $("$runtime" --version | head -n 1)" ;;
    esac
  done
}

[ "$(id -u)" -eq 0 ] || die 'needs root: sudo make conformance-runc'
find_runtimes
"$here/get-suite" "$build"
views=()
for view in ${VIEWS:-hybrid v2}; do
  if "$in_private" "$view" true 2>/dev/null; then views+=("$view"); else
    [ -z "${VIEWS:-}" ] || die "this machine has no cgroup view \`$view\`"
  fi
done
[ ${#views[@]} -gt 0 ] || die 'no cgroup view'
if [ $# -gt 0 ]; then files=("$@"); else mapfile -t files < <(list_files); fi
for view in "${views[@]}"; do
  for column in "${columns[@]}"; do
    case " ${KEEP:-} " in *" $column "*) [ ! -d "$results/$view/$column" ] || continue ;; esac
    rm -rf "${results:?}/$view/$column"
    mkdir -p "$results/$view/$column"
    for file in "${files[@]}"; do
      [ -f "$build/root/opt/suite/tests/integration/$file" ] || die "the suite has no file \`$file\`"
      printf '%s\0' "$view" "$column" "${runtime_of[$column]}" "$file"
    done
  done
done | xargs -0 -n 4 -P "${JOBS:-$(nproc)}" env BUILD="$(dirname "$build")" "$here/run.sh" --once
exec "$here/report" --suite "$build/root/opt/suite/tests/integration" --version "$(cat "$build/version")" \
  --exceptions "$here/exceptions.txt" --filter "${FILTER:-}" --record "${RECORD:-}" \
  --command "sudo make conformance-runc${KEEP:+ KEEP=$KEEP} RECORD=${RECORD:-}" --versions "$(versions)" \
  --views "${views[@]}" --columns "${columns[@]}" --files "${files[@]}" -- "$results"
