#!/bin/bash
# What only our own shim does: a pod in one process of one thread, work in clones that may hang or be
# killed, loggers, events in their order. SHIM (default: build/containerd-shim-myrt-v2).
SHIM=$(realpath "${SHIM:-$(dirname "$0")/../../build/containerd-shim-myrt-v2}")
export SHIM
source "$(dirname "$0")/containerd_lib.sh"

image=docker.io/library/bb:latest
[ -x "$SHIM" ] || {
  no 'the shim is there' "$SHIM (make shim)"
  finish
}
execute() { # ID NAME COMMAND...
  local id=$1 name=$2
  shift 2
  ctr task exec --exec-id "$name" "$id" "$@"
}
shims() { pgrep -x containerd-shim; }
no_shims() { ! shims >/dev/null; }
is_running() { ctr task list | grep -q "^$1 .*RUNNING"; }
is_unknown() { ! ctr task list | grep -q "^$1 "; }
is_stopped() { ctr task list | grep -q "^$1 .*STOPPED"; }
remove() { # ID...
  local id
  for id; do
    ctr task kill -s KILL "$id" >/dev/null 2>&1
    within 30 is_stopped "$id" >/dev/null
    ctr task delete "$id" >/dev/null 2>&1
    ctr container delete "$id"
  done
}

arguments() {
  expect '-v names the program' 0 $'containerd-shim-myrt-v2:\n  Version:*' "$SHIM" -v
  holds '-info has the name and the features' info
  says 'what it does not know is refused by name' 1 'unknown flag `-nosuch`' "$SHIM" -nosuch start
  says 'an id that is a path is refused' 1 'no name of a container' "$SHIM" -namespace n -id ../x delete
}
info() {
  "$SHIM" -info </dev/null >"$work/info" && protoc --decode_raw <"$work/info" >"$work/info.text" &&
    grep -q '1: "io.containerd.myrt.v2"' "$work/info.text" && grep -q 'ociVersionMax' "$work/info.text"
}

# Nobody knows of these two: their start command might have been killed before containerd could read its answer.
unknown_shims() {
  mkdir "$work/unknown" && echo '{}' >"$work/unknown/config.json"
  expect 'a shim that is killed before its first container' 0 'unix:///run/containerd/s/*' start_by_hand unknown1
  kill -KILL "$(shims)"
  holds 'leaves its socket' is 1 count_sockets
  expect 'a shim that nobody connects to' 0 'unix:///run/containerd/s/*' start_by_hand unknown2
  holds 'is there' is 2 count_sockets
}
start_by_hand() (
  cd "$work/unknown" && "$SHIM" -namespace default -address "$CONTAINERD_ADDRESS" -publish-binary none -id "$1" start </dev/null
)
count_sockets() { find /run/containerd/s -type s | wc -l; }
# Meanwhile a container has been deleted.
unknown_shims_are_gone() {
  expect 'a container comes and goes' 0 hi ctr_run --rm -- unknown3 echo hi
  holds 'the socket of the dead has gone with it, and who is forgotten goes by itself' within 30 is 0 count_sockets
  holds 'no shim is there' within 10 no_shims
}

# As a package's user has it: no path, but a name, and a program of that name where containerd looks.
by_type() {
  expect 'the runtime type io.containerd.myrt.v2 is enough' 0 hi \
    ctr run --rm --runtime io.containerd.myrt.v2 "$image" y1 echo hi
}

