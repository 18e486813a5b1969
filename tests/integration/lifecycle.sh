#!/bin/bash
# create, start, state, kill, delete, run, list: what they do, what they print, how they refuse.
source "$(dirname "$0")/lib.sh"

created_not_run() {
  new_bundle
  shell 'touch /tmp/ran; sleep 1000'
  own_rootfs
  create
  same "$(state_of status)" created
  same "$(state_of id)" "$id"
  same "$(state_of bundle)" "$bundle"
  [ -d "/proc/$(state_of pid)" ] || fail 'the pid is not a process'
  [ ! -e "$bundle/rootfs/tmp/ran" ] || fail 'the program ran before start'
  start
  same "$(state_of status)" running
  wait_until test -e "$bundle/rootfs/tmp/ran"
}

state_document() {
  new_bundle
  edit '.annotations = {"org.example.key": "value"}'
  create
  must runtime state "$id"
  same "$(jq -r '.ociVersion | type' <<<"$out")" string
  same "$(jq -r '.pid | type' <<<"$out")" number
  same "$(jq -r '.rootfs' <<<"$out")" "$rootfs"
  same "$(jq -r '.owner | type' <<<"$out")" string
  same "$(jq -c '.annotations' <<<"$out")" '{"org.example.key":"value"}'
  matches "$(jq -r '.created' <<<"$out")" '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,9})?(Z|[+-][0-9:]{5})$'
}

stopped_state() {
  new_bundle true
  run_detached
  wait_status stopped
  same "$(state_of pid)" 0
}

zombie_is_stopped() {
  # This shell's child is the caller that never waits for the container's init.
  new_bundle true
  create
  local pid
  pid=$(state_of pid)
  start
  wait_until sh -c "! kill -0 $pid 2>/dev/null || grep -q 'State:.Z' /proc/$pid/status"
  wait_status stopped
}

relative_bundle() {
  new_bundle
  cd "$work/cases"
  must runtime create --bundle "./$(basename "$bundle")" "$id"
  same "$(state_of bundle)" "$bundle"
}

default_bundle() {
  new_bundle
  cd "$bundle"
  must runtime create "$id"
  same "$(state_of bundle)" "$bundle"
}

id_in_use() {
  new_bundle
  create
  local pid
  pid=$(state_of pid)
  try runtime create --bundle "$bundle" "$id"
  is_status 1
  contains "$err" 'container with given ID already exists'
  same "$(state_of status)" created
  same "$(state_of pid)" "$pid"
}

bad_ids() {
  local bad
  new_bundle
  for bad in '' . .. a/b '../x' 'a b' 'a*' 'ü' "a"$'\n'"b"; do
    try runtime create --bundle "$bundle" "$bad"
    [ "$status" -ne 0 ] || fail "id \`$bad\` is accepted"
    [ -n "$err" ] || fail "id \`$bad\`: no message"
  done
  id=A-z_0.9+
  create
}

unknown_id() {
  local verb
  for verb in state start 'kill x 9' pause resume 'exec x true' 'delete' 'ps' 'events --stats'; do
    case $verb in
      *' x '*) try runtime ${verb/ x / no-such-container } ;;
      *) try runtime $verb no-such-container ;;
    esac
    case $verb in exec*) is_status 255 ;; *) is_status 1 ;; esac
    contains "$err" 'container does not exist'
  done
}

wrong_argument_count() {
  local verb
  for verb in state start create delete pause resume; do
    try runtime $verb
    is_status 1
    contains "$err" 'requires exactly 1 argument'
    try runtime $verb one two
    is_status 1
    contains "$err" 'requires exactly 1 argument'
  done
}

unknown_command() {
  try runtime no-such-command
  is_status 3
}

start_twice() {
  new_bundle
  run_detached
  try runtime start "$id"
  is_status 1
  contains "$err" 'cannot start an already running container'
  same "$(state_of status)" running
}

start_stopped() {
  new_bundle true
  run_detached
  wait_status stopped
  try runtime start "$id"
  is_status 1
  contains "$err" 'cannot start a container that has stopped'
}

kill_words() {
  local word
  for word in TERM SIGTERM 15 term sigterm; do
    new_bundle
    shell 'trap "exit 0" TERM; touch /tmp/ready; while :; do sleep 0.05; done'
    own_rootfs
    run_detached
    wait_until test -e "$bundle/rootfs/tmp/ready"
    must runtime kill "$id" "$word"
    wait_status stopped
  done
}

