#!/bin/bash
# pause, resume, update, ps and events.
source "$(dirname "$0")/lib.sh"

pids_limit() {
  if [ "$cgroup_version" = 1 ]; then cat "$(cgroup_dir pids)/pids.max"; else cat "$(cgroup_dir)/pids.max"; fi
}

counting() { # a container that counts in /tmp/count of its own rootfs
  new_bundle
  own_rootfs
  shell 'n=0; while :; do n=$((n + 1)); echo $n >/tmp/count; sleep 0.01; done'
  run_detached
  wait_until test -s "$bundle/rootfs/tmp/count"
}

pause_and_resume() {
  counting
  must runtime pause "$id"
  same "$(state_of status)" paused
  local before
  before=$(<"$bundle/rootfs/tmp/count")
  sleep 0.2
  same "$(<"$bundle/rootfs/tmp/count")" "$before" 'the count of a paused container'
  must runtime resume "$id"
  same "$(state_of status)" running
  wait_until sh -c "[ \"\$(cat '$bundle/rootfs/tmp/count')\" != '$before' ]"
}

resume_running() {
  new_bundle
  run_detached
  try runtime resume "$id"
  is_status 1
  contains "$err" 'container not paused'
}

pause_stopped() {
  new_bundle true
  run_detached
  wait_status stopped
  try runtime pause "$id"
  is_status 1
  contains "$err" 'container not running'
}

pause_twice() {
  new_bundle
  run_detached
  must runtime pause "$id"
  try runtime pause "$id"
  same "$(state_of status)" paused
}

kill_paused() {
  new_bundle
  run_detached
  must runtime pause "$id"
  must runtime kill "$id" KILL
  wait_status stopped
}

delete_force_paused() {
  new_bundle
  run_detached
  must runtime pause "$id"
  must runtime delete --force "$id"
  try runtime state "$id"
  contains "$err" 'does not exist'
}

update_from_stdin() {
  needs_controller pids
  new_bundle
  edit '.linux.resources = {"pids": {"limit": 20}}'
  run_detached
  echo '{"pids": {"limit": 33}}' | runtime update --resources - "$id"
  same "$(pids_limit)" 33
}

update_from_file() {
  needs_controller pids
  new_bundle
  run_detached
  echo '{"pids": {"limit": 34}}' >"$bundle/resources.json"
  must runtime update --resources="$bundle/resources.json" "$id"
  same "$(pids_limit)" 34
  must runtime update -r "$bundle/resources.json" "$id"
}

update_flags() {
  needs_controller memory
  new_bundle
  edit '.linux.resources = {"memory": {"limit": 33554432}, "pids": {"limit": 20}}'
  run_detached
  must runtime update --pids-limit 25 --memory 50331648 "$id"
  same "$(pids_limit)" 25
  if [ "$cgroup_version" = 1 ]; then
    same "$(cat "$(cgroup_dir memory)/memory.limit_in_bytes")" 50331648
  else
    same "$(cat "$(cgroup_dir)/memory.max")" 50331648
  fi
}

update_zeros() {
  # What Docker sends: a zero leaves the limit as it is.
  needs_controller memory
  new_bundle
  edit '.linux.resources = {"memory": {"limit": 33554432}, "cpu": {"shares": 512}}'
  run_detached
  echo '{"memory": {"limit": 50331648, "reservation": 0, "swap": 0, "kernel": 0},
    "cpu": {"shares": 0, "quota": 0, "period": 0}, "blockIO": {"weight": 0}}' |
    runtime update --resources - "$id"
  if [ "$cgroup_version" = 1 ]; then
    same "$(cat "$(cgroup_dir memory)/memory.limit_in_bytes")" 50331648
    same "$(cat "$(cgroup_dir cpu)/cpu.shares")" 512
  else
    same "$(cat "$(cgroup_dir)/memory.max")" 50331648
  fi
}

update_burst_to_zero() {
  # No caller sends this zero unless somebody asked for it.
  needs_controller cpu
  new_bundle
  edit '.linux.resources = {"cpu": {"quota": 50000, "period": 100000, "burst": 10000}}'
  run_detached
  must runtime update --cpu-period 100000 --cpu-burst 0 "$id"
  if [ "$cgroup_version" = 1 ]; then
    same "$(cat "$(cgroup_dir cpu)/cpu.cfs_burst_us")" 0
  else
    same "$(cat "$(cgroup_dir)/cpu.max.burst")" 0
  fi
}

update_ignores_devices() {
  # What CRI sends.
  new_bundle
  run_detached
  echo '{"devices": [{"allow": false, "access": "rwm"}]}' | runtime update --resources - "$id"
  try runtime exec "$id" sh -c 'echo x >/dev/null && head -c 1 /dev/zero | wc -c'
  is_status 0
}

