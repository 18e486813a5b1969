#!/bin/bash
# `myrt --trace FILE`: where the time went, in both processes.
source "$(dirname "$0")/lib.sh"

trace=$work/trace.json

# traced COMMAND...: the runtime's command with a trace, which has to be well-formed whatever it says.
traced() {
  rm -f "$trace"
  try runtime --trace "$trace" "$@"
  jq -e 'type == "array" and all(.[]; .ph == "M" or .ph == "X")' "$trace" >/dev/null ||
    fail 'no trace' "$(cat "$trace")" "$err"
}

phases_of() { jq -r --arg process "$1" '[.[] | select(.ph == "X" and .cat == $process).name] | join(" ")' "$trace"; }

# The length of the process's phases together, and from its first moment to its last, in ms.
sum_of() { jq --arg process "$1" '[.[] | select(.cat == $process).dur] | add / 1000 | round' "$trace"; }
span_of() {
  jq --arg process "$1" '[.[] | select(.cat == $process)] | ((map(.ts + .dur) | max) - (map(.ts) | min)) / 1000 | round' "$trace"
}

run_in_both() {
  new_bundle sleep 1
  traced run --bundle "$bundle" "$id"
  same "$status" 0 'exit status'
  same "$(phases_of runtime)" 'start-up run parse plan state cgroup sources spawn set-up from outside wait for init state start container runs remove'
  same "$(phases_of init)" 'join namespaces mounts hooks root process'
  # init works between its clone and the moment when the runtime has heard that it is ready.
  jq -e '(map(select(.name == "spawn"))[0].ts) as $from
    | (map(select(.name == "wait for init"))[0] | .ts + .dur) as $to
    | all(.[] | select(.cat == "init"); .ts >= $from and .ts + .dur <= $to)' "$trace" >/dev/null ||
    fail 'init is not where it should be' "$(cat "$trace")"
  jq -e 'map(select(.ph == "M")) | map(.args.name) | sort == ["init", "runtime"]' "$trace" >/dev/null ||
    fail 'no names' "$(cat "$trace")"
}

phases_are_the_whole() {
  new_bundle sleep 1
  local began ended wall sum
  began=$(date +%s%N)
  traced run --bundle "$bundle" "$id"
  ended=$(date +%s%N)
  wall=$(((ended - began) / 1000000)) sum=$(sum_of runtime)
  same "$sum" "$(span_of runtime)" 'the phases together and the whole'
  # What is outside of them: fork, execve and exit, and jq. The machine may be busy.
  [ "$sum" -ge 1000 ] && [ "$sum" -le "$wall" ] || fail "the phases take $sum ms of $wall ms"
}

every_command() {
  new_bundle
  traced create --bundle "$bundle" "$id"
  contains "$(phases_of runtime)" 'start-up create parse plan'
  same "$(phases_of init)" 'join namespaces mounts hooks root process'
  traced start "$id"
  contains "$(phases_of runtime)" 'start-up start'
  traced exec "$id" true
  contains "$(phases_of runtime)" 'start-up exec state plan cgroup spawn and join process runs'
  same "$(phases_of process)" 'join process'
  local command
  for command in "state $id" list "kill $id KILL"; do
    # shellcheck disable=SC2086
    traced $command
    same "$status" 0 "exit status of $command"
    same "$(phases_of runtime)" "start-up ${command%% *}"
  done
  wait_status stopped
  traced delete "$id"
  same "$status" 0 'exit status of delete'
}

of_a_failure() {
  new_bundle
  edit '.mounts += [{"destination": "/x", "type": "nosuchfs", "source": "none"}]'
  traced create --bundle "$bundle" "$id"
  same "$status" 1 'exit status'
  same "$(phases_of init)" 'join namespaces mounts'
  contains "$(phases_of runtime)" 'wait for init'
}

not_writable() {
  local before
  before=$(snapshot)
  new_bundle
  try runtime --trace "$work/no/such/dir" create --bundle "$bundle" "$id"
  same "$status" 1 'exit status'
  contains "$err" 'no/such/dir'
  same "$(snapshot)" "$before" 'what is left behind'
}

not_for_the_container() {
  new_bundle
  shell 'ls /proc/1/fd; :'
  traced run --bundle "$bundle" "$id"
  same "$(tr '\n' ' ' <<<"$out")" '0 1 2 '
}

it 'run: the phases of the runtime and of init' run_in_both
it 'the phases of the runtime sum to the whole' phases_are_the_whole
it 'every command has a trace' every_command
it 'a failure has a trace that ends where it happened' of_a_failure
it 'a file that cannot be written is an error before anything is done' not_writable
it 'the container does not inherit the trace' not_for_the_container
finish
