#!/bin/bash
# run.sh [PROGRAM...]: runs the OCI runtime-tools validation suite (default: all of it) against
# $RUNTIME (default: build/myrt), without and with --strict, and against each of $PEERS; prints a
# table, and what differs from expectations.txt. Fails if anything does.
#
#   RUNTIME   the runtime under test: a path, or a name to find
#   PEERS     runtimes to stand beside it, as "runc crun"; nothing is expected of them
#   ROUNDS    how often the unsteady programs run (default 3)
#   JOBS      how many programs run at the same time (default: a CPU each)
#   BUILD     where the suite is built and the results are left (default: build)
#   RECORD    a file to write the table to, as Markdown
set -euo pipefail
here=$(realpath "$(dirname "$0")")
RUNTIME=${RUNTIME:-$here/../build/myrt}
build=$(realpath "${BUILD:-$here/../build}")/conformance
suite=$build/suite
results=$build/results
rounds=${ROUNDS:-3}
seconds=120

die() {
  echo "run.sh: $*" >&2
  exit 2
}

# run_once COLUMN RUNTIME PROGRAM ROUND: one run of one program; its verdict goes to a file.
run_once() {
  local output=$results/$1/$3.$4 status=0
  (cd "$suite" && RUNTIME=$2 "$here/in-sandbox" $seconds "./$3.t") \
    </dev/null >"$output.tap" 2>"$output.stderr" || status=$?
  "$here/judge" STATUS=$status "$output.tap" >"$output.verdict"
}

if [ "${1:-}" = --once ]; then
  shift
  run_once "$@"
  exit
fi

# Sets $columns, and $runtime_of by column.
declare -A runtime_of
find_runtimes() {
  local path name
  path=$(type -P "$RUNTIME") || die "there is no runtime at $RUNTIME"
  path=$(realpath "$path")
  name=$(basename "$path")
  columns=("$name")
  runtime_of[$name]=$path
  if "$path" --strict --version >/dev/null 2>&1; then
    mkdir -p "$build/bin"
    printf '#!/bin/sh\nexec "%s" --strict "$@"\n' "$path" >"$build/bin/$name-strict"
    chmod +x "$build/bin/$name-strict"
    columns+=("$name-strict")
    runtime_of[$name-strict]=$build/bin/$name-strict
  fi
  for name in ${PEERS:-}; do
    path=$(type -P "$name") || die "there is no runtime \`$name\`"
    name=$(basename "$path")
    columns+=("$name")
    runtime_of[$name]=$(realpath "$path")
  done
}

# Sets $expected and $reason by program, from lines of
#   program  word  word  reason...
# with a word (pass, fail or unsteady) for the runtime as it is and one for --strict.
declare -A expected reason
read_expectations() {
  local program default strict why known
  while read -r program default strict why; do
    case $program in '' | '#'*) continue ;; esac
    expected[$program]=$default
    expected[$program-strict]=$strict
    reason[$program]=$why
    [ "$default$strict" = passpass ] || [ -n "$why" ] || die "expectations.txt: $program has no reason"
  done <"$here/expectations.txt"
  known=$(printf '%s\n' "$suite"/*.t | sed 's,.*/,,; s,\.t$,,')
  for program in $known; do
    [ -n "${expected[$program]:-}" ] || die "expectations.txt says nothing of $program"
  done
  [ ${#reason[@]} -eq "$(wc -w <<<"$known")" ] || die 'expectations.txt names a program that the suite has not'
}

# expectation COLUMN PROGRAM: of a peer, none.
expectation() {
  case $1 in
    "${columns[0]}") echo "${expected[$2]}" ;;
    "${columns[0]}-strict") echo "${expected[$2-strict]}" ;;
  esac
}

run_all() {
  local column program round last
  rm -rf "$results"
  for column in "${columns[@]}"; do mkdir -p "$results/$column"; done
  for program in "${programs[@]}"; do
    last=1
    case ${expected[$program]}${expected[$program-strict]} in *unsteady*) last=$rounds ;; esac
    for column in "${columns[@]}"; do
      for round in $(seq "$last"); do
        printf '%s\0' "$column" "${runtime_of[$column]}" "$program" "$round"
      done
    done
  done | xargs -0 -n 4 -P "${JOBS:-$(nproc)}" env BUILD="$(dirname "$build")" "$here/run.sh" --once
}

# verdict COLUMN PROGRAM: pass, fail, or of several runs how many passed.
verdict() {
  local files=("$results/$1/$2".*.verdict) passes
  passes=$(grep -lx pass "${files[@]}" | wc -l)
  case $passes/${#files[@]} in
    0/*) echo fail ;;
    "${#files[@]}"/*) echo pass ;;
    *) echo "$passes/${#files[@]}" ;;
  esac
}

# Prints the table; sets $as_expected and $surprises.
report() {
  local column program word result
  declare -A passes
  as_expected=0 surprises=()
  printf '%-34s' program
  printf ' %-12s' "${columns[@]}"
  echo
  for program in "${programs[@]}"; do
    printf '%-34s' "$program"
    for column in "${columns[@]}"; do
      result=$(verdict "$column" "$program")
      word=$(expectation "$column" "$program")
      [ "$result" != pass ] || passes[$column]=$((${passes[$column]:-0} + 1))
      if [ -z "$word" ] || [ "$word" = unsteady ] || [ "$word" = "$result" ]; then
        printf ' %-12s' "$result"
        [ -z "$word" ] || as_expected=$((as_expected + 1))
      else
        printf ' %-12s' "$result (!)"
        surprises+=("$column: $program: $(cat "$results/$column/$program".*.verdict | sort -u | head -n 1)")
      fi
    done
    printf ' %s\n' "${reason[$program]}"
  done
  printf '%-34s' "passes, of ${#programs[@]}"
  for column in "${columns[@]}"; do printf ' %-12s' "${passes[$column]:-0}"; done
  echo
}

# record TABLE VERDICT: the table with its date, command and versions.
record() {
  local column
  echo '# The OCI runtime-tools validation suite'
  echo
  echo "Generated by \`sudo make conformance PEERS=\"${PEERS:-}\" RECORD=$RECORD\` on $(date -u +%F):"
  echo "$(cat "$build/version"), Linux $(uname -r), cgroup v1 view, unsteady programs $rounds times (the"
  echo 'number is how often they passed). conformance/README.md says how.'
  echo
  for column in "${columns[@]}"; do
    echo "- $column: $("${runtime_of[$column]}" --version | head -n 1)"
  done
  printf '\n```\n%s\n%s\n```\n' "$1" "$2"
}

[ "$(id -u)" -eq 0 ] || die 'needs root: sudo make conformance'
"$here/judge-test" >/dev/null || die 'the judge is not to be trusted: see judge-test'
find_runtimes
"$here/get-suite" "$build"
read_expectations
if [ $# -gt 0 ]; then programs=("$@"); else mapfile -t programs < <(printf "%s\n" "${!reason[@]}" | sort); fi
for program in "${programs[@]}"; do [ -x "$suite/$program.t" ] || die "the suite has no program \`$program\`"; done
run_all
report >"$results/table"
cat "$results/table"
for surprise in ${surprises[@]+"${surprises[@]}"}; do echo "not as expected: $surprise"; done
verdict="$as_expected passed, ${#surprises[@]} failed"
if [ -n "${RECORD:-}" ]; then record "$(sed 's/ *$//' "$results/table")" "$verdict" >"$RECORD"; fi
echo "$verdict"
[ ${#surprises[@]} -eq 0 ]
