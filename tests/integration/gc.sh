#!/bin/bash
# gc and delete --force: what a runtime that was killed has left behind goes, and nothing else does.
source "$(dirname "$0")/lib.sh"

# killed_at HOOK [AND-THEN]: a creation whose runtime is killed by a hook of its own, which goes on
# after it. HOOK runs on the host.
killed_at() {
  new_bundle
  # The hook's parent is the runtime. What comes after it must not outlive it.
  edit '.hooks[$hook] = [{"path": "/bin/sh", "args": ["sh", "-c", "kill -KILL $PPID; exec sleep 1000"]}]' --arg hook "$1"
  try runtime create --bundle "$bundle" --pid-file "$work/pid" "$id"
  [ "$status" -eq 137 ] || fail "the runtime was not killed: exit status $status" "$err"
}

# The sandbox's pid 1 reaps; the kernel takes the killed hook and init away in its own time.
nothing_but() { [ "$(snapshot)" = "$1" ]; }

a_creation_cut_short_is_removed() {
  mkdir -p "$state_root"
  local before
  before=$(snapshot)
  killed_at createRuntime
  wait_until lists_cut_short
  [ -d "$state_root/$id" ] || fail 'gc --dry-run removed something'
  must runtime gc
  contains "$out" "$id: removed: its creation was cut short"
  contains "$out" "state directory $id"
  wait_until nothing_but "$before"
  must runtime gc
  same "$out" ''
}
# It is once init has noticed that the runtime is dead, and let go of the lock.
lists_cut_short() {
  runtime gc --dry-run --json | jq -e --arg id "$id" \
    'any(.[]; .id == $id and .reason == "its creation was cut short" and any(.held[]; .kind == "cgroup") and .error == "")'
}

delete_force_does_the_same() {
  mkdir -p "$state_root"
  local before
  before=$(snapshot)
  killed_at prestart
  must runtime delete --force "$id"
  wait_until nothing_but "$before"
}

living_containers_are_left_alone() {
  local ids=() one
  new_bundle && run_detached && ids+=("$id")
  new_bundle && create && ids+=("$id")
  if [ "$cgroup_version" = 2 ] || [ -d "$cgroup_root/freezer" ]; then
    new_bundle && run_detached && must runtime pause "$id" && ids+=("$id")
  fi
  must runtime gc --stopped
  same "$out" ''
  for one in "${ids[@]}"; do [ "$(state_of status "$one")" != stopped ] || fail "$one has stopped"; done
}

stopped_containers_go_when_asked() {
  new_bundle true
  edit '.hooks.poststop = [{"path": "/bin/sh", "args": ["sh", "-c", "cat >\($work)/poststop"]}]' --arg work "$work"
  run_detached
  wait_status stopped
  must runtime gc
  same "$out" ''
  must runtime gc --stopped
  contains "$out" "$id: removed: it has stopped"
  same "$(jq -r .id "$work/poststop")" "$id" 'the poststop hook'
  [ ! -e "$state_root/$id" ] || fail 'the state directory is still there'
}

a_container_that_died_before_its_start_goes() {
  new_bundle
  create --pid-file "$work/pid"
  kill -KILL "$(state_of pid)"
  wait_status stopped
  must runtime gc
  contains "$out" "$id: removed: its init died before it was started"
  contains "$out" "pid file $work/pid"
  [ ! -e "$work/pid" ] || fail 'the pid file is still there'
}

the_pid_file_of_a_started_container_stays() {
  new_bundle
  create --pid-file "$work/pid"
  start
  must runtime delete --force "$id"
  [ -s "$work/pid" ] || fail 'the pid file is the caller'\''s'
}

a_creation_under_way_is_left_alone() {
  new_bundle
  mkfifo "$work/cases/gate"
  edit '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "touch \($at)/here; read line <\($at)/gate"]}]' --arg at "$work/cases"
  runtime create --bundle "$bundle" "$id" >"$work/create.log" 2>&1 &
  local creator=$!
  wait_until test -e "$work/cases/here"
  must runtime gc
  same "$out" '' 'what gc said'
  echo go >"$work/cases/gate"
  wait "$creator" || fail 'create' "$(<"$work/create.log")"
  same "$(state_of status)" created
}

# plan_of ID: the state directory of a runtime that died right after it wrote down that it would make
# a container of that name, in the cgroup of container $id.
plan_of() {
  mkdir -m 700 "$state_root/$1"
  jq --arg id "$1" '.pid = 0 | .startTimeTicks = 0 | .id = $id' "$state_root/$id/container.json" >"$state_root/$1/planned.json"
}

what_was_only_planned_is_not_killed() {
  new_bundle
  run_detached
  plan_of planned-1
  must runtime gc
  contains "$out" 'planned-1: removed: its creation was cut short before anything was its own'
  same "$(state_of status)" running
  plan_of planned-2
  must runtime delete --force planned-2
  same "$(state_of status)" running
  same "$(ls "$state_root")" "$id"
}

a_plan_that_ends_in_the_middle_is_none() {
  new_bundle
  run_detached
  plan_of torn
  truncate -s 100 "$state_root/torn/planned.json"
  mkdir -m 700 "$state_root/empty"
  must runtime gc
  contains "$out" 'torn: removed'
  contains "$out" 'empty: removed'
  same "$(ls "$state_root")" "$id"
}

it 'a creation that was cut short is listed, and removed' a_creation_cut_short_is_removed
it 'delete --force removes a creation that was cut short' delete_force_does_the_same
it 'gc leaves living containers alone' living_containers_are_left_alone
it 'gc --stopped takes stopped containers too' stopped_containers_go_when_asked
it 'gc takes a container that died before its start, with its pid file' a_container_that_died_before_its_start_goes
it 'delete leaves the pid file of a container that was started' the_pid_file_of_a_started_container_stays
it 'gc leaves a creation that is under way alone' a_creation_under_way_is_left_alone
it 'what was only planned is not killed in its cgroup' what_was_only_planned_is_not_killed
it 'a plan that ends in the middle is none' a_plan_that_ends_in_the_middle_is_none
finish
