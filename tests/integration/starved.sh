#!/bin/bash
# A host in trouble, and two commands at once: a clear error or success, nothing left, no hang.
source "$(dirname "$0")/lib.sh"

# clean_refusal TEXT COMMAND...: it fails with the text, and leaves nothing.
clean_refusal() {
  local text=$1 before
  shift
  before=$(snapshot)
  try timeout 60 "$@"
  [ "$status" -ne 0 ] && [ "$status" -ne 124 ] || fail "exit status $status of $*" "$err"
  contains "$err" "$text"
  same "$(snapshot)" "$before" 'what is left behind'
}

a_full_state_directory() {
  new_bundle
  mkdir -p "$work/cases/full"
  # Room for the directory and for part of the configuration.
  mount -t tmpfs -o size=8k,nr_inodes=20 tmpfs "$work/cases/full"
  head -c 6000 /dev/zero >"$work/cases/full/filler"
  clean_refusal 'no space left on device' "$RUNTIME" --root "$work/cases/full" create --bundle "$bundle" "$id"
  same "$(ls "$work/cases/full")" filler
  umount "$work/cases/full"
}

no_inodes_left() {
  new_bundle
  mkdir -p "$work/cases/full"
  local inodes
  for inodes in 1 2 3 4 5 6; do
    mount -t tmpfs -o size=1m,nr_inodes=$inodes tmpfs "$work/cases/full"
    try timeout 60 "$RUNTIME" --root "$work/cases/full" run --detach --bundle "$bundle" "$id"
    if [ "$status" -eq 0 ]; then
      must "$RUNTIME" --root "$work/cases/full" delete --force "$id"
    else
      contains "$err" 'no space left on device'
    fi
    same "$(ls -A "$work/cases/full")" ''
    umount "$work/cases/full"
  done
}

a_read_only_state_directory() {
  new_bundle
  mkdir -p "$work/cases/ro"
  mount -t tmpfs -o ro tmpfs "$work/cases/ro"
  clean_refusal 'read-only file system' "$RUNTIME" --root "$work/cases/ro" create --bundle "$bundle" "$id"
  umount "$work/cases/ro"
}

proc_is_masked() {
  new_bundle
  clean_refusal '/proc' unshare --mount sh -c "mount -t tmpfs tmpfs /proc && exec \"\$@\"" - "$RUNTIME" --root "$state_root" create --bundle "$bundle" "$id"
}

sys_is_masked() {
  new_bundle
  clean_refusal 'cgroup' unshare --mount sh -c "mount -t tmpfs tmpfs /sys && exec \"\$@\"" - "$RUNTIME" --root "$state_root" create --bundle "$bundle" "$id"
}

few_descriptors() {
  new_bundle
  edit 'del(.process.rlimits)'
  mkdir -p "$state_root"
  local limit succeeded=0
  for limit in 3 4 5 6 8 10 12 16 20 24 32 64 128 256; do
    local before
    before=$(snapshot)
    try timeout 60 sh -c "ulimit -n $limit; exec \"\$@\"" - "$RUNTIME" --root "$state_root" run --detach --bundle "$bundle" "$id"
    if [ "$status" -eq 0 ]; then
      succeeded=1
      must runtime delete --force "$id"
    else
      [ "$status" -ne 124 ] && [ -n "$err" ] || fail "ulimit -n $limit: exit status $status" "$err"
    fi
    same "$(snapshot)" "$before" "what is left with ulimit -n $limit"
  done
  [ $succeeded = 1 ] || fail 'never enough'
}

# in_group CONTROLLER FILE VALUE COMMAND...: runs it in a cgroup of its own with that limit.
in_group() {
  local group file=$2 value=$3
  group=$(cgroup_dir "$1" /starved)
  shift 3
  mkdir -p "$group"
  echo "$value" >"$group/$file"
  try timeout 60 sh -c 'echo $$ >"$0/cgroup.procs" || exit 99; exec "$@"' "$group" "$@"
  rmdir "$group" || :
}

pids_are_exhausted() {
  needs_controller pids
  new_bundle
  edit '.linux.cgroupsPath = "/starved/\($id)"' --arg id "$id"
  mkdir -p "$state_root" "$(cgroup_dir pids /starved)"
  # The container's cgroup is below the limited one.
  echo 0 >"$(cgroup_dir pids /starved)/pids.max"
  try timeout 60 "$RUNTIME" --root "$state_root" create --bundle "$bundle" "$id"
  if [ "$status" -eq 0 ]; then # v1: init moves itself, and a move is always allowed
    must runtime delete --force "$id"
  else
    contains "$err" 'resource temporarily unavailable'
  fi
  [ ! -e "$state_root/$id" ] || fail 'the state directory is still there'
  # The runtime itself has no process left. On v2 the container's is not one of its own cgroup; but
  # nothing may run below a cgroup that has processes, and controllers for its children.
  rmdir "$(cgroup_dir pids /starved)"
  in_group pids pids.max 1 "$RUNTIME" --root "$state_root" create --bundle "$bundle" "$id"
  is_status 1
  if [ "$cgroup_version" = 1 ]; then
    contains "$err" 'resource temporarily unavailable'
  else
    contains "$err" 'into a cgroup whose type is `domain invalid`: operation not supported'
  fi
  [ ! -e "$state_root/$id" ] || fail 'the state directory is still there'
  [ ! -e "$(cgroup_dir pids "/starved/$id")" ] || fail 'the cgroup is still there'
  find $cgroup_root -depth -path '*/starved*' -type d -exec rmdir {} + 2>/dev/null || :
}

