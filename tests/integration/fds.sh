#!/bin/bash
# What a container process inherits: three streams, what was asked for, and nothing else.
source "$(dirname "$0")/lib.sh"

# A shell runs its last command in its own process: the `:` keeps pid 1 apart from ls, which holds
# the directory that it reads.

leaked_fds() {
  new_bundle
  shell 'ls /proc/1/fd; :'
  exec 5</etc/passwd 6</etc/group 60</ 61</etc 77</dev/null 200</
  run_ok
  same "$(tr '\n' ' ' <<<"$out")" '0 1 2 '
}

leaked_fds_create() {
  new_bundle
  exec 3</ 9</etc/passwd
  create
  local pid
  pid=$(state_of pid)
  start
  wait_until sh -c "tr '\0' ' ' </proc/$pid/cmdline | grep -q ^sleep"
  same "$(ls "/proc/$pid/fd" | tr '\n' ' ')" '0 1 2 '
}

leaked_fds_exec() {
  new_bundle
  run_detached
  exec 5</etc/passwd 60</ 77</
  try runtime exec "$id" sh -c 'ls /proc/$$/fd; :'
  same "$(tr '\n' ' ' <<<"$out")" '0 1 2 '
}

# What a process has open, which the runtime has started one way or another.
fds_of() { # PID
  ls "/proc/$1/fd" | sort -n | tr '\n' ' '
}
has_only_its_streams() { # PID HOW
  wait_until sh -c "tr '\0' ' ' </proc/$1/cmdline | grep -q '^sleep'"
  same "$(fds_of "$1")" '0 1 2 ' "descriptors, $2"
}

