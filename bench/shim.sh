#!/bin/bash
# shim.sh [NAME...]: what containerd's shim costs, ours beside containerd-shim-runc-v2 with runc and with crun, in turn on
# one private containerd. Prints a table in Markdown. Needs root, and the packages of scripts/install-packages e2e bench.
# NAME is `myrt`, `runc` or `crun`; default: those that are here.
#   SHIM    ours (default: build/containerd-shim-myrt-v2)
#   VIEW    of the cgroups (default: v1, for crun refuses a hybrid host)
#   PODS    how many pods at once, of one container each (default: 100)
#   EXECS   how many probes, one after the other (default: 300)
#   RUNS    how many `ctr run` (default: 30)
SHIM=$(realpath "${SHIM:-$(dirname "$0")/../build/containerd-shim-myrt-v2}") || exit 2
RUNTIME=${RUNTIME:-$(dirname "$SHIM")/myrt} # unused by our shim, but the words of tests/e2e want one
VIEW=${VIEW:-v1}
export SHIM RUNTIME VIEW
# shellcheck source=tests/e2e/containerd_lib.sh
source "$(dirname "$0")/../tests/e2e/containerd_lib.sh"
pods=${PODS:-100} execs=${EXECS:-300} runs=${RUNS:-30}
image=docker.io/library/bb:latest
bench_names=("$@")
if [ $# -eq 0 ]; then
  bench_names=(myrt)
  for name in runc crun; do if type -P "$name" >/dev/null; then bench_names+=("$name"); fi; done
fi

select_runtime() {
  if [ "$1" = myrt ]; then ctr_runtime=(--runtime "$SHIM"); else ctr_runtime=(--runc-binary "$(type -P "$1")"); fi
}
run_detached() { # ID [OPTIONS...]
  local id=$1
  shift
  ctr run -d --null-io "${ctr_runtime[@]}" "$@" "$image" "$id" sleep 100000 >/dev/null
}
remove() { # ID
  ctr task kill -s KILL "$1" >/dev/null
  within 60 sh -c "ctr task list | grep -q '^$1 .*STOPPED'" >/dev/null
  ctr task delete "$1" >/dev/null 2>&1
  ctr container delete "$1"
}
shims() { pgrep -x containerd-shim; }
no_shim() { ! shims; }

# field FILE NAME PID: kB
field() { awk -v name="$2:" '$1 == name { print $2 }' "/proc/$3/$1"; }
# Rss, private (anonymous), Pss in MB, threads; of the one shim that there is.
memory_of() {
  local pid=$1
  awk -v rss="$(field status VmRSS "$pid")" -v private="$(field status RssAnon "$pid")" -v pss="$(field smaps_rollup Pss "$pid")" \
    'BEGIN { printf "%.2f %.2f %.2f", rss / 1000, private / 1000, pss / 1000 }'
}
# CPU of a process and of all its children that it has reaped, in ms.
cpu_of() {
  awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13 + $14 + $15) * 1000 / hz }' "/proc/$1/stat"
}
median_ms() { sort -n | awk '{ all[NR] = $1 } END { printf "%.1f", all[int((NR + 1) / 2)] / 1e6 }'; }
timed() { # COMMAND...: nanoseconds
  local began
  began=$(date +%s%N)
  "$@" >/dev/null 2>&1 || return 1
  echo $(($(date +%s%N) - began))
}

