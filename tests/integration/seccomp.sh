#!/bin/bash
# Seccomp profiles, as the program meets them.
source "$(dirname "$0")/lib.sh"

profile() { edit ".linux.seccomp = $1"; }
# deny NAMES ACTION [MORE]: a profile that allows all but the quoted, comma-separated NAMES.
deny() {
  profile '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
    "syscalls": [{"names": ['"$1"'], "action": "'"$2"'"'"${3:-}"'}]}'
}

none() {
  new_bundle grep Seccomp: /proc/self/status
  run_ok
  same "$out" 'Seccomp:	0'
}

filtered() {
  new_bundle grep Seccomp: /proc/self/status
  deny '"acct"' SCMP_ACT_ERRNO
  run_ok
  same "$out" 'Seccomp:	2'
}

errno_default() {
  new_bundle mkdir /tmp/x
  deny '"mkdir", "mkdirat"' SCMP_ACT_ERRNO
  run
  is_status 1
  contains "$err" 'Operation not permitted'
}

errno_given() {
  new_bundle mkdir /tmp/x
  deny '"mkdir", "mkdirat"' SCMP_ACT_ERRNO ', "errnoRet": 28'
  run
  is_status 1
  contains "$err" 'No space left'
}

kills() {
  local action
  for action in SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL_THREAD SCMP_ACT_TRAP; do
    new_bundle sh -c 'mkdir /tmp/x; echo $?'
    deny '"mkdir", "mkdirat"' $action
    run_ok
    same "$out" 159 "$action" # 128 + SIGSYS
  done
}

logged() {
  new_bundle mkdir /tmp/x
  own_rootfs
  deny '"mkdir", "mkdirat"' SCMP_ACT_LOG
  run_ok
}

arguments() {
  new_bundle sh -c 'trap "" USR1 USR2; kill -USR1 $$ || echo denied; kill -USR2 $$ && echo allowed'
  deny '"kill"' SCMP_ACT_ERRNO ', "args": [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}]'
  run_ok
  same "$out" "denied
allowed"
}

big_values() {
  new_bundle true
  deny '"acct"' SCMP_ACT_ERRNO ', "args": [{"index": 0, "value": 18446744073709551615, "op": "SCMP_CMP_EQ"}]'
  # jq 1.6 keeps no integer of that size.
  sed -i -E 's/1844674407370955[0-9]+/18446744073709551615/' "$bundle/config.json"
  run_ok
}

masked_argument() {
  new_bundle unshare --uts true
  deny '"unshare"' SCMP_ACT_ERRNO \
    ', "args": [{"index": 0, "value": 67108864, "valueTwo": 67108864, "op": "SCMP_CMP_MASKED_EQ"}], "errnoRet": 95'
  run
  is_status 1
  contains "$err" 'not supported'
}

unknown_names() {
  new_bundle true
  deny '"no_such_syscall", "acct"' SCMP_ACT_ERRNO
  run_ok
}

flags() {
  local flags
  for flags in '[]' '["SECCOMP_FILTER_FLAG_LOG"]' '["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]' '["SECCOMP_FILTER_FLAG_TSYNC"]'; do
    new_bundle grep Seccomp: /proc/self/status
    deny '"acct"' SCMP_ACT_ERRNO
    edit ".linux.seccomp.flags = $flags"
    run_ok
    same "$out" 'Seccomp:	2' "$flags"
  done
}

allow_list() {
  # What the default bundle uses, with and without new privileges.
  local value
  for value in true false; do
    new_bundle sh -c 'echo works; unshare --mount true'
    edit '.linux.seccomp = $profile[0].linux.seccomp | .process.noNewPrivileges = '$value \
      --slurpfile profile "$source_dir/examples/default/config.json"
    run
    is_status 1
    same "$out" works
    contains "$err" 'not permitted'
  done
}

