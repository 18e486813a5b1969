#!/bin/bash
# Podman on this runtime: what a user types, with output and exit codes. RUNTIME names the runtime.
#
# Everything of Podman's is in a directory of its own, which is removed at the end, inside the
# sandbox of the integration tests. Prints `ok NAME` and `not ok NAME`.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
RUNTIME=$(type -P "${RUNTIME:-$here/../../build/myrt}") || {
  echo "there is no runtime at ${RUNTIME:-build/myrt}" >&2
  exit 2
}
RUNTIME=$(realpath -s "$RUNTIME")
export RUNTIME
if [ -z "${MYRT_PRIVATE_VIEW:-}" ]; then
  exec "$here/../integration/in-private" "${VIEW:-auto}" bash "$0" "$@"
fi

work=$MYRT_PRIVATE_DIR
passed=0 failed=0
# The runtimes' default state roots, and what Podman and conmon keep there.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p "$work/tmp"
export TMPDIR=$work/tmp
unset XDG_RUNTIME_DIR
# A cgroup2 beside v1 hierarchies has no pids controller for Podman's default limit.
pids_limit=''
if [ "$MYRT_PRIVATE_VIEW" = v2 ] && ! grep -qw pids /sys/fs/cgroup/cgroup.controllers; then
  pids_limit='pids_limit = 0'
fi
# Podman's own limits are more than a machine may allow whose root lacks CAP_SYS_RESOURCE.
cat >"$work/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=1024:2048", "nproc=1024:2048"]
$pids_limit
[engine]
events_logger = "file"
events_logfile_path = "$work/events"
runtime_supports_json = ["myrt", "runc", "crun"]
CONF
printf '{"default": [{"type": "insecureAcceptAnything"}]}\n' >"$work/policy.json"
printf 'unqualified-search-registries = []\n' >"$work/registries.conf"
export CONTAINERS_CONF=$work/containers.conf CONTAINERS_REGISTRIES_CONF=$work/registries.conf

podman_command=(podman --root "$work/root" --runroot "$work/runroot" --tmpdir "$work/tmp"
  --storage-driver vfs --cgroup-manager cgroupfs --runtime "$RUNTIME")
podman() { command "${podman_command[@]}" "$@"; }

# try COMMAND...: leaves its answer in $status, $out and $err.
try() {
  status=0
  "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
  out=$(<"$work/out")
  err=$(<"$work/err")
}

# expect NAME STATUS OUTPUT COMMAND...: OUTPUT is the whole of stdout, or `*` for any.
expect() {
  local name=$1 wanted=$2 text=$3
  shift 3
  try "$@"
  if [ "$status" -eq "$wanted" ] && { [ "$text" = '*' ] || [ "$out" = "$text" ]; }; then
    pass "$name"
  else
    no "$name" "status $status, expected $wanted; stdout: $out; stderr: $err"
  fi
}
pass() {
  passed=$((passed + 1))
  echo "ok $1"
}
no() {
  failed=$((failed + 1))
  echo "not ok $1"
  sed 's/^/    /' <<<"$2"
}
# holds NAME COMMAND...: passes when the command does.
holds() {
  local name=$1
  shift
  if "$@" >"$work/out" 2>&1; then pass "$name"; else no "$name" "$(<"$work/out")"; fi
}
in_terminal() { "$here/../support/in-terminal" "$@"; }
run() { podman run --rm --network none bb "$@"; }

make_image() {
  mkdir -p "$work/image"/{bin,etc,tmp}
  cp "$(type -P busybox)" "$work/image/bin/busybox"
  "$work/image/bin/busybox" --install "$work/image/bin"
  printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n' >"$work/image/etc/passwd"
  printf 'root:x:0:\nuser:x:1000:\n' >"$work/image/etc/group"
  tar -C "$work/image" -c . | podman import - bb >/dev/null 2>"$work/err"
}

