#!/bin/bash
# exec: another process in a running container.
source "$(dirname "$0")/lib.sh"

running() {
  new_bundle
  run_detached
}

# in_container ARGUMENTS...: exec with the options and command given.
in_container() { try runtime exec "$@"; }

statuses() {
  running
  local code
  for code in 0 1 9 126 127 255; do
    in_container "$id" sh -c "exit $code"
    is_status $code
  done
}

signal_status() {
  running
  in_container "$id" sh -c 'kill -9 $$'
  is_status 137
}

streams() {
  running
  in_container "$id" sh -c 'echo to-stdout; echo to-stderr >&2'
  is_status 0
  same "$out" to-stdout
  same "$err" to-stderr
  same "$(echo through | runtime exec "$id" cat)" through
}

missing_command() {
  running
  in_container "$id" no-such-program
  is_status 255
  contains "$err" 'exec failed'
  contains "$err" 'unable to start container process: exec: '
  contains "$err" 'executable file not found in $PATH'
  in_container "$id" /no/such
  is_status 255
  contains "$err" 'stat /no/such: no such file or directory'
  in_container "$id" /etc
  is_status 255
  contains "$err" 'permission denied'
}

no_pid_file_on_failure() {
  running
  in_container --detach --pid-file "$bundle/exec.pid" "$id" no-such-program
  is_status 255
  [ ! -e "$bundle/exec.pid" ] || fail 'a pid file of a failed exec'
}

detached() {
  running
  must runtime exec --detach --pid-file "$bundle/exec.pid" "$id" sleep 500
  local pid
  pid=$(<"$bundle/exec.pid")
  matches "$(od -An -c "$bundle/exec.pid" | tr -d ' \n')" '^[0-9]+$'
  same "$(tr '\0' ' ' <"/proc/$pid/cmdline")" 'sleep 500 '
  # The parent is the nearest subreaper: here pid 1.
  same "$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f2)" 1
}

same_namespaces() {
  running
  local pid name
  pid=$(state_of pid)
  for name in pid mnt net uts ipc cgroup; do
    in_container "$id" readlink /proc/self/ns/$name
    same "$out" "$(readlink "/proc/$pid/ns/$name")"
  done
}

same_cgroup() {
  running
  must runtime exec --detach --pid-file "$bundle/exec.pid" "$id" sleep 500
  same "$(cat "/proc/$(<"$bundle/exec.pid")/cgroup")" "$(cat "/proc/$(state_of pid)/cgroup")"
}

container_process_defaults() {
  new_bundle
  edit '.process.env += ["GREETING=hello"] | .process.cwd = "/tmp" | .process.user.additionalGids = [7]'
  run_detached
  in_container "$id" sh -c 'echo $GREETING; pwd; id -G; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status; ulimit -n'
  same "$out" "hello
/tmp
0 7
CapEff:	0000000020000420
NoNewPrivs:	1
1024"
}

process_document() {
  running
  cat >"$bundle/process.json" <<'JSON'
{
  "user": { "uid": 1000, "gid": 1000, "additionalGids": [5, 6] },
  "args": ["sh", "-c", "id -u; id -g; id -G; pwd; echo $WORD; grep CapPrm /proc/self/status"],
  "env": ["PATH=/bin", "WORD=given"],
  "cwd": "/tmp",
  "noNewPrivileges": true
}
JSON
  in_container --process "$bundle/process.json" "$id"
  is_status 0
  same "$out" "1000
1000
1000 5 6
/tmp
given
CapPrm:	0000000000000000"
}

process_from_pipe() {
  running
  local text
  text=$(jq '.process | .args = ["echo", "piped"]' "$bundle/config.json" |
    runtime exec --process /proc/self/fd/0 "$id")
  same "$text" piped
}

bad_process_document() {
  running
  local text
  for text in '' '{' '{"cwd": "/"}' '{"args": ["true"]}' '{"args": [], "cwd": "/"}'; do
    printf '%s' "$text" >"$bundle/process.json"
    in_container --process "$bundle/process.json" "$id"
    is_status 255
    [ -n "$err" ] || fail 'no message'
  done
  in_container --process /no/such/file "$id"
  is_status 255
}

options() {
  running
  in_container --cwd /tmp --env ONE=1 --env TWO=2 --user 1000:1000 --additional-gids 8 --additional-gids 9 "$id" \
    sh -c 'pwd; echo $ONE$TWO; id -u; id -g; id -G'
  same "$out" "/tmp
12
1000
1000
1000 8 9"
}

