#!/bin/bash
# What the callers of a runtime rely on and no specification says: the pid file, the log, the texts that engines match, what a process
# inherits. Numbered as the twenty points that break a drop-in replacement.
source "$(dirname "$0")/lib.sh"

log=$work/cases/log
# logged ARGUMENTS...: as containerd and podman call it.
logged() { try runtime --log "$log" --log-format json "$@"; }
last_error() { jq -rs 'map(select(.level == "error")) | last | .msg' "$log"; }

pid_file_format() {
  new_bundle
  # A new file by rename: whoever has the old one open never sees it half written.
  echo old >"$bundle/pid"
  ln "$bundle/pid" "$bundle/old"
  create --pid-file "$bundle/pid"
  same "$(od -An -c "$bundle/pid" | tr -d ' \n')" "$(state_of pid)"
  same "$(<"$bundle/old")" old
  start
  must runtime exec --detach --pid-file "$bundle/exec.pid" "$id" sleep 500
  matches "$(od -An -c "$bundle/exec.pid" | tr -d ' \n')" '^[0-9]+$'
  try runtime exec --detach --pid-file "$bundle/failed.pid" "$id" no-such-program
  is_status 255
  [ ! -e "$bundle/failed.pid" ] || fail 'a pid file of a failed exec'
  same "$(ls -A "$bundle" | tr '\n' ' ')" 'config.json exec.pid old pid ' 'what is in the bundle'
}

two_places() {
  logged state no-such-container
  is_status 1
  same "$err" 'container does not exist'
  same "$(last_error)" 'container does not exist'
  try runtime state no-such-container
  matches "$err" '^time="20[0-9T:+Z-]+" level=error msg="container does not exist"$'
}

json_lines() {
  local number pids=()
  echo '{"level":"info","msg":"of the caller","time":"2026-01-01T00:00:00Z"}' >"$log"
  for number in $(seq 20); do
    "$RUNTIME" --root "$state_root" --log "$log" --log-format json state "missing-$number" 2>/dev/null &
    pids+=($!)
  done
  for number in "${pids[@]}"; do wait "$number" || :; done
  same "$(wc -l <"$log")" 21
  same "$(jq -r '[.level, .msg, .time | type] | join(",")' "$log" | sort -u)" string,string,string
  # As Go's time has it: RFC 3339.
  same "$(jq -r .time "$log" | grep -cE '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$')" 21
}

one_object() {
  # Also when there are warnings on the way to the error.
  new_bundle no-such-program
  edit '.process.capabilities.bounding += ["CAP_FUTURE"]'
  logged create --bundle "$bundle" "$id"
  is_status 1
  same "$(wc -l <"$log")" 1
  contains "$(jq -r .msg "$log")" 'executable file not found in $PATH'
  same "$(jq -r .level "$log")" error
}

log_is_appended() {
  local inode
  echo '{"level":"info","msg":"before","time":"2026-01-01T00:00:00Z"}' >"$log"
  inode=$(stat -c %i "$log")
  logged state no-such-container
  same "$(stat -c %i "$log")" "$inode"
  same "$(jq -r .msg "$log" | head -1)" before
  contains "$("$RUNTIME" --root "$state_root" --log /proc/self/fd/9 --log-format json state none 9>&1 2>/dev/null)" '"level":"error"'
}