update_bad() {
  new_bundle
  run_detached
  local text
  for text in '' '{' '[]' '{"pids": {"limit": "x"}}'; do
    printf '%s' "$text" >"$bundle/resources.json"
    try runtime update --resources "$bundle/resources.json" "$id"
    is_status 1
    [ -n "$err" ] || fail 'no message'
  done
}

ps_formats() {
  new_bundle
  run_detached
  must runtime ps --format json "$id"
  same "$out" "[$(state_of pid)]"
  must runtime ps "$id"
  matches "$(head -1 <<<"$out")" '^UID +PID'
  same "$(wc -l <<<"$out")" 2
  must runtime ps "$id" -o pid,comm
  contains "$out" sleep
}

ps_of_a_stopped_one() {
  new_bundle true
  run_detached
  wait_status stopped
  must runtime ps --format json "$id"
  same "$out" '[]'
  must runtime ps "$id"
  matches "$out" '^UID +PID[^\n]*$'
}

ps_of_sub_cgroups() {
  new_bundle sh -c 'sleep 900 & sleep 1000'
  run_detached
  wait_until sh -c "[ \$('$RUNTIME' --root '$state_root' ps --format json $id | jq length) -eq 2 ]"
  local base inner
  base=$(cgroup_dir freezer)
  case $cgroup_version in
    1)
      for base in $cgroup_root/*/cases/$id; do
        mkdir "$base/inner"
        case $base in */cpuset/*) cat "$base/cpuset.cpus" >"$base/inner/cpuset.cpus" && cat "$base/cpuset.mems" >"$base/inner/cpuset.mems" ;; esac
      done
      inner=$(runtime ps --format json "$id" | jq '.[1]')
      for base in $cgroup_root/*/cases/$id; do echo "$inner" >"$base/inner/cgroup.procs"; done
      ;;
    2)
      mkdir "$base/inner"
      inner=$(runtime ps --format json "$id" | jq '.[1]')
      echo "$inner" >"$base/inner/cgroup.procs"
      ;;
  esac
  must runtime ps --format json "$id"
  same "$(jq length <<<"$out")" 2
}

events_stats() {
  new_bundle
  run_detached
  must runtime events --stats "$id"
  same "$(wc -l <<<"$out")" 1
  matches "$out" '^\{"type":"stats","id":"'"$id"'","data":\{' # in this order: callers match the text
  same "$(jq -r .type <<<"$out")" stats
  same "$(jq -r .id <<<"$out")" "$id"
  same "$(jq -r '.data.cpu.usage.total | type' <<<"$out")" number
  if [ "$cgroup_version" = 1 ]; then
    same "$(jq -r '.data.memory.usage.usage | type' <<<"$out")" number
    same "$(jq -r '.data.pids.current' <<<"$out")" 1
  fi
}

events_stream_ends() {
  new_bundle
  run_detached
  timeout 20 "$RUNTIME" --root "$state_root" events --interval 100ms "$id" >"$bundle/events" 2>/dev/null &
  local pid=$! code=0
  wait_until sh -c "[ \$(wc -l <'$bundle/events') -ge 2 ]"
  must runtime delete --force "$id"
  wait $pid || code=$?
  same $code 0 'the status of events'
  same "$(jq -r .type "$bundle/events" | sort -u)" stats
}

events_oom() {
  needs_v1
  new_bundle sh -c 'sleep 1; while :; do head -c 100000000 /dev/zero | tail | wc -c; sleep 0.2; done'
  edit '.linux.resources = {"memory": {"limit": 16777216}}'
  run_detached
  timeout 20 "$RUNTIME" --root "$state_root" events --interval 5s "$id" >"$bundle/events" 2>/dev/null &
  local pid=$!
  wait_until grep -q '"type":"oom"' "$bundle/events"
  must runtime delete --force "$id"
  wait $pid || :
}

it 'pause stops the processes and resume lets them go on' pause_and_resume
it 'resume of a running container is refused' resume_running
it 'pause of a stopped container is refused' pause_stopped
it 'a paused container stays paused' pause_twice
it 'a paused container can be killed' kill_paused
it 'delete --force ends a paused container' delete_force_paused
it 'update reads a document from standard input' update_from_stdin
it 'update reads a document from a file' update_from_file
it 'update has options for single limits' update_flags
it 'update takes a zero as unchanged' update_zeros
it 'update takes a burst of zero as the end of it [CCP-03]' update_burst_to_zero
it 'update ignores devices' update_ignores_devices
it 'update refuses what is no document' update_bad
it 'ps prints JSON and a table' ps_formats
it 'ps of a stopped container shows none' ps_of_a_stopped_one
it 'ps finds the processes of cgroups below' ps_of_sub_cgroups
it 'events --stats prints one line' events_stats
it 'events ends with the container' events_stream_ends
it 'events tells of out-of-memory kills' events_oom
finish