group=io.containerd.runc.v2.group=together
one_process() {
  expect 'a container of a group' 0 '' ctr_run -d --annotation "$group" -- one sleep 1000
  expect 'another one' 0 '' ctr_run -d --annotation "$group" -- two sleep 1000
  expect 'have one shim' 0 1 sh -c 'pgrep -c -x containerd-shim'
  shim=$(shims)
  holds 'which is our program' cmp "/proc/$shim/exe" "$SHIM"
  expect 'of one thread' 0 1 sh -c "ls /proc/$shim/task | wc -l"
  expect 'exec works in the second' 0 hi execute two e1 echo hi
  holds 'it is in no namespace of theirs' namespaces_differ "$shim" "$(pid_of one)"
  expect 'one of them goes' 0 '' remove two
  expect 'the shim stays with the other' 0 "$shim" shims
  # An id is a name and no path, also of a process.
  says 'a process cannot be named by a path' 1 'exec' execute one ../e2 true
}
pid_of() { ctr task list | awk -v id="$1" '$1 == id { print $2 }'; }
namespaces_differ() { # SHIM INIT: but for those that a container of ctr shares with the host
  local name
  for name in mnt pid uts ipc net; do
    [ "$(readlink "/proc/$1/ns/$name")" = "$(readlink "/proc/self/ns/$name")" ] || return 1
    [ "$(readlink "/proc/$1/ns/$name")" != "$(readlink "/proc/$2/ns/$name")" ] || return 1
  done
  [ "$(readlink "/proc/$1/ns/pid_for_children")" = "$(readlink "/proc/$1/ns/pid")" ]
}

# The root filesystem is the container's alone, unless the host needs it.
mounted_on_host() { grep -q "/default/$1/rootfs " /proc/self/mountinfo; }
not_mounted_on_host() { ! mounted_on_host "$1"; }
of_root() { execute "$1" "root$RANDOM" sh -c 'grep " / " /proc/mounts | cut -d" " -f3,4 | cut -d, -f1'; } # ID: type and mode
with_root_of() { # SNAPSHOTTER TYPE ID [OPTIONS...]
  local snapshotter=$1 type=$2 id=$3
  shift 3
  expect "$id: a container runs" 0 '' ctr_run -d --snapshotter "$snapshotter" "$@" -- "$id" sleep 1000
  expect "$id: its root is writable" 0 "$type rw" of_root "$id"
  expect "$id: and what it writes stays" 0 written execute "$id" w1 sh -c 'echo written >/new && cat /new'
}
roots() {
  local bundles=/run/containerd/io.containerd.runtime.v2.task/default type
  with_root_of overlayfs overlay r1
  holds 'r1: it is not mounted on the host' not_mounted_on_host r1
  expect 'r1: goes' 0 '' remove r1
  type=$(stat -f -c %T /var/lib/containerd)
  with_root_of native "${type%%/*}" r2
  holds 'r2: it is not mounted on the host' not_mounted_on_host r2
  expect 'r2: goes' 0 '' remove r2
  with_root_of overlayfs overlay r3 --mount "type=bind,src=$bundles/r3/rootfs/etc,dst=/mnt,options=rbind"
  holds 'r3: with a source in the root it is' mounted_on_host r3
  expect 'r3: and the source is there' 0 root execute r3 m1 sh -c 'head -c4 /mnt/passwd'
  expect 'r3: goes' 0 '' remove r3
  holds 'r3: and its mount with it' not_mounted_on_host r3
  expect 'a read-only root' 0 'overlay ro' ctr_run --rm --read-only -- r4 \
    sh -c 'grep " / " /proc/mounts | cut -d" " -f3,4 | cut -d, -f1'
  holds 'an image of sixty layers' many_layers 60
  # More than mount(2) takes in one call.
  image=docker.io/library/many:latest
  expect 'runs, and the highest and the lowest are there' 0 $'60\n1' ctr_run --rm -- r6 cat /layers/60 /layers/1
  # ctr 1.6 maps ids only with options of the runtime that it had before.
  start_daemon user_namespace unshare --user sleep 1000000
  local owner=${daemons[user_namespace]}
  holds 'a user namespace' within 20 map_ids "$owner"
  expect 'a root in it' 0 $'overlay\n0' ctr_run --rm --with-ns "user:/proc/$owner/ns/user" -- r5 \
    sh -c 'grep " / " /proc/mounts | cut -d" " -f3; id -u'
  stop_daemon user_namespace
  image=docker.io/library/bb:latest
}
map_ids() { # PID: once it is in its own
  [ "$(readlink "/proc/$1/ns/user")" != "$(readlink /proc/self/ns/user)" ] &&
    echo '0 100000 65536' >"/proc/$1/uid_map" && echo '0 100000 65536' >"/proc/$1/gid_map"
}
many_layers() { # COUNT: busybox, and layers of one file each; what is mounted upon is there
  local directory=$work/many i
  image_archive docker.io/library/many:latest sh >"$work/many.tar" && mkdir "$directory" && tar -C "$directory" -xf "$work/many.tar" || return
  for i in $(seq "$1"); do
    mkdir -p "$work"/one/{layers,proc,sys,dev,run} && echo "$i" >"$work/one/layers/$i" && tar -C "$work/one" -cf "$directory/$i.tar" . || return
    rm -r "$work/one"
    jq --arg layer "sha256:$(sha256sum "$directory/$i.tar" | cut -d' ' -f1)" '.rootfs.diff_ids += [$layer]' \
      "$directory/config.json" >"$work/new.json" && mv "$work/new.json" "$directory/config.json" || return
    jq --arg layer "$i.tar" '.[0].Layers += [$layer]' "$directory/manifest.json" >"$work/new.json" &&
      mv "$work/new.json" "$directory/manifest.json" || return
  done
  tar -C "$directory" -c . | ctr image import -
}