kill_default_term() {
  new_bundle
  shell 'trap "touch /tmp/term; exit 0" TERM; touch /tmp/ready; while :; do sleep 0.05; done'
  own_rootfs
  run_detached
  wait_until test -e "$bundle/rootfs/tmp/ready"
  must runtime kill "$id"
  wait_status stopped
  [ -e "$bundle/rootfs/tmp/term" ] || fail 'the default signal is not TERM'
}

stop_signal_of_the_image() {
  # What an image names is what kill without a signal sends; a word that is no signal is only a warning.
  local word
  for word in USR1 SIGUSR1 10 no-such-signal; do
    new_bundle
    edit '.annotations = {"org.opencontainers.image.stopSignal": $word, "org.opencontainers.image.os": "plan9"}' --arg word $word
    shell 'trap "exit 0" USR1 TERM; touch /tmp/ready; while :; do sleep 0.05; done'
    [ $word = no-such-signal ] || shell 'trap "exit 0" USR1; trap "" TERM; touch /tmp/ready; while :; do sleep 0.05; done'
    own_rootfs
    run_detached
    wait_until test -e "$bundle/rootfs/tmp/ready"
    must runtime kill "$id"
    wait_status stopped
  done
}

kill_realtime() {
  new_bundle
  shell 'trap "exit 0" 36; touch /tmp/ready; while :; do sleep 0.05; done'
  own_rootfs
  run_detached
  wait_until test -e "$bundle/rootfs/tmp/ready"
  must runtime kill "$id" RTMIN+2
  wait_status stopped
}

kill_bad_signal() {
  new_bundle
  create
  local bad
  for bad in NOSUCH 9x -1; do
    try runtime kill "$id" "$bad"
    [ "$status" -ne 0 ] || fail "signal \`$bad\` is accepted"
  done
  same "$(state_of status)" created
}

kill_stopped() {
  new_bundle true
  run_detached
  wait_status stopped
  try runtime kill "$id" KILL
  is_status 1
  contains "$err" 'container not running'
  must runtime kill --all "$id" KILL
}

kill_created() {
  new_bundle
  create
  must runtime kill "$id" KILL
  wait_status stopped
}

kill_created_by_term() {
  new_bundle
  create
  must runtime kill "$id" TERM
  wait_status stopped
}

kill_ends_shared_pid_namespace() {
  new_bundle
  shell 'sleep 1000 & sleep 1000 & wait'
  without_namespace pid
  run_detached
  wait_until sh -c "[ \$('$RUNTIME' --root '$state_root' ps --format json '$id' | jq length) -eq 3 ]"
  must runtime kill "$id" KILL
  wait_until sh -c '! pgrep -x sleep'
  wait_status stopped
  must runtime kill "$id" KILL
}

kill_all() {
  new_bundle
  shell 'sleep 1000 & sleep 1000 & wait'
  without_namespace pid
  edit '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
  run_detached
  wait_until sh -c "[ \$('$RUNTIME' --root '$state_root' ps --format json '$id' | jq length) -eq 3 ]"
  must runtime kill --all "$id" KILL
  wait_status stopped
  wait_until sh -c "! pgrep -x sleep"
}

shared_pid_leftovers() {
  new_bundle
  without_namespace pid
  shell 'sleep 1000 & exit 0'
  run_detached
  wait_status stopped
  wait_until pgrep -x sleep # until then it is a copy of the shell
  must runtime kill --all "$id" 9
  wait_until sh -c '! pgrep -x sleep'
  must runtime delete "$id"
}

shared_pid_delete_force() {
  new_bundle
  without_namespace pid
  shell 'sleep 1000 & exit 0'
  run_detached
  wait_status stopped
  wait_until pgrep -x sleep
  must runtime delete --force "$id"
  wait_until sh -c '! pgrep -x sleep'
}

delete_running() {
  new_bundle
  run_detached
  try runtime delete "$id"
  is_status 1
  contains "$err" "cannot delete container $id that is not stopped: running"
  same "$(state_of status)" running
}

delete_force() {
  new_bundle
  run_detached
  local pid
  pid=$(state_of pid)
  must runtime delete --force "$id"
  [ ! -d "/proc/$pid" ] || grep -q 'State:.Z' "/proc/$pid/status" || fail 'init lives on'
  try runtime state "$id"
  is_status 1
  contains "$err" 'does not exist'
}

