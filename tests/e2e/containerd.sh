#!/bin/bash
# containerd on this runtime: ctr, the death of a shim, containerd's own restart, many at once.
source "$(dirname "$0")/containerd_lib.sh"

image=docker.io/library/bb:latest
task() { ctr task "$@"; }
task_is() { # STATUS ID
  is "$1" sh -c "ctr task list | awk '\$1 == \"$2\" { print \$3 }'"
}
# remove ID: whatever has become of its task.
remove() {
  ctr task kill -s KILL "$1" >/dev/null 2>&1
  within 20 task_is STOPPED "$1" >/dev/null
  ctr task delete "$1" >/dev/null 2>&1
  ctr container delete "$1"
}

foreground() {
  expect 'run prints' 0 hi ctr_run --rm -- r1 echo hi
  expect 'run ends with 42' 42 '' ctr_run --rm -- r2 sh -c 'exit 42'
  says 'run of a missing command says so' 1 \
    'unable to start container process: exec: "nosuch": executable file not found in $PATH' ctr_run --rm -- r3 nosuch
  says 'run of a missing path says so' 1 \
    'unable to start container process: exec: "/no/such": stat /no/such: no such file or directory' \
    ctr_run --rm -- r4 /no/such
  # A line, not cat: ctr 1.6 loses an end of file that comes before the task runs.
  expect_pipe 'run reads a pipe' through ctr run --rm "${ctr_runtime[@]}" "$image" r5 sh -c 'read line; echo "$line"'
  expect 'run -t has a terminal' 3 '/dev/pts/0*' \
    in_terminal ctr run --rm -t "${ctr_runtime[@]}" "$image" r6 sh -c 'tty; exit 3'
  expect 'run with the options of ctr' 0 $'/tmp:set\ntouch: /x: Read-only file system\nSeccomp:\t2' \
    ctr_run --rm --read-only --seccomp --cwd /tmp --env WORD=set -- r7 \
    sh -c 'echo $PWD:$WORD; touch /x 2>&1; grep Seccomp: /proc/self/status'
  expect 'run with a mount and a limit' 0 $'text\n33554432' \
    ctr_run --rm --memory-limit 33554432 --mount "type=bind,src=$work/volume,dst=/v,options=rbind:ro" \
    --mount type=cgroup,dst=/sys/fs/cgroup,options=ro -- r8 \
    sh -c 'cat /v/file; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; exit 0'
  # Pid 1 only waits here: a shell in the middle of making a pipe has more descriptors.
  expect 'the process has three descriptors' 0 $'0\n1\n2' ctr_run --rm -- r9 sh -c 'ls /proc/1/fd; exit 0'
}

tasks() {
  expect 'run -d' 0 '' ctr_run -d -- t1 sleep 1000
  expect 'exec prints' 0 hi task exec --exec-id e1 t1 echo hi
  expect 'exec ends with 9' 9 '' task exec --exec-id e2 t1 sh -c 'exit 9'
  says 'exec of a missing command says so' 1 \
    'unable to start container process: exec: "nosuch": executable file not found in $PATH' \
    task exec --exec-id e3 t1 nosuch
  expect 'exec -t has a terminal' 6 '/dev/pts/*' in_terminal ctr task exec -t --exec-id e4 t1 sh -c 'tty; exit 6'
  expect 'exec as a user in a directory' 0 1000:/tmp \
    task exec --user 1000 --cwd /tmp --exec-id e5 t1 sh -c 'echo $(id -u):$PWD'
  expect 'ps lists the process' 0 'PID*' task ps t1
  expect 'metrics has numbers' 0 '*memory*' task metrics t1
  expect 'pause' 0 '' task pause t1
  holds 'a paused task says so' task_is PAUSED t1
  says 'exec in a paused task fails' 1 'paused' task exec --exec-id e6 t1 true
  expect 'resume' 0 '' task resume t1
  expect 'exec after resume' 0 hi task exec --exec-id e7 t1 echo hi
  says 'a running task is not deleted' 1 'must be stopped' task delete t1
  expect 'kill' 0 '' task kill -s KILL t1
  holds 'it has stopped' within 20 task_is STOPPED t1
  says 'a second kill finds nothing' 1 'process already finished: not found' task kill t1
  says 'delete knows the status' 0 'exit code 137' task delete t1
  expect 'delete of the container' 0 '' ctr container delete t1
}

shim_killed() {
  ctr_run -d -- k1 sleep 1000 >/dev/null
  local init
  init=$(ctr task list | awk '$1 == "k1" { print $2 }')
  kill -KILL "$(pgrep -x containerd-shim)"
  holds 'shim kill -9: the container goes with it' within 20 is_gone "$init"
  holds 'shim kill -9: the task is gone' within 20 sh -c '! ctr task list | grep -qw k1'
  expect 'shim kill -9: the container can be deleted' 0 '' ctr container delete k1
  expect 'shim kill -9: the id can be used again' 0 again ctr_run --rm -- k1 echo again
}

# What containerd itself cannot see while it is away has to be known afterwards.
restarted() { # SIGNAL
  ctr_run -d -- "stays" sleep 1000 >/dev/null
  ctr_run -d -- "ends" sh -c 'while [ ! -e /tmp/go ]; do sleep 0.1; done; exit 6' >/dev/null
  local ended
  ended=$(ctr task list | awk '$1 == "ends" { print $2 }')
  stop_daemon containerd "$1"
  touch "/proc/$ended/root/tmp/go"
  holds "containerd SIG$1: containers run on without it" within 20 is_gone "$ended"
  start_containerd
  holds "containerd SIG$1: what ended is known" within 20 task_is STOPPED ends
  says "containerd SIG$1: with its status" 0 'exit code 6' task delete ends
  holds "containerd SIG$1: what runs is known" task_is RUNNING stays
  expect "containerd SIG$1: exec in it" 0 hi task exec --exec-id e8 stays echo hi
  remove stays
  ctr container delete ends
}
restarted_term() { restarted TERM; }
restarted_kill() { restarted KILL; }

# What ctr configures is what the kernel applies: no false alarm on fresh containers.
inspection() {
  fresh --
  fresh --privileged --net-host --
  fresh --read-only --seccomp --cwd /tmp --cap-drop CAP_KILL --memory-limit 33554432 \
    --mount "type=bind,src=$work/volume,dst=/v,options=rbind:ro" --mount type=cgroup,dst=/sys/fs/cgroup,options=ro --
  as_configured 'fresh containers are as ctr has configured them' "$RUNTIME" --root /run/containerd/runc/default
  local id
  for id in $(ctr container list -q | grep ^fresh); do remove "$id"; done
}
fresh() {
  fresh_count=$((${fresh_count:-0} + 1))
  ctr_run -d "$@" "fresh$fresh_count" sleep 1000 >/dev/null 2>"$work/err" || no "a fresh container: $*" "$(<"$work/err")"
}

mkdir "$work/volume"
echo text >"$work/volume/file"
write_containerd_config
start_containerd
import_images default
part foreground
part tasks
part inspection
part shim_killed
part restarted_term
slow_part restarted_kill
nothing_left default default
finish