# All of it, in and out, and then the end.
streams() {
  expect_pipe 'exec has stdin until its end' 'some text' execute one s1 cat
  expect 'five megabytes go in and out' 0 5000000 sh -c \
    "head -c 5000000 /dev/zero | ctr task exec --exec-id s2 one cat | wc -c"
  expect 'a terminal has the size that it was given' 0 '*33 99*' in_terminal --size 33x99 \
    ctr task exec -t --exec-id s3 one sh -c 'until stty size | grep "33 99"; do :; done'
}

logger=$work/logger
loggers() {
  cat >"$logger" <<'LOGGER'
#!/bin/sh
# logger gate FILE: says that it is ready (closes fd 5) once FILE is there.
until [ -e "$2" ]; do sleep 0.05; done
echo "of $CONTAINER_ID in $CONTAINER_NAMESPACE" >"$2"
exec 5>&-
cat <&3 >>"$2"
LOGGER
  chmod +x "$logger"
  holds 'output goes to a file' ctr_run -d --log-uri "file://$work/said" -- f1 echo to a file
  holds 'and is there, once' within 20 is 'to a file' cat "$work/said"
  remove f1
  ctr_run -d --annotation "$group" --log-uri "binary://$logger?gate=$work/gate" -- f2 echo to a program \
    >"$work/f2" 2>&1 &
  local run=$!
  # While its job waits for the logger, the others are served.
  holds 'a job waits for a logger' within 20 has_job
  expect 'meanwhile exec works beside it' 0 hi execute one l1 echo hi
  touch "$work/gate"
  wait "$run"
  holds 'output goes to a program' within 20 is $'of f2 in default\nto a program' cat "$work/gate"
  remove f2
}
has_job() { [ -n "$(jobs_of_shim)" ]; }
jobs_of_shim() { pgrep -x -P "$shim" containerd-shim; }

# Whatever becomes of a container's set-up, it is that container's.
job_killed() {
  ctr_run -d --annotation "$group" --log-uri "binary://$logger?gate=$work/never" -- j1 true >"$work/j1" 2>&1 &
  local run=$!
  holds 'a job waits' within 20 has_job
  kill -KILL "$(jobs_of_shim)"
  wait "$run"
  holds 'a killed job is an error that says so' grep -q 'the runtime was killed by SIGKILL' "$work/j1"
  touch "$work/never" # the logger ends
  expect 'the shim serves on' 0 hi execute one j2 echo hi
  expect 'it is the same one' 0 "$shim" shims
  ctr container delete j1
}

