#!/bin/bash
# The pseudoterminal: through the console socket when detached, through our own when in front.
source "$(dirname "$0")/lib.sh"

# console [OPTIONS]: starts the receiver of console messages, whose words end up in $console_text.
console() {
  socket=$bundle/console.sock
  console_text=$bundle/console.text
  "$script_dir/console-socket" "$socket" "$@" >"$console_text" 2>&1 &
  console_pid=$!
  wait_until test -S "$socket"
}

terminal_bundle() {
  new_bundle "$@"
  edit '.process.terminal = true'
}

create_with_console() {
  terminal_bundle sh -c 'tty; test -t 0 && test -t 1 && test -t 2 && echo three-terminals; readlink /proc/self/fd/0'
  console
  create --console-socket "$socket"
  start
  wait $console_pid
  matches "$(<"$console_text")" 'name .*/dev/(pts/0|ptmx) number 0'
  contains "$(<"$console_text")" three-terminals
  contains "$(<"$console_text")" /dev/pts/0
}

controlling_terminal() {
  terminal_bundle sh -c 'echo through-dev-tty >/dev/tty; ls -l /dev/console; cut -d" " -f 6,7 /proc/self/stat'
  console
  create --console-socket "$socket"
  start
  wait $console_pid
  contains "$(<"$console_text")" through-dev-tty
  contains "$(<"$console_text")" /dev/console
}

console_device() {
  terminal_bundle sh -c 'echo through-dev-console >/dev/console'
  console
  create --console-socket "$socket"
  start
  wait $console_pid
  contains "$(<"$console_text")" through-dev-console
}

console_size() {
  terminal_bundle sh -c 'stty size'
  edit '.process.consoleSize = {"height": 33, "width": 101}'
  console --size
  create --console-socket "$socket"
  start
  wait $console_pid
  contains "$(<"$console_text")" 'size 33x101'
  contains "$(<"$console_text")" '33 101'
}

typed_input() {
  terminal_bundle sh -c 'read line; echo "got $line"'
  console --type 'words\n'
  create --console-socket "$socket"
  start
  wait $console_pid
  contains "$(<"$console_text")" 'got words'
}

interrupt() {
  terminal_bundle sh -c 'trap "echo interrupted; exit" INT; echo ready; while :; do sleep 0.05; done'
  console --after ready --type '\x03'
  create --console-socket "$socket"
  start
  wait $console_pid
  contains "$(<"$console_text")" interrupted
}

detached_needs_socket() {
  terminal_bundle
  refused console
  try runtime run --detach --bundle "$bundle" "$id"
  is_status 1
  contains "$err" console
}

socket_without_terminal() {
  new_bundle
  console
  try runtime create --bundle "$bundle" --console-socket "$socket" "$id"
  is_status 1
  contains "$err" 'will not detach or allocate tty'
  kill $console_pid
}

no_listener() {
  terminal_bundle
  try runtime create --bundle "$bundle" --console-socket "$bundle/nobody.sock" "$id"
  is_status 1
  contains "$err" 'nobody.sock'
  same "$(ls -A "$state_root" 2>/dev/null)" ''
}

slow_accept() {
  # The listener accepts only after create has returned: the backlog holds the message.
  terminal_bundle echo late
  python3 - "$bundle/slow.sock" "$bundle/go" >"$bundle/slow.text" <<'PYTHON' &
import os, socket, sys, time
listener = socket.socket(socket.AF_UNIX); listener.bind(sys.argv[1] + ".new"); listener.listen(1)
os.rename(sys.argv[1] + ".new", sys.argv[1])
while not os.path.exists(sys.argv[2]):
    time.sleep(0.01)
connection, _ = listener.accept()
name, fds, _, _ = socket.recv_fds(connection, 4096, 4)
print(len(fds))
try:
    while text := os.read(fds[0], 4096):
        print(text.decode())
except OSError:
    pass
PYTHON
  local pid=$!
  wait_until test -S "$bundle/slow.sock"
  create --console-socket "$bundle/slow.sock"
  touch "$bundle/go"
  start
  wait $pid
  contains "$(<"$bundle/slow.text")" 1
  contains "$(<"$bundle/slow.text")" late
}