memory_is_tiny() {
  needs_controller memory
  mkdir -p "$state_root"
  local limit before
  new_bundle
  for limit in 32768 131072 524288 1048576; do
    before=$(snapshot)
    edit '.linux.resources.memory = {"limit": $limit, "swap": $limit}' --argjson limit $limit
    try timeout 60 "$RUNTIME" --root "$state_root" run --detach --bundle "$bundle" "$id"
    [ "$status" -ne 124 ] || fail "$limit bytes: it hangs"
    if [ "$status" -eq 0 ]; then must runtime delete --force "$id"; else [ -n "$err" ] || fail 'no message'; fi
    same "$(snapshot)" "$before" "what is left with $limit bytes"
  done
}

a_frozen_cgroup() {
  new_bundle
  run_detached
  must runtime pause "$id"
  try timeout 60 "$RUNTIME" --root "$state_root" exec "$id" true
  is_status 255
  contains "$err" 'paused'
  must timeout 60 "$RUNTIME" --root "$state_root" delete --force "$id"
  [ ! -e "$state_root/$id" ] || fail 'the state directory is still there'
}

a_cgroup_that_is_frozen_from_above() {
  needs_v2
  mkdir "$cgroup_root/above"
  new_bundle
  edit '.linux.cgroupsPath = "/above/\($id)"' --arg id "$id"
  run_detached
  echo 1 >"$cgroup_root/above/cgroup.freeze"
  wait_status paused
  try timeout 60 "$RUNTIME" --root "$state_root" resume "$id"
  is_status 1
  contains "$err" 'still frozen from above'
  must timeout 60 "$RUNTIME" --root "$state_root" delete --force "$id"
  rmdir "$cgroup_root/above"
}

dead_console_socket() {
  new_bundle
  edit '.process.terminal = true'
  python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$work/cases/console"
  clean_refusal 'connection refused' "$RUNTIME" --root "$state_root" create --bundle "$bundle" --console-socket "$work/cases/console" "$id"
}

# A gate that nobody opens: the container stays created as long as it takes, and can be deleted.
a_gate_that_nobody_opens() {
  new_bundle
  create
  same "$(state_of status)" created
  must runtime kill "$id" KILL
  wait_status stopped
  try runtime start "$id"
  is_status 1
  contains "$err" 'cannot start a container that has stopped'
  must runtime delete "$id"
}

# at_once COMMAND COMMAND: both at the same time, ROUNDS times; their statuses in $first and $second.
together() {
  "$RUNTIME" --root "$state_root" $1 >"$work/one.out" 2>&1 &
  local one=$!
  "$RUNTIME" --root "$state_root" $2 >"$work/two.out" 2>&1 &
  local two=$!
  first=0 second=0
  wait $one || first=$?
  wait $two || second=$?
  said="$(<"$work/one.out") / $(<"$work/two.out")"
}
rounds=10

start_and_start() {
  local round
  for ((round = 0; round < rounds; round++)); do
    new_bundle
    create
    together "start $id" "start $id"
    same "$(((first == 0) + (second == 0)))" 1 "how many starts succeeded ($said)"
    contains "$said" 'cannot start'
    same "$(state_of status)" running
    must runtime delete --force "$id"
  done
}

start_and_kill() {
  local round
  for ((round = 0; round < rounds; round++)); do
    new_bundle
    create
    together "start $id" "kill $id KILL"
    same "$second" 0 "kill ($said)"
    wait_status stopped
    must runtime delete "$id"
  done
}

delete_and_delete() {
  local round before
  for ((round = 0; round < rounds; round++)); do
    new_bundle
    before=$(snapshot)
    create
    together "delete --force $id" "delete --force $id"
    same "$first $second" '0 0' "both deletes ($said)"
    same "$(snapshot)" "$before" 'what is left'
  done
}

exec_and_delete() {
  local round before
  for ((round = 0; round < rounds; round++)); do
    new_bundle
    before=$(snapshot)
    run_detached
    together "exec $id sleep 100" "delete --force $id"
    same "$second" 0 "delete ($said)"
    [ "$first" -ne 0 ] || fail 'exec of a container that is gone succeeded'
    wait_until nothing_but "$before"
  done
}
nothing_but() { [ "$(snapshot)" = "$1" ]; }

it 'a state directory that is full' a_full_state_directory
it 'a state directory without inodes' no_inodes_left
it 'a read-only state directory' a_read_only_state_directory
it '/proc is masked' proc_is_masked
it '/sys is masked' sys_is_masked
it 'few file descriptors' few_descriptors
it 'no process left' pids_are_exhausted
it 'a tiny memory limit' memory_is_tiny
it 'a frozen cgroup' a_frozen_cgroup
it 'a cgroup that is frozen from above' a_cgroup_that_is_frozen_from_above
it 'a console socket that is dead' dead_console_socket
it 'a gate that nobody opens' a_gate_that_nobody_opens
it 'start and start' start_and_start
it 'start and kill' start_and_kill
it 'delete and delete' delete_and_delete
it 'exec and delete' exec_and_delete
finish