delete_missing() {
  must runtime delete --force no-such-container
  try runtime delete no-such-container
  is_status 1
  contains "$err" 'does not exist'
}

delete_leaves_nothing() {
  local before
  new_bundle true
  before=$(snapshot)
  create
  differs "$(snapshot)" "$before" 'the snapshot'
  start
  wait_status stopped
  must runtime delete "$id"
  same "$(snapshot)" "$before" 'what is left behind'
  create
  must runtime delete --force "$id"
  same "$(snapshot)" "$before" 'what is left behind'
}

delete_foreign_cgroup() {
  new_bundle
  local parent
  parent=$(dirname "$(cgroup_dir memory)")
  mkdir -p "$parent/neighbour"
  run_detached
  must runtime delete --force "$id"
  [ -d "$parent/neighbour" ] || fail 'a cgroup that is not the container'\''s is gone'
  rmdir "$parent/neighbour"
}

delete_found_cgroup() {
  # Made by somebody else, empty, and the one that the config names: it is used, and stays.
  local directory
  new_bundle
  if [ "$cgroup_version" = 1 ]; then
    for directory in $cgroup_root/*/; do
      [ ! -e "$directory/cgroup.procs" ] || mkdir -p "$directory/cases/$id"
    done
  else
    mkdir -p "$cgroup_root/cases/$id"
  fi
  local before
  before=$(snapshot)
  run_detached
  contains "$(cat "/proc/$(state_of pid)/cgroup")" "/cases/$id"
  mkdir "$(cgroup_dir pids)/below" 2>/dev/null || mkdir "$(cgroup_dir freezer)/below"
  must runtime delete --force "$id"
  same "$(snapshot)" "$before" 'what is left'
  find $cgroup_root -depth -type d -path "*/cases/$id" -exec rmdir {} +
}

run_status() {
  local code
  for code in 0 1 42 255; do
    new_bundle sh -c "exit $code"
    run
    is_status $code
  done
}

run_signal_status() {
  new_bundle sh -c 'kill -9 $$'
  without_namespace pid
  run
  is_status 137
}

run_output() {
  new_bundle sh -c 'echo to-stdout; echo to-stderr >&2'
  run_ok
  same "$out" to-stdout
  same "$err" to-stderr
}

run_input() {
  new_bundle cat
  same "$(echo through | runtime run --bundle "$bundle" "$id")" through
}

run_leaves_nothing() {
  new_bundle true
  local before
  before=$(snapshot)
  run_ok
  same "$(snapshot)" "$before" 'what is left behind'
}

run_forwards_signals() {
  new_bundle
  shell 'trap "exit 33" TERM; touch /tmp/ready; while :; do sleep 0.05; done'
  own_rootfs
  local code=0
  "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id" &
  local pid=$!
  wait_until test -e "$bundle/rootfs/tmp/ready"
  kill -TERM $pid
  wait $pid || code=$?
  same $code 33
}

run_detach() {
  new_bundle
  run_detached --pid-file "$bundle/pid"
  same "$(state_of status)" running
  same "$(<"$bundle/pid")" "$(state_of pid)"
}

run_keep() {
  new_bundle true
  run_ok --keep
  same "$(state_of status)" stopped
  must runtime delete "$id"
}

pid_file() {
  new_bundle
  create --pid-file "$bundle/pid"
  same "$(od -An -c "$bundle/pid" | tr -d ' \n')" "$(state_of pid)"
}

pid_file_absent() {
  new_bundle no-such-program
  try runtime create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
  is_status 1
  [ ! -e "$bundle/pid" ] || fail 'a pid file of a failed create'
}

list_table() {
  new_bundle
  run_detached
  must runtime list
  matches "$(head -1 <<<"$out")" '^ID +PID +STATUS +BUNDLE +CREATED +OWNER$'
  matches "$(tail -1 <<<"$out")" "^$id +[0-9]+ +running +$bundle +[^ ]+ +root$"
  must runtime list --quiet
  same "$out" "$id"
}

list_json() {
  must runtime list --format json
  same "$out" null
  new_bundle
  run_detached
  must runtime list --format json
  same "$(jq -r '.[0].id' <<<"$out")" "$id"
  same "$(jq -r '.[0].status' <<<"$out")" running
  same "$(wc -l <<<"$out")" 1
}

