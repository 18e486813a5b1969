#!/bin/bash
# Many containers one after the other leave nothing behind: no cgroup, mount, process, file, and
# nothing in the caller either. CYCLES says how many (default: 1000).
source "$(dirname "$0")/lib.sh"
cycles=${CYCLES:-1000}
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm

everything() {
  : >>"$work/err"
  snapshot
  echo "files: $(find "$work" /run /dev/shm -path "$work/cases" -prune -o -print | wc -l)"
  echo "descriptors: $(ls /proc/$$/fd | wc -l)"
  echo "namespaces: $(find /proc/[0-9]*/ns -name mnt -exec readlink {} + 2>/dev/null | sort -u | wc -l)"
}

create_start_kill_delete() {
  local before number
  new_bundle
  edit '.linux.resources = {"memory": {"limit": 33554432}, "pids": {"limit": 20}}'
  if [ "$cgroup_version" = 2 ]; then edit 'del(.linux.resources)'; fi
  create
  must runtime delete --force "$id" # what is made once, such as the state root, is not a leak
  before=$(everything)
  for ((number = 0; number < cycles; number++)); do
    id=cycle-$number
    "$RUNTIME" --root "$state_root" create --bundle "$bundle" "$id"
    "$RUNTIME" --root "$state_root" start "$id"
    "$RUNTIME" --root "$state_root" kill "$id" KILL
    # The signal is on its way when kill returns.
    until "$RUNTIME" --root "$state_root" delete "$id" 2>"$work/err"; do
      grep -q 'not stopped' "$work/err" || fail "$(<"$work/err")"
    done
  done
  same "$(everything)" "$before" "what is left of $cycles cycles"
}

run_cycles() {
  local before number
  new_bundle true
  run_ok
  before=$(everything)
  for ((number = 0; number < cycles / 10; number++)); do
    "$RUNTIME" --root "$state_root" run --bundle "$bundle" "run-$number"
  done
  same "$(everything)" "$before" 'what is left of the runs'
}

failing_cycles() {
  local before number
  new_bundle no-such-program
  try runtime create --bundle "$bundle" "$id" # makes the state root
  before=$(everything)
  for ((number = 0; number < cycles / 10; number++)); do
    ! "$RUNTIME" --root "$state_root" create --bundle "$bundle" "fail-$number" 2>/dev/null
  done
  same "$(everything)" "$before" 'what is left of failed creates'
}

exec_cycles() {
  local before number
  new_bundle
  run_detached
  before=$(everything)
  for ((number = 0; number < cycles / 10; number++)); do
    "$RUNTIME" --root "$state_root" exec "$id" true
  done
  same "$(everything)" "$before" 'what is left of exec'
}

it "$cycles times create, start, kill, delete leave nothing [LIF-11,OPS-18]" create_start_kill_delete
it "$((cycles / 10)) times run leave nothing [OPS-18]" run_cycles
it "$((cycles / 10)) failed creates leave nothing [LIF-02]" failing_cycles
it "$((cycles / 10)) times exec leave nothing" exec_cycles
finish
