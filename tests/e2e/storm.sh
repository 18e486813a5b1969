#!/bin/bash
# Many at once: parallel runs and a storm of execs. No hang, no leak, logs that can be parsed.
source "$(dirname "$0")/containerd_lib.sh"

image=docker.io/library/bb:latest
# Each takes a core for a while: the numbers are the issue's in the whole run, and a tenth in CI.
runs=100 execs=500 at_once=24
if [ "${E2E:-all}" = fast ]; then runs=20 execs=50; fi

# each COUNT COMMAND...: COMMAND with 1 to COUNT as its last argument, $at_once at a time. Fails when
# one fails; their words are in $work/each.
each() {
  local count=$1
  shift
  seq "$count" | xargs -P "$at_once" -I '{}' timeout 120 "$@" '{}' >"$work/each" 2>&1
}

parallel_runs() {
  cat >"$work/one-run" <<RUN
#!/bin/sh
out=\$(ctr run --rm ${ctr_runtime[*]} $image run\$1 sh -c "echo from \$1; exit 7" 2>&1)
status=\$?
[ \$status -eq 7 ] && [ "\$out" = "from \$1" ] || { echo "run \$1: status \$status: \$out"; exit 1; }
RUN
  chmod +x "$work/one-run"
  holds "$runs runs, $at_once at once, each with its output and status" shown each "$runs" "$work/one-run"
}
shown() {
  "$@" || {
    tail -20 "$work/each"
    return 1
  }
}

exec_storm() {
  ctr run -d "${ctr_runtime[@]}" "$image" storm sleep 1000
  local shim before after
  shim=$(pgrep -x containerd-shim | head -1)
  before=$(ls "/proc/$shim/fd" | wc -l)
  # Each waits for a line: ctr opens its end of stdout's fifo in the background, and the output of a
  # process that has ended before that is lost (seen with myrt, whose execs are the fastest).
  cat >"$work/one-exec" <<EXEC
#!/bin/sh
out=\$(echo go | ctr task exec --exec-id e\$1 storm sh -c "read go; echo exec \$1; exit 3" 2>&1)
status=\$?
[ \$status -eq 3 ] && [ "\$out" = "exec \$1" ] || { echo "exec \$1: status \$status: \$out"; exit 1; }
EXEC
  chmod +x "$work/one-exec"
  holds "$execs execs, $at_once at once, each with its output and status" shown each "$execs" "$work/one-exec"
  expect 'only the container'\''s process is left in it' 0 1 sh -c 'ctr task ps storm | tail -n +2 | wc -l'
  after=$(ls "/proc/$shim/fd" | wc -l)
  holds "the shim has no descriptor more ($before, $after)" test "$after" -le $((before + 2))
  failing_execs
  ctr task kill -s KILL storm
  within 20 sh -c 'ctr task list | grep -q STOPPED'
  ctr task delete storm >/dev/null 2>&1
  ctr container delete storm
}

# What fails writes its line to the log that all share: each line has to be whole.
failing_execs() {
  local bundle=/run/containerd/io.containerd.runtime.v2.task/default/storm lines
  cat >"$work/one-failure" <<EXEC
#!/bin/sh
out=\$(ctr task exec --exec-id f\$1 storm nosuch\$1 2>&1)
status=\$?
[ \$status -eq 1 ] && echo "\$out" | grep -qF 'exec: "nosuch' || { echo "failing exec \$1: status \$status: \$out"; exit 1; }
EXEC
  chmod +x "$work/one-failure"
  holds 'failing execs at once, each told of' shown each $((execs / 10)) "$work/one-failure"
  [ -z "$SHIM" ] || return 0 # no command of the runtime writes a log
  lines=$(jq -rc 'select(.level == "error") | .msg' "$bundle/log.json" | grep -c nosuch)
  holds "their log is whole lines of JSON, one each ($lines)" test "$lines" -eq $((execs / 10))
}

write_containerd_config
start_containerd
import_images default
part parallel_runs
part exec_storm
nothing_left default default
finish