# The two look in different ways: `list` with as few system calls as it can.
list_agrees() {
  local frozen gone half=half-made all container
  new_bundle
  create
  new_bundle
  run_detached
  gone=$id
  must runtime kill "$gone" KILL
  wait_until sh -c "'$RUNTIME' --root '$state_root' state $gone | grep -q stopped"
  new_bundle
  run_detached
  frozen=$id
  must runtime pause "$frozen"
  new_bundle
  edit '.annotations = {"with \"quotes\"": "and ümlauts"}'
  run_detached
  mkdir "$state_root/$half"
  ln -s "$frozen" "$state_root/link"
  must runtime list --format json
  all=$out
  for container in $(jq -r '.[].id' <<<"$all"); do
    same "$(jq -S ".[] | select(.id == \"$container\") | del(.owner)" <<<"$all")" \
      "$(runtime state "$container" | jq -S 'del(.owner)')"
  done
  must runtime resume "$frozen"
  rmdir "$state_root/$half"
  rm "$state_root/link"
  same "$(jq -r 'map(.status) | sort | join(" ")' <<<"$all")" 'created paused running stopped stopped'
  same "$(jq -r 'map(.owner) | unique | join(" ")' <<<"$all")" root
}

list_no_root() {
  try "$RUNTIME" --root "$work/never-made" list
  is_status 0
}

state_root_is_private() {
  new_bundle
  create
  local mode
  mode=$(stat -c %a "$state_root")
  matches "$mode" '^.[015][015]$'
  try "$RUNTIME" --root "$work/other" state "$id"
  is_status 1
}

edited_config() {
  new_bundle
  shell 'hostname > /tmp/name; sleep 1000'
  own_rootfs
  create
  edit '.hostname = "changed" | .process.args = ["false"]'
  start
  wait_until test -s "$bundle/rootfs/tmp/name"
  same "$(<"$bundle/rootfs/tmp/name")" inside
}

pid_reuse() {
  # The recorded pid with another start time belongs to somebody else.
  new_bundle
  create
  local pid
  pid=$(state_of pid)
  kill -9 "$pid"
  wait_status stopped
  must runtime delete "$id"
}

errors_to_log() {
  local log=$work/cases/log
  try "$RUNTIME" --root "$state_root" --log "$log" --log-format json state no-such-container
  is_status 1
  same "$(jq -s length "$log")" 1
  same "$(jq -r .level "$log")" error
  contains "$(jq -r .msg "$log")" 'container does not exist'
  matches "$(jq -r .time "$log")" '^20[0-9-]{8}T[0-9:]{8}'
  contains "$err" 'container does not exist'
  lacks "$err" 'level='
  try "$RUNTIME" --root "$state_root" --log "$log" --log-format json start no-such-container
  same "$(jq -s length "$log")" 2
  try runtime state no-such-container
  matches "$err" '^time="[^"]+" level=error msg=".*container does not exist'
}

log_to_pipe() {
  local text
  text=$("$RUNTIME" --root "$state_root" --log /proc/self/fd/9 --log-format json state none 9>&1 2>/dev/null) || :
  contains "$text" '"level":"error"'
}

empty_environment() {
  new_bundle sh -c 'echo hi'
  try env -i "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id"
  is_status 0
  same "$out" hi
}

double_globals() {
  new_bundle true
  try "$RUNTIME" "--root=$state_root" --root="$state_root" run -b "$bundle" "$id"
  is_status 0
}

single_dash_options() {
  new_bundle true
  try "$RUNTIME" -root "$state_root" run -bundle="$bundle" -no-subreaper "$id"
  is_status 0
}

features_document() {
  must runtime features
  same "$err" ''
  same "$(jq -r '.ociVersionMin | type' <<<"$out")" string
  contains "$(jq -r '.mountOptions[]' <<<"$out")" rro
  same "$(jq -c '.hooks | sort' <<<"$out")" \
    '["createContainer","createRuntime","poststart","poststop","prestart","startContainer"]'
}

spec_document() {
  new_bundle
  rm "$bundle/config.json"
  must runtime spec --bundle "$bundle"
  edit '.root.path = $rootfs | .process.args = ["echo", "from-spec"] | .process.terminal = false' \
    --arg rootfs "$rootfs"
  run_ok
  same "$out" from-spec
  try runtime spec --bundle "$bundle"
  is_status 1
}

version_line() {
  must runtime --version
  matches "$(head -1 <<<"$out")" "^$runtime_name version [0-9]"
  contains "$out" 'commit: '
  contains "$out" 'spec: '
}

checkpoint_probes() {
  must runtime checkpoint --help
  try runtime restore --lsm-mount-context
  contains "$out$err" 'flag needs an argument'
}