leaked_fds_of_all() {
  exec 5</etc/passwd 60</ 77</ 200</etc
  new_bundle
  own_rootfs
  mkdir "$bundle/seen"
  # Each way at once: hooks of all kinds, a filter, a terminal, sockets for it and for a pidfd.
  edit '.hooks = (["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
      | map({(.): [{path: "/bin/sh", args: ["sh", "-c", $text], env: ["PATH=/bin:/usr/bin", "HOOK=" + .]}]}) | add)
    | .mounts += [{destination: $seen, type: "bind", source: $seen, options: ["bind"]}]
    | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["acct"], action: "SCMP_ACT_ERRNO"}]}' \
    --arg seen "$bundle/seen" --arg text "ls /proc/self/fd >$bundle/seen/\$HOOK; :"
  run_detached
  has_only_its_streams "$(state_of pid)" 'run --detach'
  must runtime exec --detach --pid-file "$bundle/pid" "$id" sleep 1000
  has_only_its_streams "$(<"$bundle/pid")" 'exec --detach'
  "$script_dir/console-socket" "$bundle/console.sock" >"$bundle/console.text" 2>&1 &
  wait_until test -S "$bundle/console.sock"
  must runtime exec --detach --tty --console-socket "$bundle/console.sock" --pid-file "$bundle/pid" "$id" sleep 1000
  has_only_its_streams "$(<"$bundle/pid")" 'exec --tty'
  must runtime delete --force "$id"
  same "$(ls "$bundle/seen" | tr '\n' ' ')" 'createContainer createRuntime poststart poststop prestart startContainer ' hooks
  local hook
  # Not of the hook's shell, whose number is another one in createContainer's /proc, but of ls, which has opened one itself.
  for hook in "$bundle/seen"/*; do same "$(tr '\n' ' ' <"$hook")" '0 1 2 3 ' "descriptors of $(basename "$hook")"; done
}

leaked_fds_terminal() {
  exec 5</etc/passwd 60</ 77</
  new_bundle
  edit '.process.terminal = true'
  "$script_dir/console-socket" "$bundle/console.sock" >"$bundle/console.text" 2>&1 &
  wait_until test -S "$bundle/console.sock"
  create --console-socket "$bundle/console.sock"
  start
  has_only_its_streams "$(state_of pid)" 'create --console-socket'
}

leaked_fds_user_namespace() {
  exec 5</etc/passwd 60</ 77</
  new_bundle
  own_rootfs
  chmod 711 "$work" "$work/cases" "$bundle"
  chown -R 100000:100000 "$bundle/rootfs"
  new_namespace user
  edit '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
  create
  start
  has_only_its_streams "$(state_of pid)" 'in a user namespace'
  must runtime exec --detach --pid-file "$bundle/pid" "$id" sleep 1000
  has_only_its_streams "$(<"$bundle/pid")" 'exec in a user namespace'
}

preserved() {
  new_bundle
  shell 'ls /proc/1/fd; cat <&3; cat <&4'
  echo third >"$bundle/three"
  echo fourth >"$bundle/four"
  exec 3<"$bundle/three" 4<"$bundle/four" 5</etc/passwd
  run_ok --preserve-fds 2
  same "$(tr '\n' ' ' <<<"$out")" '0 1 2 3 4 third fourth '
}

preserved_exec() {
  new_bundle
  run_detached
  exec 3</etc/group 4</etc/passwd
  try runtime exec --preserve-fds 1 "$id" sh -c 'ls /proc/$$/fd; :'
  same "$(tr '\n' ' ' <<<"$out")" '0 1 2 3 '
}

preserved_missing() {
  new_bundle
  exec 3<&- 4<&-
  try runtime create --bundle "$bundle" --preserve-fds 2 "$id"
  is_status 1
  same "$(ls -A "$state_root" 2>/dev/null)" ''
}

listen_fds() {
  new_bundle
  shell 'echo "$LISTEN_FDS $LISTEN_PID"; ls /proc/1/fd; cat <&3'
  echo activated >"$bundle/socket"
  exec 3<"$bundle/socket" 8</etc/passwd
  try sh -c "LISTEN_FDS=1 LISTEN_PID=\$\$ exec '$RUNTIME' --root '$state_root' run --bundle '$bundle' $id"
  is_status 0
  same "$(tr '\n' ' ' <<<"$out")" '1 1 0 1 2 3 activated '
}

listen_fds_of_others() {
  # LISTEN_PID names another process: the sockets are not for us.
  new_bundle
  shell 'echo "${LISTEN_FDS:-none}"; ls /proc/1/fd; :'
  exec 3</etc/passwd
  try sh -c "LISTEN_FDS=1 LISTEN_PID=1 exec '$RUNTIME' --root '$state_root' run --bundle '$bundle' $id"
  same "$(tr '\n' ' ' <<<"$out")" 'none 0 1 2 '
}

signals() {
  new_bundle grep -E '^(SigBlk|SigIgn):' /proc/self/status
  try sh -c "trap '' PIPE INT QUIT HUP; exec '$RUNTIME' --root '$state_root' run --bundle '$bundle' $id"
  is_status 0
  same "$out" 'SigBlk:	0000000000000000
SigIgn:	0000000000000000'
}

signals_exec() {
  new_bundle
  run_detached
  try sh -c "trap '' PIPE INT QUIT; exec '$RUNTIME' --root '$state_root' exec $id grep -E '^(SigBlk|SigIgn):' /proc/self/status"
  same "$out" 'SigBlk:	0000000000000000
SigIgn:	0000000000000000'
}

blocked_signals() {
  new_bundle grep -E '^SigBlk:' /proc/self/status
  try python3 -c "
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGTERM, signal.SIGCHLD})
os.execv(sys.argv[1], sys.argv[1:])" "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id"
  is_status 0
  same "$out" 'SigBlk:	0000000000000000'
}

parent_death_signal() {
  # The caller sets PDEATHSIG on the runtime, as conmon and the shim do; the container must not die.
  new_bundle
  python3 -c "
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
os.execv(sys.argv[1], sys.argv[1:])" "$RUNTIME" --root "$state_root" run --detach --bundle "$bundle" "$id"
  same "$(state_of status)" running
}

own_session() {
  new_bundle
  run_detached
  local pid
  pid=$(state_of pid)
  same "$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f4)" "$pid" 'the session'
}

child_of_subreaper() {
  new_bundle
  run_detached --pid-file "$bundle/pid"
  same "$(sed 's/.*) //' "/proc/$(<"$bundle/pid")/stat" | cut -d' ' -f2)" 1
}

nobody_holds_stdio() {
  # A reader of the container's output gets its end when the container ends, and not later.
  new_bundle echo done
  local text
  text=$(timeout 20 sh -c "{ '$RUNTIME' --root '$state_root' create --bundle '$bundle' $id && \
    '$RUNTIME' --root '$state_root' start $id >/dev/null; } | cat")
  same "$text" done
}

stdio_owner() {
  new_bundle sh -c 'stat -L -c %u /proc/self/fd/1'
  edit '.process.user.uid = 1000 | .process.user.gid = 1000'
  same "$(runtime run --bundle "$bundle" "$id" | cat)" 1000
}

null_keeps_owner() {
  new_bundle true
  edit '.process.user.uid = 1000 | .process.user.gid = 1000'
  runtime run --bundle "$bundle" "$id" </dev/null >/dev/null 2>&1
  same "$(stat -c '%u %a' /dev/null)" '0 666'
}

# A container may open /proc/PID/exe of init for writing as soon as nobody executes it any more.
read_only_binary() {
  new_bundle
  create
  python3 -c 'import os, sys; sys.exit(0 if os.statvfs(sys.argv[1]).f_flag & os.ST_RDONLY else 1)' \
    "/proc/$(state_of pid)/exe" || fail "init's binary is on a writable mount"
}

# A mount that is mounted somewhere, or still to be, could be made writable by a process with
# CAP_SYS_ADMIN that finds it at /proc/PID/exe. Ours is neither by the time that the container's
# processes are there.
cannot_be_made_writable() { # PID
  python3 -c '
import ctypes, errno, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
attributes = struct.pack("QQQQ", 0, 1, 0, 0)  # clears MOUNT_ATTR_RDONLY
done = libc.syscall(442, -100, sys.argv[1].encode(), 0, attributes, len(attributes))
sys.exit(0 if done == -1 and ctypes.get_errno() == errno.EINVAL else 1)
' "/proc/$1/exe" || fail "the binary of process $1 can be made writable"
}

# seal_is_gone PID: the runtime process has no fd of its own binary any more.
seal_is_gone() {
  local fd
  for fd in /proc/"$1"/fd/*; do
    [ "$(readlink "$fd")" != "$(readlink "/proc/$1/exe")" ] || fail "the runtime keeps $fd"
  done
}

sealed_for_good() {
  new_bundle
  create
  cannot_be_made_writable "$(state_of pid)"
}

# foreground COMMAND...: runs `runtime COMMAND` in the background and leaves its pid in $runner.
foreground() {
  "$RUNTIME" --root "$state_root" "$@" </dev/null >"$work/out" 2>&1 &
  runner=$!
}

sealed_for_good_foreground() {
  new_bundle
  foreground run --bundle "$bundle" "$id"
  wait_until sh -c "'$RUNTIME' --root '$state_root' state $id 2>/dev/null | grep -q running"
  cannot_be_made_writable "$runner"
  seal_is_gone "$runner"
  must runtime kill "$id" KILL
  wait "$runner" || :
}

sealed_for_good_exec() {
  new_bundle
  run_detached
  foreground exec "$id" sh -c 'echo here; exec sleep 1000'
  wait_until grep -q here "$work/out"
  cannot_be_made_writable "$runner"
  seal_is_gone "$runner"
  must runtime kill "$id" KILL
  wait "$runner" || :
}

# Whoever executes an open file of ours has that fd in the place of the seal's; it stays where it is.
executed_by_fd() {
  new_bundle
  shell 'ls /proc/1/fd; :'
  try python3 -c '
import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
os.dup2(fd, 70, inheritable=True)
os.execve(70, sys.argv[1:], os.environ)' "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id"
  is_status 0
  same "$(tr '\n' ' ' <<<"$out")" '0 1 2 '
}

it "init's binary cannot be made writable again (CVE-2019-5736)" sealed_for_good
it "nor the runtime's while a container runs (CVE-2019-5736)" sealed_for_good_foreground
it "nor that of a running exec (CVE-2019-5736)" sealed_for_good_exec
it 'the runtime may be executed by fd' executed_by_fd
it 'no descriptor leaks through run [FDS-01]' leaked_fds
it "init executes from a read-only mount of the runtime's binary (CVE-2019-5736)" read_only_binary
it 'no descriptor leaks through create and start [FDS-01]' leaked_fds_create
it 'no descriptor leaks through exec [FDS-01]' leaked_fds_exec
it 'nor through any of them detached, to a terminal, or to a hook [FDS-01]' leaked_fds_of_all
it 'nor to a container with a terminal [FDS-01]' leaked_fds_terminal
it 'nor in a user namespace [FDS-01]' leaked_fds_user_namespace
it '--preserve-fds passes N and no more [FDS-02]' preserved
it 'exec --preserve-fds passes N and no more [FDS-02]' preserved_exec
it '--preserve-fds of a closed descriptor is refused [FDS-02]' preserved_missing
it 'LISTEN_FDS is passed on with LISTEN_PID=1 [FDS-02]' listen_fds
it 'LISTEN_FDS for another process is not [FDS-02]' listen_fds_of_others
it 'ignored signals are not inherited [PRC-13]' signals
it 'ignored signals are not inherited by exec [PRC-13]' signals_exec
it 'blocked signals are not inherited [PRC-13]' blocked_signals
it 'a detached container outlives a runtime with PDEATHSIG [PRC-13]' parent_death_signal
it 'the process has a session of its own [PRC-13]' own_session
it 'a detached container is a child of the subreaper' child_of_subreaper
it 'nobody but the container holds its streams' nobody_holds_stdio
it 'the streams belong to the user [USR-05]' stdio_owner
it 'but /dev/null does not [FDS-03,USR-05]' null_keeps_owner
finish