text_of_create() { # COMMAND TEXT...
  new_bundle "$1"
  shift
  logged create --bundle "$bundle" "$id"
  is_status 1
  while [ $# -gt 0 ]; do
    contains "$err" "$1"
    contains "$(last_error)" "$1"
    shift
  done
}
missing_command() { text_of_create nosuch 'unable to start container process: exec: "nosuch": executable file not found in $PATH'; }
missing_path() { text_of_create /x 'unable to start container process: exec: "/x": stat /x: no such file or directory'; }
directory_as_command() { text_of_create /etc 'unable to start container process: exec: "/etc": permission denied'; }
file_as_command() { text_of_create /etc/passwd 'unable to start container process: exec: "/etc/passwd": permission denied'; }
directory_in_the_way() { text_of_create /etc/passwd/x 'unable to start container process: exec: "/etc/passwd/x": stat /etc/passwd/x: not a directory'; }

texts_of_exec() {
  new_bundle
  run_detached
  local command text
  while IFS='|' read -r command text; do
    logged exec "$id" "$command"
    is_status 255
    matches "$err" '^exec failed: '
    contains "$err" "unable to start container process: exec: \"$command\": $text"
    contains "$(last_error)" "$err"
  done <<'TABLE'
nosuch|executable file not found in $PATH
/x|stat /x: no such file or directory
/etc|permission denied
TABLE
}

# Whoever calls us by the name of runc gets its words (so do those who look for them in a log).
beginning_of_failures() {
  new_bundle nosuch
  ln -s "$(realpath "$RUNTIME")" "$bundle/runc"
  try "$bundle/runc" --root "$state_root" create --bundle "$bundle" "$id"
  is_status 1
  contains "$err" 'runc create failed: unable to start container process: exec: '
  try "$bundle/runc" --root "$state_root" run --bundle "$bundle" "$id"
  is_status 1
  contains "$err" 'runc run failed: unable to start container process: exec: '
}

text_of_missing_interpreter() {
  new_bundle /script
  own_rootfs
  printf '#!/no/such/interpreter\n' >"$bundle/rootfs/script"
  chmod +x "$bundle/rootfs/script"
  try runtime run --bundle "$bundle" "$id"
  [ "$status" -ne 0 ]
  contains "$err" 'exec /script: no such file or directory'
}

text_of_used_id() {
  new_bundle
  create
  logged create --bundle "$bundle" "$id"
  is_status 1
  contains "$err" 'container with given ID already exists'
}

texts_of_unknown_id() {
  local verb
  for verb in 'state x' 'start x' 'kill x 9' 'delete x' 'pause x' 'resume x' 'ps x' 'update --pids-limit 1 x' 'events --stats x'; do
    logged $verb
    is_status 1
    contains "$err" 'container does not exist'
  done
  logged exec x true
  is_status 255
  contains "$err" 'container does not exist'
}

texts_of_states() {
  new_bundle
  run_detached
  logged start "$id"
  is_status 1
  contains "$err" 'cannot start an already running container'
  logged resume "$id"
  is_status 1
  contains "$err" 'container not paused'
  logged delete "$id"
  is_status 1
  contains "$err" "cannot delete container $id that is not stopped: running"
  must runtime pause "$id"
  logged exec "$id" true
  is_status 255
  contains "$err" 'cannot exec in a paused container (use --ignore-paused to override)'
  must runtime resume "$id"
  must runtime kill "$id" KILL
  wait_status stopped
  logged start "$id"
  is_status 1
  contains "$err" 'cannot start a container that has stopped'
  logged exec "$id" true
  is_status 255
  contains "$err" 'cannot exec in a stopped container'
  logged kill "$id" KILL
  is_status 1
  contains "$err" 'container not running'
}

texts_of_usage() {
  local verb
  for verb in create start state delete; do
    try runtime $verb
    is_status 1
    contains "$out" Usage
    contains "$err" 'requires exactly 1 argument'
  done
  try runtime no-such-command
  is_status 3
}

words_of_errno() {
  # In the spelling of Go's syscall package.
  new_bundle
  edit '.root.path = "/no/such/rootfs"'
  logged create --bundle "$bundle" "$id"
  contains "$err" 'no such file or directory'
  new_bundle
  edit '.root.path = "/etc/passwd"'
  logged create --bundle "$bundle" "$id"
  contains "$err" 'not a directory'
  new_bundle
  edit '.mounts += [{"destination": "/m", "type": "tmpfs", "source": "tmpfs", "options": ["size=nonsense"]}]'
  logged create --bundle "$bundle" "$id"
  contains "$err" 'invalid argument'
}

kill_all_of_dead() {
  new_bundle
  without_namespace pid
  shell 'sleep 1000 & exit 0'
  run_detached
  wait_status stopped
  wait_until pgrep -x sleep # until then it is a copy of the shell
  # KILL without --all is meant for what is left as well, as with runc since 1.2.
  logged kill "$id" TERM
  is_status 1
  contains "$err" 'container not running'
  must runtime kill --all "$id" 9
  wait_until sh -c '! pgrep -x sleep'
  must runtime kill --all "$id" 9
  must runtime kill -a "$id" KILL
}

delete_force() {
  must runtime delete --force no-such-container
  logged delete no-such-container
  is_status 1
  contains "$err" 'does not exist'
  new_bundle
  without_namespace pid
  shell 'sleep 1000 & exit 0'
  run_detached
  wait_status stopped
  wait_until pgrep -x sleep
  must runtime delete --force "$id"
  wait_until sh -c '! pgrep -x sleep'
  must runtime delete --force "$id"
}

leaked_descriptors() {
  # A pipe whose write end leaks: its reader waits for ever.
  new_bundle
  mkfifo "$bundle/pipe"
  exec 10<>"$bundle/pipe" 3</etc/passwd
  create
  ls "/proc/$(state_of pid)/fd" >"$bundle/fds"
  # The socket of the start gate is init's own, and closes with execve.
  ! ls -l "/proc/$(state_of pid)/fd" | grep -E 'pipe$|passwd' || fail 'a descriptor of the caller in the created container'
  start
  must runtime exec --detach --pid-file "$bundle/exec.pid" "$id" sleep 500
  local pid
  for pid in "$(state_of pid)" "$(<"$bundle/exec.pid")"; do
    wait_until sh -c "[ \"\$(ls /proc/$pid/fd | tr '\n' ' ')\" = '0 1 2 ' ]"
  done
}

signal_dispositions() {
  new_bundle
  try sh -c "trap '' PIPE INT QUIT; '$RUNTIME' --root '$state_root' create --bundle '$bundle' $id && '$RUNTIME' --root '$state_root' start $id"
  is_status 0
  local pid
  pid=$(state_of pid)
  wait_until grep -q '^sleep' "/proc/$pid/comm"
  same "$(grep -E '^Sig(Blk|Ign)' "/proc/$pid/status" | tr -s '\n\t' '  ')" 'SigBlk: 0000000000000000 SigIgn: 0000000000000000 '
}

# python BODY: runs Python with prctl() and the runtime's command line in argv.
python() {
  python3 -c "
import ctypes, os, signal, subprocess, sys
prctl = ctypes.CDLL(None).prctl
runtime = [sys.argv[1], '--root', sys.argv[2]]
$1" "$RUNTIME" "$state_root" "${@:2}"
}

parent_death() {
  new_bundle
  python "
def die_with_parent(): prctl(1, signal.SIGKILL)
for words in (['create', '--bundle', sys.argv[3], sys.argv[4]], ['start', sys.argv[4]], ['exec', '--detach', '--pid-file', sys.argv[3] + '/exec.pid', sys.argv[4], 'sleep', '500']):
    subprocess.run(runtime + words, preexec_fn=die_with_parent, check=True)
" "$bundle" "$id"
  # The caller is gone as well.
  same "$(state_of status)" running
  [ -d "/proc/$(<"$bundle/exec.pid")" ] || fail 'the process of exec died with its caller'
}

subreaper() {
  # The shim waits for the pid of the pid file and takes its status.
  new_bundle sh -c 'exit 42'
  same "$(python "
prctl(36, 1)
def run(*words): subprocess.run(runtime + list(words), check=True)
def status(file): return os.waitstatus_to_exitcode(os.waitpid(int(open(file).read()), 0)[1])
bundle, container = sys.argv[3:5]
run('create', '--bundle', bundle, '--pid-file', bundle + '/pid', container)
run('start', container)
print(status(bundle + '/pid'))
run('delete', container)
run('run', '--detach', '--bundle', bundle, '--pid-file', bundle + '/pid', container)
print(status(bundle + '/pid'))
" "$bundle" "$id")" $'42\n42'
  must runtime delete "$id"
  new_bundle
  run_detached
  same "$(python "
prctl(36, 1)
bundle, container = sys.argv[3:5]
subprocess.run(runtime + ['exec', '--detach', '--pid-file', bundle + '/exec.pid', container, 'sh', '-c', 'kill -9 \$\$'], check=True)
print(os.waitstatus_to_exitcode(os.waitpid(int(open(bundle + '/exec.pid').read()), 0)[1]))
" "$bundle" "$id")" -9
}

streams() {
  new_bundle sh -c 'echo done; stat -L -c %u /proc/self/fd/1'
  edit '.process.user = {"uid": 1000, "gid": 1000}'
  # The reader sees the end as soon as the container has ended, though start and its caller live on.
  same "$(timeout 60 sh -c "{ '$RUNTIME' --root '$state_root' create --bundle '$bundle' $id </dev/null && \
    '$RUNTIME' --root '$state_root' start $id >/dev/null; } | cat")" $'done\n1000'
  same "$(stat -c '%u' /dev/null)" 0
}

version_and_features() {
  must runtime --version
  matches "$(head -1 <<<"$out")" '^[a-z-]+ version [0-9]+\.[0-9]+'
  matches "$out" $'\ncommit: [0-9a-z]+'
  matches "$out" $'\nspec: 1\\.[0-9]'
  ln -s "$RUNTIME" "$work/cases/runc"
  same "$("$work/cases/runc" --version | head -1 | cut -d ' ' -f 1,2)" 'runc version'
  must runtime features
  same "$err" ''
  jq -e .ociVersionMin <<<"$out" >/dev/null
}

checkpoint_probes() {
  must runtime checkpoint --help
  try runtime restore --lsm-mount-context
  differs "$status" 0
  case $out$err in *'flag needs an argument'* | *'requires an argument'*) ;; *) fail "$out" "$err" ;; esac
}