no_process() {
  new_bundle
  edit 'del(.process)'
  create
  try runtime start "$id"
  is_status 1
  contains "$err" process
}

it 'create builds the container and does not run the program [LIF-04,LIF-09,OPS-05,OPS-06,STA-06]' created_not_run
it 'state prints what the caller needs [STA-01,STA-02,STA-03,STA-08,STA-09,STA-10]' state_document
it 'state of a stopped container has pid 0 [STA-05]' stopped_state
it 'a zombie counts as stopped [STA-05]' zombie_is_stopped
it 'a relative bundle is recorded as absolute [BUN-02]' relative_bundle
it 'the bundle defaults to the current directory [OPS-02]' default_bundle
it 'an id in use is refused and its container left alone [OPS-03]' id_in_use
it 'a bad id is refused [OPS-04]' bad_ids
it 'an unknown id is refused by every verb [OPS-01,OPS-09,OPS-13,OPS-16]' unknown_id
it 'a wrong number of arguments is refused [OPS-01]' wrong_argument_count
it 'an unknown command ends with 3' unknown_command
it 'a running container cannot be started [OPS-10]' start_twice
it 'a stopped container cannot be started [OPS-10]' start_stopped
it 'kill understands names with and without SIG, and numbers [OPS-15]' kill_words
it 'kill sends TERM by default [OPS-15]' kill_default_term
it 'kill sends the stop signal of the image when none is given [ANN-04,ANN-05]' stop_signal_of_the_image
it 'kill understands realtime signals [OPS-15]' kill_realtime
it 'a bad signal is refused [OPS-15]' kill_bad_signal
it 'kill of a stopped container is refused, with --all it is not [OPS-14]' kill_stopped
it 'a created container can be killed [OPS-15]' kill_created
it 'a created container ends by TERM, though pid 1 has no handler [OPS-15]' kill_created_by_term
it 'kill KILL ends every process of a shared pid namespace [NSP-11]' kill_ends_shared_pid_namespace
it 'kill --all reaches every process of a shared pid namespace [NSP-11]' kill_all
it 'kill --all ends what a dead init left in a shared pid namespace [NSP-11]' shared_pid_leftovers
it 'delete --force ends what a dead init left in a shared pid namespace [NSP-11]' shared_pid_delete_force
it 'a running container is not deleted [OPS-17]' delete_running
it 'delete --force kills first [OPS-17]' delete_force
it 'delete of a missing container is refused, with --force it is not [OPS-16]' delete_missing
it 'delete leaves nothing, and the id is free again [LIF-11,OPS-18,OPS-20]' delete_leaves_nothing
it 'delete leaves the neighbours'\'' cgroups alone [OPS-19]' delete_foreign_cgroup
it 'delete leaves a cgroup that was there before, and takes what is below it [OPS-19]' delete_found_cgroup
it 'run ends with the status of the process' run_status
it 'run ends with 128 and the signal of the process' run_signal_status
it 'run connects the standard streams [PRC-02]' run_output
it 'run connects standard input [PRC-02]' run_input
it 'run leaves nothing [OPS-18]' run_leaves_nothing
it 'run forwards signals' run_forwards_signals
it 'run --detach returns and leaves the container running' run_detach
it 'run --keep keeps the state' run_keep
it 'the pid file has digits only' pid_file
it 'a failed create leaves no pid file' pid_file_absent
it 'list prints a table and ids' list_table
it 'list says of every container what state says' list_agrees
it 'list prints JSON on one line' list_json
it 'list of a root that does not exist is empty' list_no_root
it 'the state root is not writable by others and has its own ids [LIF-01]' state_root_is_private
it 'later edits of config.json have no effect [CFG-10]' edited_config
it 'a container whose init was killed from outside is stopped [STA-12]' pid_reuse
it 'errors go to the log as one JSON line and plainly to stderr' errors_to_log
it 'the log may be a pipe' log_to_pipe
it 'nothing depends on the environment' empty_environment
it 'global options may be repeated' double_globals
it 'long options may have a single dash' single_dash_options
it 'features prints JSON and nothing else [FEA-01,FEA-02,FEA-05,FEA-06]' features_document
it 'spec writes a configuration that runs' spec_document
it 'the version line is what callers parse' version_line
it 'the probes for checkpoint support are answered' checkpoint_probes
it 'create without a process is allowed, start is not [OPS-08,OPS-12]' no_process
finish