added_capability() {
  running
  in_container --cap CAP_SYS_CHROOT "$id" sh -c 'grep CapEff /proc/self/status'
  is_status 0
  local mask=$((0x$(sed 's/.*\t//' <<<"$out")))
  [ $((mask >> 18 & 1)) -eq 1 ] || fail "CAP_SYS_CHROOT is not in $out"
}

no_new_privileges() {
  new_bundle
  edit '.process.noNewPrivileges = false'
  run_detached
  in_container "$id" grep NoNewPrivs /proc/self/status
  same "$out" 'NoNewPrivs:	0'
  in_container --no-new-privs "$id" grep NoNewPrivs /proc/self/status
  same "$out" 'NoNewPrivs:	1'
}

in_created() {
  new_bundle
  create
  in_container "$id" true
  is_status 0
}

in_stopped() {
  new_bundle true
  run_detached
  wait_status stopped
  in_container "$id" true
  is_status 255
  contains "$err" 'cannot exec in a stopped container'
}

in_paused() {
  running
  must runtime pause "$id"
  in_container "$id" true
  is_status 255
  contains "$err" 'cannot exec in a paused container (use --ignore-paused to override)'
  must runtime resume "$id"
}

no_command() {
  running
  in_container "$id"
  is_status 255
  [ -n "$err" ] || fail 'no message'
}

seccomp_too() {
  new_bundle
  edit '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}'
  run_detached
  in_container "$id" mkdir /tmp/never
  is_status 1
  contains "$err" 'not supported'
}

user_namespace() {
  new_bundle
  own_rootfs
  chmod 711 "$work" "$work/cases"
  new_namespace user
  edit '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
  run_detached
  must runtime exec --detach --pid-file "$bundle/exec.pid" "$id" sleep 500
  same "$(stat -c %u "/proc/$(<"$bundle/exec.pid")")" 100000
  in_container "$id" id -u
  same "$out" 0
}

init_gone_meanwhile() {
  # The exec'd process dies with the pid namespace, and exec says so by its status.
  running
  "$RUNTIME" --root "$state_root" exec "$id" sleep 500 &
  local pid=$! code=0
  wait_until sh -c "[ \$('$RUNTIME' --root '$state_root' ps --format json $id | jq length) -eq 2 ]"
  must runtime kill "$id" KILL
  wait $pid || code=$?
  same $code 137
}

listed_by_ps() {
  running
  must runtime exec --detach "$id" sleep 500
  must runtime ps --format json "$id"
  same "$(jq length <<<"$out")" 2
}

many_at_once() {
  running
  local number pids=()
  for number in $(seq 20); do
    "$RUNTIME" --root "$state_root" exec "$id" sh -c "exit $number" &
    pids+=($!)
  done
  for number in $(seq 20); do
    local code=0
    wait "${pids[$((number - 1))]}" || code=$?
    same $code "$number"
  done
}

leaves_nothing() {
  running
  local before
  before=$(snapshot)
  in_container "$id" true
  in_container "$id" no-such-program
  same "$(snapshot)" "$before" 'what is left behind'
}

it 'exec ends with the status of the process' statuses
it 'exec ends with 128 and the signal of the process' signal_status
it 'exec connects the standard streams' streams
it 'exec of a missing or unusable command ends with 255 and the text that callers match' missing_command
it 'a failed exec leaves no pid file' no_pid_file_on_failure
it 'exec --detach returns, and the process belongs to the subreaper' detached
it 'the process is in the namespaces of the container' same_namespaces
it 'the process is in the cgroup of the container' same_cgroup
it 'the defaults are those of the container process' container_process_defaults
it '--process gives everything' process_document
it '--process may be a pipe' process_from_pipe
it 'a bad process document is refused with 255' bad_process_document
it '--cwd, --env, --user and --additional-gids' options
it '--cap adds a capability' added_capability
it '--no-new-privs' no_new_privileges
it 'exec in a created container works' in_created
it 'exec in a stopped container is refused' in_stopped
it 'exec in a paused container is refused' in_paused
it 'exec without a command is refused' no_command
it 'the seccomp profile holds for exec too [NTF-08]' seccomp_too
it 'exec enters the user namespace [NSP-09]' user_namespace
it 'exec ends when init does' init_gone_meanwhile
it 'ps lists the process' listed_by_ps
it 'many at once keep their own status' many_at_once
it 'exec leaves nothing [LIF-02]' leaves_nothing
finish