runtime_needs_nothing() {
  # Nothing that the runtime itself still does after loading may need more than the program.
  new_bundle /bin/busybox true
  profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getcwd", "openat", "open",
    "getdents64", "close_range", "socket", "connect", "sendmsg", "recvmsg", "mmap", "prctl", "capset",
    "setresuid", "chdir"], "action": "SCMP_ACT_ERRNO"}]}'
  edit '.process.env = ["PATH=/bin"]'
  run
  [ "$status" -ne 1 ] || [ -z "$err" ] || lacks "$err" 'level=error'
}

notification() {
  new_bundle mkdir /tmp/x
  deny '"mkdir", "mkdirat"' SCMP_ACT_NOTIFY
  edit '.linux.seccomp.listenerPath = $path | .linux.seccomp.listenerMetadata = "given"
    | .annotations = {"a": "b"}' --arg path "$bundle/agent.sock"
  "$script_dir/seccomp-agent" "$bundle/agent.sock" "$bundle/agent.json" 122 >"$bundle/agent.log" 2>&1 &
  local pid=$!
  wait_until test -S "$bundle/agent.sock"
  run
  wait $pid || fail "$(<"$bundle/agent.log")"
  is_status 1
  contains "$err" 'Disk quota exceeded'
  same "$(jq -c .fds "$bundle/agent.json")" '["seccompFd"]'
  same "$(jq -r .metadata "$bundle/agent.json")" given
  same "$(jq -r .state.id "$bundle/agent.json")" "$id"
  same "$(jq -r .state.status "$bundle/agent.json")" creating
  same "$(jq -r .state.annotations.a "$bundle/agent.json")" b
  same "$(jq -r '.ociVersion | type' "$bundle/agent.json")" string
}

notification_of_exec() {
  new_bundle
  deny '"mkdir", "mkdirat"' SCMP_ACT_NOTIFY
  edit '.linux.seccomp.listenerPath = $path' --arg path "$bundle/agent.sock"
  "$script_dir/seccomp-agent" "$bundle/agent.sock" "$bundle/agent.json" 122 >"$bundle/agent.log" 2>&1 &
  wait_until test -S "$bundle/agent.sock"
  run_detached
  rm "$bundle/agent.sock"
  "$script_dir/seccomp-agent" "$bundle/agent.sock" "$bundle/exec.json" 28 >"$bundle/exec.log" 2>&1 &
  local pid=$!
  wait_until test -S "$bundle/agent.sock"
  try runtime exec "$id" mkdir /tmp/x
  wait $pid || fail "$(<"$bundle/exec.log")"
  contains "$err" 'No space left'
  same "$(jq -r .state.status "$bundle/exec.json")" running
}

no_agent() {
  new_bundle
  deny '"mkdir", "mkdirat"' SCMP_ACT_NOTIFY
  edit '.linux.seccomp.listenerPath = $path' --arg path "$bundle/nobody.sock"
  refused nobody.sock
}

it 'no profile, no filter [SEC-01]' none
it 'a profile is a filter [SEC-02]' filtered
it 'ERRNO is EPERM by default [SEC-12]' errno_default
it 'ERRNO with errnoRet [SEC-12]' errno_given
it 'KILL, KILL_PROCESS, KILL_THREAD and TRAP [SEC-08]' kills
it 'LOG lets it pass [SEC-08]' logged
it 'conditions on arguments [SEC-13,SEC-15]' arguments
it 'values of 64 bits [CFG-06,SEC-13]' big_values
it 'MASKED_EQ [SEC-15]' masked_argument
it 'names that are unknown here are skipped [SEC-10]' unknown_names
it 'flags [SEC-06]' flags
it 'an allow list, with and without new privileges [SEC-17]' allow_list
it 'the runtime needs none of the filtered system calls [SEC-17]' runtime_needs_nothing
it 'NOTIFY asks the agent [NTF-01,NTF-03,NTF-04,NTF-05,NTF-07]' notification
it 'NOTIFY of exec has a connection of its own [NTF-08]' notification_of_exec
it 'NOTIFY without an agent is refused [NTF-06]' no_agent
finish
