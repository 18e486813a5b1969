#!/bin/bash
# NOTIFY_SOCKET: a container that tells systemd, through the runtime, when it is ready.
source "$(dirname "$0")/lib.sh"

# service: a bundle whose process says READY=1 when there is a file /go, and stays. The host's
# Python comes along, as busybox has no words for unix sockets.
service() {
  new_bundle
  own_rootfs
  cat >"$bundle/rootfs/service.py" <<'PYTHON'
import os, socket, time
while not os.path.exists("/go"):
    time.sleep(0.01)
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for message in (b"STATUS=almost", b"STATUS=there\nREADY=1"):
    notify.sendto(message, os.environ["NOTIFY_SOCKET"])
time.sleep(1000)
PYTHON
  edit '.process.args = ["/usr/bin/python3", "/service.py"] | .mounts += [
    ({"/usr": "/usr", "/lib": "/lib", "/lib64": "/lib64"} | to_entries[] |
      {"destination": .key, "source": .value, "options": ["rbind", "ro"]})]'
}

# manager: stands in for systemd; its messages end up in $bundle/messages.
manager() {
  timeout 60 python3 -c '
import socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
while True:
    print(manager.recv(4096).decode().strip(), flush=True)' "$bundle/notify.sock" >"$bundle/messages" &
  wait_until test -S "$bundle/notify.sock"
}

# ready COMMAND...: it must not return before the service is ready.
ready() {
  NOTIFY_SOCKET=$bundle/notify.sock "$RUNTIME" --root "$state_root" "$@" </dev/null >/dev/null &
  local pid=$! code=0
  wait_status running
  [ ! -s "$bundle/messages" ] || fail 'messages before the service is ready' "$(<"$bundle/messages")"
  kill -0 $pid || fail "$1 did not wait"
  touch "$bundle/rootfs/go"
  wait $pid || code=$?
  same $code 0
  wait_until grep -q MAINPID "$bundle/messages"
  same "$(<"$bundle/messages")" $'READY=1\nMAINPID='"$(state_of pid)"
}

run_detached_waits() {
  service
  manager
  ready run --detach --bundle "$bundle" "$id"
}

start_waits() {
  service
  manager
  NOTIFY_SOCKET=$bundle/notify.sock create
  ready start "$id"
  must runtime exec "$id" sh -c 'ls /run/notify'
  same "$out" notify.sock
}

run_forwards() {
  service
  manager
  touch "$bundle/rootfs/go"
  NOTIFY_SOCKET=$bundle/notify.sock "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id" </dev/null >/dev/null &
  local pid=$!
  wait_until grep -q READY=1 "$bundle/messages"
  must runtime kill "$id" KILL
  wait $pid || :
}

dies_before_ready() {
  # start must not wait for ever.
  service
  manager
  edit '.process.args = ["true"]'
  NOTIFY_SOCKET=$bundle/notify.sock create
  NOTIFY_SOCKET=$bundle/notify.sock timeout 20 "$RUNTIME" --root "$state_root" start "$id" || fail "exit status $?"
  same "$(<"$bundle/messages")" ''
}

without_socket() {
  new_bundle sh -c 'echo "${NOTIFY_SOCKET:-none}"; ls -d /run/notify'
  run
  same "$out" none
}

it 'run --detach returns when the service is ready' run_detached_waits
it 'start returns when the service is ready' start_waits
it 'run passes the message on' run_forwards
it 'a service that ends before it is ready keeps nobody waiting' dies_before_ready
it 'without NOTIFY_SOCKET there is nothing of it' without_socket
finish