run_in_terminal() {
  # From the first moment on: the terminal has its size and its modes before the program starts.
  terminal_bundle sh -c 'tty; stty size; exit 5'
  try in_terminal --size 20x70 "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id"
  is_status 5
  same "$out" $'/dev/pts/0\r\n20 70\r'
}

run_in_resized_terminal() {
  terminal_bundle sh -c 'trap "stty size; exit 4" WINCH; echo ready; while :; do sleep 0.05; done'
  try in_terminal --size 20x70 --when ready resize:33x99 "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id"
  is_status 4
  contains "$out" '33 99'
}

exec_in_resized_terminal() {
  new_bundle
  run_detached
  try in_terminal --size 20x70 --when ready resize:33x99 "$RUNTIME" --root "$state_root" exec --tty "$id" \
    sh -c 'stty size; trap "stty size; exit 4" WINCH; echo ready; while :; do sleep 0.05; done'
  is_status 4
  contains "$out" '20 70'
  contains "$out" '33 99'
}

interrupt_key_of_run() {
  terminal_bundle sh -c 'trap "echo interrupted; exit 3" INT; echo ready; while :; do sleep 0.05; done'
  try in_terminal --when ready 'type:\x03' "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id"
  is_status 3
  contains "$out" interrupted
}

run_without_terminal() {
  # The caller's streams are no terminal: the container still gets one.
  terminal_bundle sh -c 'test -t 1 && echo has-a-terminal'
  try sh -c "echo | '$RUNTIME' --root '$state_root' run --bundle '$bundle' $id"
  is_status 0
  contains "$out" has-a-terminal
}

plain_newlines() {
  terminal_bundle sh -c 'stty -a'
  run_ok
  contains "$out" -onlcr
  lacks "$out" $'\r'
}

exec_tty() {
  new_bundle
  run_detached
  try in_terminal "$RUNTIME" --root "$state_root" exec --tty "$id" sh -c 'tty; exit 6'
  is_status 6
  same "$out" $'/dev/pts/0\r'
}

exec_console_socket() {
  new_bundle
  run_detached
  console
  must runtime exec --detach --tty --console-socket "$socket" "$id" sh -c 'tty; echo in-exec'
  wait $console_pid
  contains "$(<"$console_text")" in-exec
}

exec_process_terminal() {
  new_bundle
  run_detached
  console --size
  jq '.process | .terminal = true | .args = ["stty", "size"] | .consoleSize = {"height": 5, "width": 6}' \
    "$bundle/config.json" >"$bundle/process.json"
  must runtime exec --process "$bundle/process.json" --detach --console-socket "$socket" "$id"
  wait $console_pid
  contains "$(<"$console_text")" '5 6'
}

terminal_owner() {
  terminal_bundle sh -c 'stat -c "%u %a" "$(tty)"'
  edit '.process.user.uid = 1000 | .process.user.gid = 1000'
  console
  create --console-socket "$socket"
  start
  wait $console_pid
  contains "$(<"$console_text")" '1000 620'
}

it 'create sends the master and the process has the slave [PRC-01]' create_with_console
it 'the slave is the controlling terminal [PRC-01]' controlling_terminal
it '/dev/console is the terminal [DEV-10]' console_device
it 'consoleSize is set before the program starts [PRC-03]' console_size
it 'what is typed arrives [PRC-01]' typed_input
it 'the interrupt key is a signal [PRC-01]' interrupt
it 'a detached container with a terminal needs a console socket' detached_needs_socket
it 'a console socket without a terminal is refused' socket_without_terminal
it 'a console socket that nobody listens at is refused' no_listener
it 'a listener may accept after create has returned' slow_accept
it 'run in a terminal passes size and status on [PRC-01]' run_in_terminal
it 'run passes a change of the size on [PRC-01]' run_in_resized_terminal
it 'exec --tty passes size and its changes on' exec_in_resized_terminal
it 'the interrupt key of run is a signal inside [PRC-01]' interrupt_key_of_run
it 'run without a terminal of its own gives the container one [PRC-01]' run_without_terminal
it 'a copied terminal keeps newlines plain from the first on' plain_newlines
it 'exec --tty in a terminal' exec_tty
it 'exec --tty --detach sends the master' exec_console_socket
it 'exec --process with a terminal and a size [PRC-03]' exec_process_terminal
it 'the terminal belongs to the user [PRC-01]' terminal_owner
finish