update_documents() {
  needs_controller memory
  new_bundle
  edit '.linux.resources = {"memory": {"limit": 67108864}, "pids": {"limit": 77}}'
  run_detached
  echo '{"memory":{"limit":134217728,"reservation":0,"swap":268435456,"kernel":0},"cpu":{"shares":0,"quota":0,"period":0},"blockIO":{"weight":0}}' |
    runtime update --resources - "$id"
  echo '{"devices":[{"allow":false,"access":"rwm"}],"memory":{},"cpu":{"shares":512}}' | runtime update --resources=- "$id"
  same "$(cat "$(cgroup_dir pids)/pids.max")" 77
  try runtime exec "$id" sh -c 'echo x >/dev/null && head -c 1 /dev/zero | wc -c'
  is_status 0
}

option_syntax() {
  new_bundle true
  run_ok
  must runtime run --bundle="$bundle" --pid-file="$bundle/pid" "$id"
  must runtime run -bundle "$bundle" -pid-file "$bundle/pid" -no-subreaper "$id"
  must runtime run -b "$bundle" "$id"
  must "$RUNTIME" "--root=$state_root" --debug=false "--root=$state_root" run -b "$bundle" "$id"
  new_bundle
  must runtime run -d -b "$bundle" "$id"
  must runtime exec -d -e ONE=1 -u 1000:1000 "$id" sleep 500
  jq '.process | .args = ["true"]' "$bundle/config.json" >"$bundle/process.json"
  must runtime exec -p "$bundle/process.json" "$id"
  must runtime list -q -f table
  must runtime ps -f json "$id"
  echo '{}' | runtime update -r - "$id"
  must runtime kill -a "$id" KILL
  wait_status stopped
  must runtime delete -f "$id"
}