# containerd deletes when it hears of the end, and closes the connection then: the kill that it waits for has been answered before.
kill_then_delete() {
  ctr_run -d -- k1 sleep 1000
  local its_shim
  its_shim=$(awk '/^PPid:/ { print $2 }' "/proc/$(pid_of k1)/status")
  start_daemon slow_signals strace -f -qq -e trace=pidfd_send_signal -e inject=pidfd_send_signal:delay_exit=2000000 \
    -o "$work/slow_signals" -p "$its_shim"
  holds 'signals are slow' within 20 grep -q '^TracerPid:.*[1-9]' "/proc/$its_shim/status"
  ctr task kill -s KILL k1 >"$work/k1" 2>&1 &
  local kill=$!
  holds 'a container has ended before its kill is answered' within 20 is_stopped k1
  holds 'the kill is still waited for' kill -0 $kill
  expect 'it is deleted meanwhile' 0 '' ctr task delete k1
  holds 'and the kill has had its answer' wait_for_job $kill
  stop_daemon slow_signals INT
  ctr container delete k1
}
wait_for_job() {
  wait "$1" && return
  cat "$work/k1"
  return 1
}

events() {
  start_daemon events ctr events
  holds 'somebody listens to events' within 20 events_come
  ctr_run -d -- ev sleep 1000
  execute ev ev1 true
  ctr task pause ev
  ctr task resume ev
  remove ev
  holds 'events come in their order' within 20 is \
    'create start exec-added exec-started exit paused resumed exit delete' topics ev
  if has_controller memory; then
    ctr_run -d --memory-limit 20971520 -- ev2 tail /dev/zero
    holds 'an OOM kill is one of them' within 60 sh -c "grep '/tasks/oom' '$work/events.log' | grep -q ev2"
    remove ev2
  fi
  stop_daemon events
  remove one
}
events_come() { # something that makes one
  ctr container create "$image" probe >/dev/null 2>&1
  ctr container delete probe >/dev/null 2>&1
  grep -q /containers/delete "$work/events.log"
}
topics() { # ID
  grep "\"container_id\":\"$1\"" "$work/events.log" | grep -o '/tasks/[a-z-]*' | cut -d/ -f3 | paste -sd' '
}

# The shim, its start command and its jobs are killed at any moment of a start: containerd's clean-up
# by `delete` leaves nothing, and the id can be used again.
killed_anywhere() {
  local round left=0
  for round in $(seq "$rounds"); do
    ctr_run -d -- killed sleep 1000 >/dev/null 2>&1 &
    local run=$!
    sleep "0.$(printf '%03d' $((RANDOM % 150)))" # some moment
    kill_shims
    wait "$run"
    kill_shims
    within 30 is_unknown killed && within 30 no_shims || left=$((left + 1))
    ctr container delete killed >/dev/null 2>&1
  done
  expect "killed $rounds times at any moment, no task is left" 0 0 echo "$left"
  holds 'the id can be used again' within 20 can_be_used_again
}
# containerd knows the last one until its `delete` has ended.
can_be_used_again() {
  [ "$(ctr_run --rm -- killed echo again)" = again ] || { ctr container delete killed && false; }
}

kill_shims() { # but for `delete`, which is all that is left to clean up then
  local pid
  for pid in $(shims); do
    grep -qz '^delete$' "/proc/$pid/cmdline" 2>/dev/null || kill -KILL "$pid" 2>/dev/null
  done
}

rounds=40
if [ "${E2E:-all}" = fast ]; then rounds=8; fi
mkdir "$work/bin"
ln -s "$SHIM" "$work/bin/containerd-shim-myrt-v2"
PATH=$work/bin:$PATH
write_containerd_config
start_containerd
import_images default
part arguments
part unknown_shims
part by_type
part roots
part unknown_shims_are_gone
part one_process
part streams
part loggers
part job_killed
part kill_then_delete
part events
part killed_anywhere
nothing_left default default
finish
