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

# Private or not depends on who else runs; how much is mapped does not, however large the folios of the page cache.
an_init_at_its_gate_keeps_a_page_of_its_program() {
  ldd "$RUNTIME" 2>&1 | grep -qE 'statically linked|not a dynamic executable' || skip 'the libraries of another build wait too'
  new_bundle
  create
  pid=$(state_of pid)
  mapped() { awk '/^[0-9a-f]+-/ { text = $2 == "r-xp" && $5 > 0 } text && /^Rss:/ { kib += $2 } END { print kib + 0 }' "/proc/$pid/smaps"; }
  few() { [ "$(mapped)" -gt 0 ] && [ "$(mapped)" -le 8 ]; }
  wait_until few
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

exec_is_given_up() {
  is_status 255
  contains "$err" 'waited 1000 ms for'
  contains "$err" 'its cgroup is frozen'
  must runtime resume "$id"
  must runtime exec "$id" true
}

exec_into_a_frozen_cgroup() {
  new_bundle
  run_detached
  must runtime pause "$id"
  try timeout 60 "$RUNTIME" --root "$state_root" --init-timeout 1s exec --ignore-paused "$id" true
  exec_is_given_up
}

# The status was looked at, and the clone has not been made: only a test build can be stopped there.
exec_that_is_overtaken_by_a_pause() {
  local attacks=${ATTACKS:-$source_dir/build/test-gcc/tests/attacks}
  [ -x "$attacks/myrt" ] && [ -x "$attacks/racer" ] || skip 'no build that can be stopped (target attacked)'
  new_bundle
  run_detached
  try timeout 60 "$attacks/racer" stop exec-clone "'$RUNTIME' --root '$state_root' pause '$id'" \
    "$attacks/myrt" --root "$state_root" --init-timeout 1s exec "$id" true
  contains "$err" stopped
  lacks "$err" 'the action failed'
  exec_is_given_up
}

exec_by_a_user_before_the_start() {
  chmod 711 "$work" "$work/cases"
  mkdir "$work/cases/user"
  new_bundle
  own_rootfs
  chown -R 1000:1000 "$bundle" "$work/cases/user"
  new_namespace user
  edit '.linux.uidMappings = [{"containerID": 0, "hostID": 1000, "size": 1}] | .linux.gidMappings = .linux.uidMappings
    | del(.linux.cgroupsPath) | .mounts |= map(select(.destination | IN("/dev/pts", "/sys") | not))
    | .linux.namespaces |= map(select(.type != "network" and .type != "cgroup"))'
  chown 1000:1000 "$bundle/config.json"
  local user=(env -u XDG_RUNTIME_DIR setpriv --reuid 1000 --regid 1000 --clear-groups "$RUNTIME" --root "$work/cases/user")
  must "${user[@]}" create --bundle "$bundle" "$id"
  try "${user[@]}" exec "$id" true
  is_status 255
  contains "$err" 'only root can enter a container that has not been started'
  must "${user[@]}" start "$id"
  must "${user[@]}" exec "$id" true
  must "${user[@]}" delete --force "$id"
}

it 'an init that is stopped is given up, and named' an_init_that_is_stopped_is_given_up
it 'an init that is stopped at its gate' a_stopped_init_at_its_gate
it 'an init at its gate keeps one page of its program' an_init_at_its_gate_keeps_a_page_of_its_program
it 'hooks that init runs have their own time' hooks_of_init_have_their_own_time
it 'a bad --init-timeout is refused' a_bad_bound_is_refused
it 'a lock is waited for, and its holder named' a_lock_is_waited_for_ten_seconds
it 'a console socket that nobody accepts' a_console_socket_that_nobody_accepts
it 'a log pipe that nobody reads' a_log_that_nobody_reads
it 'an exec into a frozen cgroup is given up' exec_into_a_frozen_cgroup
it 'an exec that a pause overtakes is given up' exec_that_is_overtaken_by_a_pause
it 'an exec by a user before the start says what is wrong' exec_by_a_user_before_the_start
finish