state_file_of_the_view() {
  new_bundle
  run_detached
  local view=$state_root/$id/state.json
  same "$(jq -r .id "$view")" "$id"
  same "$(jq -r .init_process_pid "$view")" "$(state_of pid)"
  same "$(jq -r '.init_process_start | type' "$view")" number
  if [ "$cgroup_version" = 1 ]; then
    same "$(jq -r .cgroup_paths.devices "$view")" "$(cgroup_dir devices)"
  else
    same "$(jq -r '.cgroup_paths[""]' "$view")" "$(cgroup_dir)"
  fi
}

moved_cgroup() {
  # Guardian throttles in this way: it moves the processes and writes the file anew, without what it does not know.
  needs_v2
  new_bundle
  run_detached
  local view=$state_root/$id/state.json other=$cgroup_root/cases/$id-throttled pid
  pid=$(state_of pid)
  mkdir "$other"
  echo "$pid" >"$other/cgroup.procs"
  jq --arg path "$other" '{id, init_process_pid, init_process_start, created, config, rootless, cgroup_paths: {"": $path}, namespace_paths}' \
    "$view" >"$view.new"
  mv "$view.new" "$view"
  must runtime ps --format json "$id"
  same "$out" "[$pid]"
  must runtime exec --detach --pid-file "$bundle/exec.pid" "$id" sleep 500
  contains "$(cat "/proc/$(<"$bundle/exec.pid")/cgroup")" "$id-throttled"
  must runtime pause "$id"
  same "$(state_of status)" paused
  must runtime resume "$id"
  must runtime delete --force "$id"
  [ ! -d "$other" ] || fail "$other is left"
  [ ! -d "$(cgroup_dir)" ] || fail "$(cgroup_dir) is left"
}

