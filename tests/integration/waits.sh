#!/bin/bash
# Bounded waits: what does not answer is given up, and named, with what it does.
source "$(dirname "$0")/lib.sh"

# The bound of the test is that nothing takes as long as the defaults.
an_init_that_is_stopped_is_given_up() {
  local before
  mkdir -p "$state_root"
  before=$(snapshot)
  new_bundle
  # A hook of the runtime's process stops init, which works on its mounts after it.
  edit '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "kill -STOP $(jq .pid)"], "env": ["PATH=\($path)"]}]' --arg path "$PATH"
  try runtime --init-timeout 1s create --bundle "$bundle" "$id"
  is_status 1
  contains "$err" 'waited 1000 ms for'
  contains "$err" 'state T (stopped by a signal)'
  contains "$err" 'its cgroup is not frozen'
  same "$(snapshot)" "$before" 'what is left behind'
}

a_stopped_init_at_its_gate() {
  new_bundle
  create
  kill -STOP "$(state_of pid)"
  try runtime --init-timeout 1s --error-file "$work/error" start "$id"
  is_status 1
  contains "$err" 'waited 1000 ms for'
  contains "$err" 'execve'
  contains "$err" 'state T'
  same "$(jq -r '.code + " " + .phase' "$work/error")" 'timeout start'
  must runtime delete --force "$id"
}

hooks_of_init_have_their_own_time() {
  new_bundle
  edit '.hooks.startContainer = [{"path": "/bin/sleep", "args": ["sleep", "2"]}]'
  create
  must runtime --init-timeout 1s start "$id"
  same "$(state_of status)" running
}

a_bad_bound_is_refused() {
  try runtime --init-timeout soon state x
  is_status 1
  contains "$err" 'init-timeout'
}

# held_lock: a process that holds the lock of container $id until the case is over; its pid in $holder.
held_lock() {
  flock -x "$state_root/$id" sleep 1000 &
  holder=$!
  wait_until sh -c '! flock -n -x "$1" true' - "$state_root/$id"
}

a_lock_is_waited_for_ten_seconds() {
  new_bundle
  run_detached
  held_lock
  local began=$SECONDS
  try runtime pause "$id"
  kill "$holder"
  wait "$holder" 2>/dev/null || :
  is_status 1
  contains "$err" 'waited 10 s for the lock'
  contains "$err" "container \`$id\`"
  [ $((SECONDS - began)) -lt 60 ] || fail 'it waited too long'
  same "$(state_of status)" running
}

a_console_socket_that_nobody_accepts() {
  new_bundle
  edit '.process.terminal = true'
  # Listens, and its backlog is full.
  python3 - "$work/console" "$work/ready" <<'P' &
import socket, sys, time
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(0)
clients = []
for _ in range(2):
    client = socket.socket(socket.AF_UNIX)
    client.setblocking(False)
    try:
        client.connect(sys.argv[1])
    except BlockingIOError:
        pass
    clients.append(client)
open(sys.argv[2], 'w').close()
time.sleep(1000)
P
  local server=$!
  wait_until test -e "$work/ready"
  try runtime create --bundle "$bundle" --console-socket "$work/console" "$id"
  kill "$server"
  wait "$server" 2>/dev/null || :
  is_status 1
  contains "$err" 'console socket'
  contains "$err" 'has not accepted within 10000 ms'
  [ ! -e "$state_root/$id" ] || fail 'the state directory is still there'
}

a_log_that_nobody_reads() {
  mkfifo "$work/cases/log"
  try timeout 20 "$RUNTIME" --root "$state_root" --log "$work/cases/log" state nowhere
  is_status 1
  contains "$err" 'container does not exist'
  contains "$err" 'log: open'
}

it 'an init that is stopped is given up, and named' an_init_that_is_stopped_is_given_up
it 'an init that is stopped at its gate' a_stopped_init_at_its_gate
it 'hooks that init runs have their own time' hooks_of_init_have_their_own_time
it 'a bad --init-timeout is refused' a_bad_bound_is_refused
it 'a lock is waited for, and its holder named' a_lock_is_waited_for_ten_seconds
it 'a console socket that nobody accepts' a_console_socket_that_nobody_accepts
it 'a log pipe that nobody reads' a_log_that_nobody_reads
finish