foreground() {
  expect 'run prints' 0 hi run echo hi
  expect 'run ends with 42' 42 '' run sh -c 'exit 42'
  expect 'run of a missing command ends with 127' 127 '' run no-such-program
  expect 'run of a missing path ends with 127' 127 '' run /no/such/program
  expect 'run of a directory ends with 126' 126 '' run /etc
  expect 'run with a bad option ends with 125' 125 '' podman run --no-such-option bb true
  expect 'run of a missing image ends with 125' 125 '' podman run --pull=never no-such-image true
  expect 'run as a user' 0 1000 podman run --rm --network none --user 1000 bb id -u
  expect 'run in a directory with an environment' 0 /tmp:set \
    podman run --rm --network none -w /tmp -e WORD=set bb sh -c 'echo $PWD:$WORD'
  expect 'run with a read-only root' 1 '' podman run --rm --network none --read-only bb touch /x
  expect 'run with a volume' 0 text \
    podman run --rm --network none -v "$work/volume:/v:ro" bb cat /v/file
  expect 'run with a tmpfs' 0 tmpfs \
    podman run --rm --network none --tmpfs /t bb sh -c 'grep " /t " /proc/mounts | cut -d" " -f3'
  expect 'run privileged' 0 '*' podman run --rm --network none --privileged bb true
  expect 'run with the host'\''s pids' 0 '*' podman run --rm --network none --pid=host bb true
  expect 'run with --init off and a hostname' 0 named podman run --rm --network none --hostname named bb hostname
  # Pid 1 only waits here: a shell in the middle of making a pipe has more descriptors.
  expect 'the process has three descriptors' 0 $'0\n1\n2' run sh -c 'ls /proc/1/fd; exit 0'
  expect 'the process has default signals' 0 $'SigIgn:\t0000000000000000' run grep SigIgn /proc/self/status
  expect 'the default seccomp profile' 0 $'Seccomp:\t2' run grep Seccomp: /proc/self/status
  expect 'the ulimit of containers.conf' 0 1024:2048 run sh -c 'echo $(ulimit -Sn):$(ulimit -Hn)'
  expect 'a killed process ends with 137' 137 '' \
    podman run --rm --network none --pid=host bb sh -c 'kill -9 $$'
}

streams() {
  expect_pipe 'run -i reads a pipe' through podman run --rm -i --network none bb cat
  # Podman sets the size some time after the start.
  expect 'run -it has a terminal of its size and passes the status' 3 $'/dev/pts/0\r\n20 70\r' \
    in_terminal --size 20x70 "${podman_command[@]}" run --rm -it --network none bb \
    sh -c 'tty; until stty size 2>/dev/null | grep -v "^0"; do sleep 0.05; done; exit 3'
}

expect_pipe() { # NAME TEXT COMMAND...
  local name=$1 text=$2
  shift 2
  out=$(printf '%s' "$text" | "$@" 2>"$work/err")
  if [ "$out" = "$text" ]; then pass "$name"; else no "$name" "$out $(<"$work/err")"; fi
}

limits() {
  # On v2 this depends on what the view has, and the integration tests look at it.
  [ "$MYRT_PRIVATE_VIEW" != v2 ] || return 0
  expect 'a memory limit' 0 67108864 podman run --rm --network none -m 64m bb \
    cat /sys/fs/cgroup/memory/memory.limit_in_bytes
  expect 'a CPU limit' 0 50000 podman run --rm --network none --cpus 0.5 bb \
    cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us
  expect 'a pids limit' 0 33 podman run --rm --network none --pids-limit 33 bb \
    cat /sys/fs/cgroup/pids/pids.max
}

executions() {
  expect 'run -d' 0 '*' podman run -d --name c1 --network none bb sleep 1000
  expect 'exec prints' 0 hi podman exec c1 echo hi
  expect 'exec ends with 9' 9 '' podman exec c1 sh -c 'exit 9'
  expect 'exec of a missing command ends with 127' 127 '' podman exec c1 no-such-program
  expect 'exec of a directory ends with 126' 126 '' podman exec c1 /etc
  expect 'exec with user, directory, environment' 0 1000:/tmp:set \
    podman exec -u 1000 -w /tmp -e WORD=set c1 sh -c 'echo $(id -u):$PWD:$WORD'
  expect_pipe 'exec -i reads a pipe' through podman exec -i c1 cat
  expect 'exec -d' 0 '*' podman exec -d c1 sh -c 'echo done >/tmp/detached'
  local try_again
  for try_again in $(seq 100); do
    [ "$(podman exec c1 cat /tmp/detached 2>/dev/null)" = done ] && break
    sleep 0.05
  done
  expect 'exec -d ran' 0 done podman exec c1 cat /tmp/detached
  expect 'exec -it has a terminal and passes the status' 6 $'/dev/pts/0\r' \
    in_terminal "${podman_command[@]}" exec -it c1 sh -c 'tty; exit 6'
  try podman top c1 pid comm
  holds 'top lists the process' grep -q sleep <<<"$out"
}