state_keys() {
  new_bundle
  run_detached
  must runtime state "$id"
  same "$(jq -r .rootfs <<<"$out")" "$rootfs"
  same "$(jq -r .bundle <<<"$out")" "$bundle"
  matches "$(jq -r .created <<<"$out")" '^20[0-9-]{8}T[0-9:]{8}(\.[0-9]{1,9})?(Z|[+-][0-9:]{5})$'
  # What CRI-O decodes into a structure of its own.
  same "$(jq -c '[keys[] | select(IN("started", "finished", "exitCode", "oomKilled", "error", "initPid"))]' <<<"$out")" '[]'
  must runtime pause "$id"
  same "$(state_of status)" paused
  must runtime resume "$id"
  must runtime kill "$id" KILL
  wait_status stopped
  same "$(state_of pid)" 0
}

nearly_no_environment() {
  new_bundle sh -c 'echo hi'
  try env -i XDG_RUNTIME_DIR= "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id"
  is_status 0
  same "$out" hi
  # The default root of real root is the same with and without it.
  local directory
  for directory in '' "$work/cases/xdg"; do
    try env -i XDG_RUNTIME_DIR="$directory" "$RUNTIME" --debug list
    contains "$err" 'root `/run/'
  done
  [ ! -e "$work/cases/xdg" ] || fail 'the root is below XDG_RUNTIME_DIR'
}

it 'contract §0.1: the pid file has digits alone, comes by rename, and not for a failed exec' pid_file_format
it 'contract §0.2: the error is in the log and plainly on standard error' two_places
it 'contract §0.3: the log is a stream of JSON objects, whoever writes at the same time' json_lines
it 'contract §0.4: a failure is one object in the log' one_object
it 'contract §0.5: the log is appended to, and may be a pipe' log_is_appended
it 'contract §0.6, §2.1: a command that is missing' missing_command
it 'contract §0.6, §2.1: an absolute path that is missing' missing_path
it 'contract §0.6, §2.1: a command that is a directory' directory_as_command
it 'contract §0.6, §2.1: a command that is not executable' file_as_command
it 'contract §0.6, §2.1: a command below a file' directory_in_the_way
it 'contract §0.6, §2.1: create and run failed, as runc says it' beginning_of_failures
it 'contract §0.6, §2.1: a script whose interpreter is missing' text_of_missing_interpreter
it 'contract §0.6, §2.1: exec says exec failed, with the same words' texts_of_exec
it 'contract §0.6, §2.1: an id that is in use' text_of_used_id
it 'contract §0.6, §2.1: an id that is unknown' texts_of_unknown_id
it 'contract §0.6, §2.1: what a state does not allow' texts_of_states
it 'contract §0.6, §2.1: usage' texts_of_usage
it 'contract §0.6, §2.1: the words of errno' words_of_errno
it 'contract §0.7: kill --all of a dead init is no error and reaches what it left' kill_all_of_dead
it 'contract §0.8: delete --force of nothing, and of a stopped container that left processes' delete_force
it 'contract §0.9: no descriptor of the caller is in the container' leaked_descriptors
it 'contract §0.10: ignored signals are not inherited' signal_dispositions
it 'contract §0.11: nothing dies with a caller that sets PDEATHSIG' parent_death
it 'contract §0.12: detached processes are children of the subreaper, with their status' subreaper
it 'contract §0.13: nothing of the runtime holds the streams, and they belong to the user' streams
it 'contract §0.14: the version line is parsed, features are JSON alone' version_and_features
it 'contract §0.15: the probes for checkpoint and restore' checkpoint_probes
it 'contract §0.16: zeros and devices of update documents change nothing' update_documents
it 'contract §0.17: every way to write an option' option_syntax
it 'contract §0.18: state.json is what Guardian reads' state_file_of_the_view
it 'contract §0.18: a cgroup that Guardian wrote into state.json is the container'\''s' moved_cgroup
it 'contract §0.19: the keys of state' state_keys
it 'contract §0.20: nothing depends on the environment' nearly_no_environment
finish
