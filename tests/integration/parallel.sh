#!/bin/bash
# Many at the same time, in one state root and one log.
source "$(dirname "$0")/lib.sh"
count=${COUNT:-100}

runs() {
  local number pids=() code before
  new_bundle sh -c 'exit 7'
  edit 'del(.linux.cgroupsPath)' # each has its own
  run
  is_status 7
  before=$(snapshot)
  for ((number = 0; number < count; number++)); do
    "$RUNTIME" --root "$state_root" --log "$work/cases/log.json" --log-format json \
      run --bundle "$bundle" "parallel-$number" &
    pids+=($!)
  done
  for ((number = 0; number < count; number++)); do
    code=0
    wait "${pids[number]}" || code=$?
    same $code 7 "the status of run $number"
  done
  same "$(snapshot)" "$before" 'what is left behind'
  [ ! -s "$work/cases/log.json" ] || fail "$(<"$work/cases/log.json")"
}

same_id() {
  # One of them wins, the others are refused, and the winner is whole.
  local number pids=() won=0
  new_bundle
  for ((number = 0; number < 20; number++)); do
    "$RUNTIME" --root "$state_root" create --bundle "$bundle" "$id" 2>>"$work/err" &
    pids+=($!)
  done
  for number in "${pids[@]}"; do
    if wait "$number"; then won=$((won + 1)); fi
  done
  same $won 1 'how many got the id'
  same "$(grep -c 'container with given ID already exists' "$work/err")" 19
  same "$(state_of status)" created
}

errors_in_one_log() {
  local number
  for ((number = 0; number < count; number++)); do
    "$RUNTIME" --root "$state_root" --log "$work/cases/log.json" --log-format json state "none-$number" 2>/dev/null &
  done
  wait
  same "$(jq -s length "$work/cases/log.json")" "$count" 'lines of the log'
}

states_while_deleting() {
  # state, list and kill next to delete: either they find the container or they say that it is gone.
  local number pids=()
  for ((number = 0; number < 20; number++)); do
    new_bundle
    run_detached
    "$RUNTIME" --root "$state_root" delete --force "$id" &
    pids=($!)
    "$RUNTIME" --root "$state_root" list >/dev/null 2>>"$work/err" &
    pids+=($!)
    try runtime state "$id"
    [ "$status" -eq 0 ] || contains "$err" 'does not exist'
    try runtime kill "$id" KILL
    [ "$status" -eq 0 ] || matches "$err" 'does not exist|not running'
    wait "${pids[0]}" || fail 'delete failed'
    wait "${pids[1]}" || fail "list failed: $(<"$work/err")"
  done
}

killed_runtime() {
  # A create that is killed half-way leaves nothing that delete --force cannot clean up.
  local number before began took_us
  new_bundle
  edit '.linux.resources = {"pids": {"limit": 20}}'
  if [ "$cgroup_version" = 2 ]; then edit 'del(.linux.resources)'; fi
  before=$(snapshot)
  began=${EPOCHREALTIME/./}
  must runtime create --bundle "$bundle" "$id"
  took_us=$((${EPOCHREALTIME/./} - began))
  must runtime delete --force "$id"
  for ((number = 0; number < 40; number++)); do
    "$RUNTIME" --root "$state_root" create --bundle "$bundle" "$id" >/dev/null 2>&1 &
    sleep "$(printf '%d.%06d' $((number * took_us / 40000000)) $((number * took_us / 40 % 1000000)))"
    kill -9 $! 2>/dev/null || :
    wait $! 2>/dev/null || :
    must runtime delete --force "$id"
  done
  rmdir "$state_root"
  nothing_left() { [ "$(snapshot)" = "$before" ]; }
  wait_until nothing_left
}

it "$count runs at once end with their own status and leave nothing" runs
it 'one of 20 creates of the same id wins [OPS-03]' same_id
it "$count errors in one log are $count lines" errors_in_one_log
it 'state, list and kill while delete is at work' states_while_deleting
it 'a create killed half-way is cleaned up by delete --force [LIF-02]' killed_runtime
finish