control() {
  expect 'pause' 0 '*' podman pause c1
  expect 'a paused container says so' 0 paused podman inspect -f '{{.State.Status}}' c1
  expect 'exec in a paused container fails' 255 '' podman exec c1 true
  expect 'unpause' 0 '*' podman unpause c1
  expect 'exec after unpause' 0 hi podman exec c1 echo hi
  expect 'stop -t 0 kills' 0 '*' podman stop -t 0 c1
  expect 'the status is 137' 0 137 podman inspect -f '{{.State.ExitCode}}' c1
  expect 'start again' 0 '*' podman start c1
  expect 'exec after start' 0 hi podman exec c1 echo hi
  expect 'kill' 0 '*' podman kill c1
  expect 'wait' 0 137 podman wait c1
  expect 'rm' 0 '*' podman rm c1
  expect 'a graceful stop' 0 '*' podman run -d --name c2 --network none bb \
    sh -c 'trap "exit 5" TERM; while :; do sleep 0.1; done'
  sleep 1
  expect 'stop' 0 '*' podman stop -t 20 c2
  expect 'the status is the program'\''s' 0 5 podman inspect -f '{{.State.ExitCode}}' c2
  expect 'rm -f of a running one' 0 '*' podman run -d --name c3 --network none bb sleep 1000
  expect 'rm -f' 0 '*' podman rm -f -t 0 c3 c2
  expect 'logs' 0 '*' podman run --name c4 --network none bb sh -c 'echo logged'
  expect 'logs has what was printed' 0 logged podman logs c4
  expect 'rm of all' 0 '*' podman rm -f -a -t 0
}

pods() {
  expect 'a pod with shared namespaces' 0 '*' \
    podman pod create --name pod --infra-image bb --infra-command 'sleep 100'
  expect 'a container in a pod' 0 joined podman run --rm --pod pod bb echo joined
  expect 'the pod goes' 0 '*' podman pod rm --force --time 0 pod
}

# Without the runtime's name in runtime_supports_json Podman gives no --log and reads stderr.
without_json() {
  sed -i '/^runtime_supports_json/d' "$work/containers.conf"
  sed -i '/^\[engine\]/a runtime_supports_json = []' "$work/containers.conf"
  expect 'run of a missing command ends with 127, told by stderr' 127 '' run no-such-program
  expect 'run of a directory ends with 126, told by stderr' 126 '' run /etc
  expect 'run prints, without a log' 0 hi run echo hi
}

# What Podman configures is what the kernel applies: no false alarm on a fresh container.
inspection() {
  podman run -d --network none --name fresh -v "$work/volume:/data:ro" --tmpfs /t --memory 64m bb sleep 100 >/dev/null 2>&1
  holds 'effective: a fresh container is as configured' "$RUNTIME" effective --diff "$(podman inspect --format '{{.Id}}' fresh)"
  podman run -d --network none --name private --privileged --user 1000 bb sleep 100 >/dev/null 2>&1
  holds 'effective: a privileged one too' "$RUNTIME" effective --diff "$(podman inspect --format '{{.Id}}' private)"
  holds 'metrics: knows them' sh -c "'$RUNTIME' metrics | grep -q 'myrt_container_status{.*status=\"running\"} 1'"
  podman rm -f -t 0 fresh private >/dev/null 2>&1
}

leftovers() {
  holds 'no container is left' sh -c "[ -z \"\$('$RUNTIME' list --quiet)\" ]"
  holds 'no state is left' sh -c "! find /run/myrt /run/runc /run/crun -mindepth 1 2>/dev/null | grep ."
  # conmon ends after its container: it has its own cleaning up to wait for.
  holds 'no process is left' timeout "${PATIENCE:-10}" \
    sh -c 'while pgrep -l -x "conmon|sleep"; do sleep 0.1; done'
  holds 'no cgroup is left' sh -c '! find /sys/fs/cgroup -type d -name "libpod-*" | grep -v conmon | grep .'
}

mkdir "$work/volume"
echo text >"$work/volume/file"
if ! make_image; then
  no 'podman import' "$(<"$work/err")"
else
  foreground
  streams
  limits
  executions
  control
  pods
  without_json
  inspection
  leftovers
fi
echo "# podman.sh $MYRT_PRIVATE_VIEW $(basename "$RUNTIME"): $passed passed, $failed failed"
[ $failed -eq 0 ]