# Processes made and programs executed while COMMAND runs, below the shim; what a thread is is not counted.
processes_of() { # PID COMMAND...
  local pid=$1 trace=$work/trace tracer
  shift
  rm -f "$trace"
  strace -f -qq -e trace=clone,clone3,fork,vfork,execve,execveat -o "$trace" -p "$pid" 2>/dev/null &
  tracer=$!
  within 20 sh -c "grep -q '^TracerPid:.*[1-9]' /proc/$pid/status" >/dev/null
  "$@" >/dev/null 2>&1
  kill -INT "$tracer"
  wait "$tracer"
  awk '/resumed>/ { line = $0 } { line = $0 }
    line ~ /(clone|fork)[0-9]*\(/ && line !~ /CLONE_THREAD/ { made++ }
    line ~ /execve(at)?\(/ { executed++ }
    END { printf "%d %d", made, executed }' "$trace"
}

measure() { # NAME: leaves figures in result[NAME.WHAT]
  local name=$1 pid i before began
  select_runtime "$name"
  run_detached one
  pid=$(shims)
  sleep 3 # what start-up has freed is given back by now
  result[$name.one]=$(memory_of "$pid")
  ctr task exec --exec-id warm one true
  result[$name.exec]=$(processes_of "$pid" ctr task exec --exec-id traced one true)
  before=$(cpu_of "$pid")
  began=$(date +%s%N)
  for ((i = 0; i < execs; i++)); do ctr task exec --exec-id "e$i" one true; done
  result[$name.exec_ms]=$(awk -v began="$began" -v ended="$(date +%s%N)" -v count="$execs" 'BEGIN { printf "%.1f", (ended - began) / count / 1e6 }')
  result[$name.exec_cpu]=$(awk -v before="$before" -v after="$(cpu_of "$pid")" -v count="$execs" 'BEGIN { printf "%.2f", (after - before) / count }')
  result[$name.after]=$(memory_of "$pid")
  remove one
  within 30 no_shim >/dev/null

  for i in 1 2 3 4; do run_detached "pod$i" --annotation io.containerd.runc.v2.group=pod; done
  sleep 3
  result[$name.pod]=$(memory_of "$(shims)")
  for i in 4 3 2 1; do remove "pod$i"; done
  within 30 no_shim >/dev/null

  for ((i = 0; i < pods; i++)); do run_detached "many$i"; done
  sleep 3
  result[$name.many]=$(for pid in $(shims); do echo "$(field status VmRSS "$pid") $(field status RssAnon "$pid") $(field smaps_rollup Pss "$pid")"; done |
    awk '{ rss += $1; private += $2; pss += $3 } END { printf "%.1f %.1f %.1f", rss / 1000, private / 1000, pss / 1000 }')
  for ((i = 0; i < pods; i++)); do remove "many$i"; done
  within 60 no_shim >/dev/null

  result[$name.run]=$(for ((i = 0; i < runs; i++)); do timed ctr run --rm --null-io "${ctr_runtime[@]}" "$image" "r$i" true; done | median_ms)
}

# row TITLE KEY FIELD: of a figure of several words, FIELD is the word.
row() {
  local name line="| $1 |"
  for name in "${bench_names[@]}"; do line+=" $(cut -d' ' -f"$3" <<<"${result[$name.$2]}") |"; done
  echo "$line"
}

declare -A result=()
write_containerd_config
start_containerd
import_images default
load=$(cut -d' ' -f1 /proc/loadavg)
for name in "${bench_names[@]}"; do measure "$name"; done

echo "$(date -u +%F), $(nproc) CPUs, Linux $(uname -r), load $load before and $(cut -d' ' -f1 /proc/loadavg) after; $(containerd --version | cut -d' ' -f3), cgroups $VIEW"
echo
line='| |' rule='|---|'
for name in "${bench_names[@]}"; do
  if [ "$name" = myrt ]; then line+=' containerd-shim-myrt-v2 |'; else line+=" containerd-shim-runc-v2, $("$name" --version | head -1) |"; fi
  rule+='---:|'
done
echo "$line"
echo "$rule"
row 'one container: resident, MB' one 1
row 'private, MB' one 2
row 'proportional, MB' one 3
row "after $execs execs: resident, MB" after 1
row 'private, MB' after 2
row 'pod of 4: resident, MB' pod 1
row 'private, MB' pod 2
row 'proportional, MB' pod 3
row "$pods pods: private in all, MB" many 2
row 'proportional in all, MB' many 3
row 'exec: processes made' exec 1
row 'exec: programs executed' exec 2
row "exec: CPU of shim and children, ms (mean of $execs)" exec_cpu 1
row 'exec: wall with ctr, ms (mean)' exec_ms 1
row "ctr run --rm: wall, ms (median of $runs)" run 1
