#!/bin/bash
# effective: every field that it compares is changed after the container was started, by the
# container's program or from outside, and is named at once, beside those changed before and no
# other. The last case finds a field that nobody has changed.
source "$(dirname "$0")/lib.sh"

fields=$work/fields # a line for each that was ever compared
named=$work/named   # and that was found to differ

# kind_of NAME...: without what is the container's: `mounts[].options`, `process.rlimits`.
kind_of() { sed -E 's/\[[^]]*\]/[]/; s/^(process\.rlimits|sysctl|timeOffsets)\..*/\1.*/'; }

# differ NAME...: these fields differ, and no other.
differ() {
  try runtime effective --json "$id"
  [ "$status" -eq $(($# > 0)) ] || fail "exit status $status" "$err" "$(jq -c '.fields[] | select(.match != "same")' <<<"$out")"
  jq -r '.fields[].name' <<<"$out" | kind_of >>"$fields"
  jq -r '.fields[] | select(.match == "differs") | .name' <<<"$out" | kind_of >>"$named"
  same "$(jq -r '.fields[] | select(.match == "differs") | .name' <<<"$out" | sort)" "$([ $# -eq 0 ] || printf '%s\n' "$@" | sort)" 'what differs'
}
changed=()
# then_differs NAME: one more than before.
then_differs() {
  changed+=("$1")
  differ "${changed[@]}"
}
# outside NAME COMMAND...: changes the field by a command.
outside() {
  local name=$1
  shift
  must "$@"
  then_differs "$name"
}
# inside NAME PYTHON: lets the container's program do it.
inside() {
  tell "$2"
  then_differs "$1"
}
tell() {
  # shellcheck disable=SC2016
  timeout 120 sh -c 'printf %s "$1" >"$2/go" && cat "$2/done"' sh "$1" "$bundle/rootfs/tmp" >/dev/null || fail "the program did not: $1"
}
enter() { nsenter -t "$(state_of pid)" "$@"; }

# A program that does what it is told: the host's Python, in a rootfs of the case's own.
new_obedient_bundle() {
  [ -x /usr/bin/python3 ] && [ -L /lib64 ] || skip 'no Python in /usr'
  new_bundle /usr/bin/python3 -c '
import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    words = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments]
    if getattr(libc, name)(*words) < 0:
        raise OSError(ctypes.get_errno(), name)
# Sets of the first 32 capabilities.
def capset(effective, permitted, inheritable):
    call("capset", struct.pack("II", 0x20080522, 0), struct.pack("6I", effective, permitted, inheritable, 0, 0, 0))
while True:
    exec(open("/tmp/go").read())
    open("/tmp/done", "w").write("done")
'
  own_rootfs
  ln -s usr/lib "$bundle/rootfs/lib"
  ln -s usr/lib64 "$bundle/rootfs/lib64"
  mkdir "$bundle/rootfs/usr"
  mkfifo -m 666 "$bundle"/rootfs/tmp/{go,done}
  edit '.mounts += [{"destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"]}]
    | .process.noNewPrivileges = false | .process.user.umask = 18
    | .process.capabilities |= map_values(["CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_KILL"])'
}

what_the_program_changes() {
  new_obedient_bundle
  edit '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_ERRNO"}]}'
  run_detached
  differ
  inside process.user.umask 'os.umask(0o77)'
  inside process.noNewPrivileges 'call("prctl", 38, 1, 0, 0, 0)'
  inside seccomp 'allow = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
call("prctl", 22, 2, struct.pack("HxxxxxxQ", 1, ctypes.addressof(allow)))'
  local all=$((1 << 21 | 1 << 18 | 1 << 7 | 1 << 6 | 1 << 8 | 1 << 5)) kill=$((1 << 5)) setuid=$((1 << 7))
  inside process.capabilities.bounding 'call("prctl", 24, 5, 0, 0, 0)'
  inside process.capabilities.inheritable "capset($all, $all, $setuid)"
  inside process.capabilities.effective "capset($((all - kill)), $all, $setuid)"
  inside process.capabilities.permitted "capset($((all - kill)), $((all - kill)), $setuid)"
  inside process.capabilities.ambient 'call("prctl", 47, 2, 7, 0, 0)'
  inside process.user.additionalGids 'os.setgroups([9])'
  inside process.user.gid 'os.setresgid(8, 8, 8)'
  # Without any id of root's it would have no ambient capabilities, either.
  inside process.user.uid 'os.setresuid(7, 0, 0)'
}

# The runtime's namespaces are handed to the program, which enters one after the other.
the_programs_namespaces() {
  new_obedient_bundle
  new_namespace time
  edit '.linux.timeOffsets = {"monotonic": {"secs": 1000}} | .linux.sysctl = {"net.ipv4.ip_local_port_range": "2000 3000", "kernel.msgmax": "8000"} | .domainname = "asked"'
  run_detached --preserve-fds 6 3</proc/self/ns/net 4</proc/self/ns/uts 5</proc/self/ns/ipc 6</proc/self/ns/cgroup 7</proc/self/ns/time 8</proc/self/ns/mnt
  differ
  outside hostname enter -u hostname changed
  outside domainname enter -u sh -c 'echo changed >/proc/sys/kernel/domainname'
  outside sysctl.net.ipv4.ip_local_port_range enter -n sh -c 'echo 2001 3001 >/proc/sys/net/ipv4/ip_local_port_range'
  outside sysctl.kernel.msgmax enter -i sh -c 'echo 8001 >/proc/sys/kernel/msgmax'
  inside namespaces.network 'call("setns", 3, 0)'
  inside namespaces.uts 'call("setns", 4, 0)'
  inside namespaces.ipc 'call("setns", 5, 0)'
  inside namespaces.cgroup 'call("setns", 6, 0)'
  changed+=(namespaces.time)
  inside timeOffsets.monotonic 'call("setns", 7, 0)'
  # Where another root is, nothing else is where it was.
  tell 'end = open("/tmp/done", "w")
call("setns", 8, 0)
end.write("done")
end.close()
while True: call("pause")'
  try runtime effective --diff "$id"
  is_status 1
  contains "$out" 'namespaces.mount'
  echo namespaces.mount >>"$named"
}

a_user_namespace_of_the_programs_own() {
  new_obedient_bundle
  run_detached
  differ
  tell 'call("unshare", 0x10000000)'
  try runtime effective --diff "$id"
  is_status 1
  contains "$out" 'namespaces.user'
  echo namespaces.user >>"$named"
}

id_maps_and_namespaces_that_are_joined() {
  new_bundle
  new_namespace user
  edit '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
  own_rootfs
  chown -R 100000:100000 "$bundle/rootfs"
  run_detached
  differ
}

how_it_is_scheduled() {
  new_bundle
  edit '.process.oomScoreAdj = 100 | .process.scheduler = {"policy": "SCHED_OTHER", "nice": 1} | .process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 4}'
  run_detached
  differ
  local pid
  pid=$(state_of pid)
  outside process.rlimits.RLIMIT_NOFILE prlimit --pid "$pid" --nofile=512:1024
  outside process.oomScoreAdj sh -c "echo 200 >/proc/$pid/oom_score_adj"
  outside process.scheduler chrt --batch -p 0 "$pid"
  outside process.ioPriority ionice -c 2 -n 7 -p "$pid"
}

its_mounts() {
  new_bundle
  mkdir "$work/cases/$id-one" "$work/cases/$id-two"
  edit '.root.readonly = true
    | .mounts += [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}, {"destination": "/var", "type": "bind", "source": $source, "options": ["bind"]}]
    | .linux.maskedPaths = ["/proc/keys"] | .linux.readonlyPaths = ["/proc/sys"]' --arg source "$work/cases/$id-one"
  run_detached
  differ
  local dev
  dev=/proc/$(state_of pid)/root/dev
  outside root.readonly enter -m -p /bin/busybox mount -o remount,bind,rw /
  outside 'mounts[/sys].options' enter -m -p /bin/busybox mount -o remount,bind,rw /sys
  outside 'mounts[/dev/shm]' enter -m -p /bin/busybox umount /dev/shm
  outside 'maskedPaths[/proc/keys]' enter -m -p /bin/busybox umount /proc/keys
  outside 'readonlyPaths[/proc/sys]' enter -m -p /bin/busybox mount -o remount,bind,rw /proc/sys
  outside 'devices[/dev/full]' chmod 600 "$dev/full"
  outside 'devices[/dev/zero]' rm "$dev/zero"
  must enter -m -p /bin/busybox umount /tmp
  outside 'mounts[/tmp].type' enter -m -p /bin/busybox mount -t ramfs ramfs /tmp
  must enter -m -p /bin/busybox umount /var
  outside 'mounts[/var].source' enter -m -p /bin/busybox mount --bind /etc /var
}

its_cgroup_v1() {
  needs_v1
  needs_controller memory
  new_bundle
  edit '.linux.resources = {"pids": {"limit": 50}, "memory": {"limit": 67108864, "reservation": 33554432, "swappiness": 10},
    "cpu": {"shares": 512, "quota": 50000, "period": 100000}, "devices": [{"allow": false, "access": "rwm"}]}'
  run_detached
  differ
  local file
  for file in pids/pids.max=60 memory/memory.limit_in_bytes=134217728 memory/memory.soft_limit_in_bytes=16777216 memory/memory.swappiness=20 \
    cpu/cpu.shares=300 cpu/cpu.cfs_quota_us=40000 cpu/cpu.cfs_period_us=200000; do
    outside "cgroup.$(basename "${file%=*}")" sh -c "echo ${file#*=} >'$(cgroup_dir "${file%%/*}")/$(basename "${file%=*}")'"
  done
  outside cgroup.devices sh -c "echo 'c 10:200 rwm' >'$(cgroup_dir devices)/devices.deny'"
}

# The device program is taken away as a service manager could do it, by bpf(2).
its_cgroup_v2() {
  needs_v2
  new_bundle
  edit '.linux.resources = {"devices": [{"allow": false, "access": "rwm"}]}'
  local controllers
  controllers=" $(<"$cgroup_root/cgroup.controllers") "
  case $controllers in *' pids '*) edit '.linux.resources.pids.limit = 50' ;; esac
  case $controllers in *' memory '*) edit '.linux.resources.memory.limit = 67108864' ;; esac
  case $controllers in *' cpu '*) edit '.linux.resources.cpu = {"quota": 50000, "period": 100000}' ;; esac
  run_detached
  differ
  case $controllers in *' pids '*) outside cgroup.pids.max sh -c "echo 60 >'$(cgroup_dir pids)/pids.max'" ;; esac
  case $controllers in *' memory '*) outside cgroup.memory.max sh -c "echo 134217728 >'$(cgroup_dir memory)/memory.max'" ;; esac
  case $controllers in *' cpu '*) outside cgroup.cpu.max sh -c "echo 40000 100000 >'$(cgroup_dir cpu)/cpu.max'" ;; esac
  outside cgroup.devices /usr/bin/python3 -c '
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def bpf(command, attributes):
    number = {"x86_64": 321}.get(os.uname().machine, 280)
    result = libc.syscall(ctypes.c_long(number), ctypes.c_long(command), attributes, ctypes.c_long(len(attributes)))
    if result < 0:
        raise OSError(ctypes.get_errno(), "bpf")
    return result
group = os.open(sys.argv[1], os.O_RDONLY)
ids = ctypes.create_string_buffer(4)
bpf(16, ctypes.create_string_buffer(struct.pack("IIIIQII", group, 6, 0, 0, ctypes.addressof(ids), 1, 0), 64))
program = bpf(13, ctypes.create_string_buffer(ids.raw, 64))
bpf(9, ctypes.create_string_buffer(struct.pack("IIII", group, program, 6, 0), 64))
' "$(cgroup_dir devices)"
}

another_cgroup() {
  new_bundle
  run_detached
  differ
  local other
  for other in "$cgroup_root"/*/cases "$cgroup_root/cases"; do
    [ -e "$other/cgroup.procs" ] || continue
    mkdir "$other/elsewhere"
    echo "$(state_of pid)" >"$other/elsewhere/cgroup.procs" || : # a new cpuset of v1 has no CPUs and takes nobody
  done
  then_differs cgroup
  must runtime kill "$id" KILL
  wait_status stopped
  must runtime delete "$id"
  find "$cgroup_root" -type d -name elsewhere -exec rmdir {} +
}

# What the kernel lets nobody change once the program runs.
constant='gidMappings|uidMappings|namespaces.pid'
every_field_was_changed() {
  # One of v1 and v2 always is skipped.
  [ -z "${CASE:-}" ] && [ "$skipped" -le 1 ] || skip 'not all cases were run'
  same "$(sort -u "$fields" | grep -vxE "$constant" | grep -vxFf "$named")" '' 'never seen to differ'
}

it 'what the program changes in itself' what_the_program_changes
it 'namespaces that the program leaves' the_programs_namespaces
it 'a user namespace that the program makes' a_user_namespace_of_the_programs_own
it 'id maps' id_maps_and_namespaces_that_are_joined
it 'limits and scheduling' how_it_is_scheduled
it 'mounts, masks and devices' its_mounts
it 'limits of cgroup v1' its_cgroup_v1
it 'limits and the device program of cgroup v2' its_cgroup_v2
it 'a process that was moved to another cgroup' another_cgroup
it 'every field that is compared was changed and named' every_field_was_changed
finish
