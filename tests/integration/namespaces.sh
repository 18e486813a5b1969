#!/bin/bash
# New namespaces, joined ones, shared ones; user namespaces; time offsets.
source "$(dirname "$0")/lib.sh"

namespace_of() { readlink "/proc/$1/ns/$2"; }
set_path() { edit '.linux.namespaces |= map(if .type == $type then .path = $path else . end)' --arg type "$1" --arg path "$2"; }

new_ones() {
  new_bundle
  run_detached
  local pid name
  pid=$(state_of pid)
  for name in pid net mnt ipc uts cgroup; do
    differs "$(namespace_of "$pid" $name)" "$(namespace_of self $name)" "the $name namespace"
  done
  same "$(namespace_of "$pid" user)" "$(namespace_of self user)" 'the user namespace'
}

inherited() {
  local name kind
  for kind in network=net ipc=ipc uts=uts cgroup=cgroup pid=pid; do
    name=${kind#*=} kind=${kind%=*}
    new_bundle
    without_namespace $kind
    if [ $kind = uts ]; then edit 'del(.hostname)'; fi
    run_detached
    same "$(namespace_of "$(state_of pid)" $name)" "$(namespace_of self $name)" "the $name namespace"
  done
}

joined() {
  local first name kind pid
  new_bundle
  run_detached
  first=$(state_of pid)
  for kind in network=net ipc=ipc uts=uts pid=pid; do
    name=${kind#*=} kind=${kind%=*}
    new_bundle
    set_path $kind "/proc/$first/ns/$name"
    if [ $kind = uts ]; then edit 'del(.hostname)'; fi
    run_detached
    pid=$(state_of pid)
    same "$(namespace_of "$pid" $name)" "$(namespace_of "$first" $name)" "the $name namespace"
  done
}

joined_pid_number() {
  local first
  new_bundle
  run_detached
  first=$(state_of pid)
  new_bundle sh -c 'echo $$'
  set_path pid "/proc/$first/ns/pid"
  run_ok
  [ "$out" -gt 1 ] || fail "pid $out in a namespace that has an init already"
}

# Only the end of the namespace's own init ends the others in it: SIGKILL goes to all of the cgroup.
joined_pid_killed() {
  local first command
  new_bundle
  run_detached
  first=$(state_of pid)
  for command in 'kill ID KILL' 'delete --force ID'; do
    new_bundle sh -c 'sleep 2000 & sleep 2000 & wait'
    set_path pid "/proc/$first/ns/pid"
    run_detached
    wait_until sh -c "[ \$('$RUNTIME' --root '$state_root' ps --format json '$id' | jq length) -eq 3 ]"
    # shellcheck disable=SC2086  # words of a command
    must runtime ${command/ID/$id}
    wait_until sh -c '! pgrep -f "sleep 20[0]0"'
    [ -d "/proc/$first" ] || fail "$command ended the owner of the namespace"
  done
}

hostname_and_domain() {
  new_bundle sh -c 'hostname; cat /proc/sys/kernel/domainname'
  edit '.domainname = "example.org"'
  local before
  before=$(hostname)
  run_ok
  same "$out" "inside
example.org"
  same "$(hostname)" "$before" 'the hostname of the host'
}

loopback() {
  new_bundle sh -c 'ip -o link show lo; ping -c 1 -w 2 127.0.0.1 >/dev/null && echo answered'
  edit '.process.capabilities |= map_values(. + ["CAP_NET_RAW"])'
  run_ok
  contains "$out" 'UP'
  contains "$out" answered
}

pid_one() {
  new_bundle sh -c 'echo $$; ls -d /proc/[0-9]* | wc -l'
  run_ok
  same "$(head -1 <<<"$out")" 1
}

sysctls() {
  new_bundle sh -c 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax'
  edit '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel/msgmax": "4321"}'
  local before
  before=$(cat /proc/sys/net/ipv4/ip_forward)
  run_ok
  same "$out" "1
4321"
  same "$(cat /proc/sys/net/ipv4/ip_forward)" "$before" 'the value of the host'
}

time_offsets() {
  new_bundle sh -c 'cut -d . -f 1 /proc/uptime; cat /proc/self/timens_offsets'
  new_namespace time
  edit '.linux.timeOffsets = {"monotonic": {"secs": 5000, "nanosecs": 7}, "boottime": {"secs": 100000}}'
  run_ok
  local uptime
  uptime=$(cut -d . -f 1 /proc/uptime)
  [ "$(head -1 <<<"$out")" -ge $((uptime + 99990)) ] || fail "uptime $out, on the host $uptime"
  matches "$out" 'monotonic +5000 +7'
}

# user_bundle: a bundle in a user namespace whose root is 100000 on the host.
user_bundle() {
  new_bundle "$@"
  new_namespace user
  edit '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    | .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 65536}]'
  chmod 711 "$work" "$work/cases" "$bundle"
}

user_mappings() {
  user_bundle sh -c 'cat /proc/self/uid_map /proc/self/gid_map | tr -s " "; id -u'
  run_ok
  same "$out" " 0 100000 65536
 0 200000 65536
0"
}

user_from_outside() {
  user_bundle
  run_detached
  same "$(stat -c %u:%g "/proc/$(state_of pid)")" 100000:200000
}

user_devices() {
  user_bundle sh -c 'echo x >/dev/null; head -c 4 /dev/zero | wc -c; stat -c %t:%T /dev/null'
  run_ok
  same "$out" "4
1:3"
}

user_terminal() {
  user_bundle sh -c 'tty'
  edit '.process.terminal = true'
  "$script_dir/console-socket" "$bundle/console.sock" >"$bundle/text" 2>&1 &
  local pid=$!
  wait_until test -S "$bundle/console.sock"
  create --console-socket "$bundle/console.sock"
  start
  wait $pid
  contains "$(<"$bundle/text")" /dev/pts/0
}

user_other_uid() {
  user_bundle id -u
  edit '.process.user = {"uid": 1234, "gid": 1234}'
  run_ok
  same "$out" 1234
  user_bundle id -u
  edit '.process.user = {"uid": 70000, "gid": 0}'
  refused uid
}

user_joined() {
  user_bundle
  run_detached
  local first
  first=$(state_of pid)
  new_bundle
  new_namespace user
  set_path user "/proc/$first/ns/user"
  chmod 711 "$bundle"
  run_detached
  same "$(namespace_of "$(state_of pid)" user)" "$(namespace_of "$first" user)"
}

user_rootfs_kept() {
  # Nothing is given to the mapped ids: neither the root nor what is mounted.
  user_bundle true
  own_rootfs
  mkdir "$bundle/data"
  touch "$bundle/data/file"
  edit '.mounts += [{"destination": "/data", "type": "bind", "source": "data", "options": ["bind"]}]'
  mkdir -p "$bundle/rootfs/data"
  local before
  before=$(find "$bundle/rootfs" "$bundle/data" -printf '%p %u %g %m\n' | sort)
  run_ok
  same "$(find "$bundle/rootfs" "$bundle/data" -printf '%p %u %g %m\n' | sort)" "$before" 'owners'
}

user_many_mappings() {
  user_bundle sh -c 'wc -l </proc/self/uid_map'
  edit '.linux.uidMappings = [range(0; 300) | {"containerID": ., "hostID": (100000 + . * 2), "size": 1}]'
  run_ok
  same "$out" 300
}

user_limits() {
  user_bundle
  edit '.linux.resources = {"pids": {"limit": 40}, "devices": [{"allow": false, "access": "rwm"}]}'
  needs_controller pids
  create
  same "$(cat "$(cgroup_dir pids)/pids.max")" 40
}

network_device() {
  # In a network namespace of its own, since the device leaves the one that the runtime is in.
  new_bundle
  edit '.linux.netDevices = {"myrt0": {"name": "web0"}}'
  unshare --net bash -c "
    set -eE
    trap 'echo \"at line \$LINENO: \$BASH_COMMAND\"' ERR
    inside() { nsenter --net=/proc/\$pid/ns/net ip -o link show \"\$@\"; }
    ip link add myrt0 type veth peer name peer0
    '$RUNTIME' --root '$state_root' create --bundle '$bundle' '$id'
    pid=\$('$RUNTIME' --root '$state_root' state '$id' | jq .pid)
    [[ \$(inside web0) = *web0*,UP* ]]
    ! ip link show myrt0 2>/dev/null
    # From here on it is the container's: what is changed stays changed.
    nsenter --net=/proc/\$pid/ns/net ip link set web0 down
    nsenter --net=/proc/\$pid/ns/net ip link set web0 mtu 1300
    '$RUNTIME' --root '$state_root' start '$id'
    '$RUNTIME' --root '$state_root' exec '$id' true
    [[ \$(inside web0) = *mtu\ 1300* && \$(inside web0) != *,UP* ]]
    '$RUNTIME' --root '$state_root' delete --force '$id'
    # A virtual device goes with its namespace, and its peer with it; nothing was moved back. The kernel tears down by itself.
    for second in \$(seq 100); do ip link show peer0 2>/dev/null || break; sleep 0.1; done
    ! ip link show peer0 2>/dev/null
    ! ip link show web0 2>/dev/null
    ! ip link show myrt0 2>/dev/null"
}

mount_namespace_shared() {
  # Without a mount namespace of its own the container cannot be kept from the host's mounts, so
  # that the answer may be a refusal; but never a change of them.
  new_bundle true
  without_namespace mount
  local before
  before=$(cut -d ' ' -f 5 /proc/self/mountinfo | sort)
  try runtime create --bundle "$bundle" "$id"
  if [ "$status" -ne 0 ]; then
    same "$(cut -d ' ' -f 5 /proc/self/mountinfo | sort)" "$before" 'the mounts'
  fi
}

it 'listed namespaces are new [NSP-01,NSP-03]' new_ones
it 'what is not listed is inherited [NSP-06]' inherited
it 'namespaces are joined by path [NSP-04]' joined
it 'a joined pid namespace has an init already [NSP-08]' joined_pid_number
it 'kill KILL ends every process of a joined pid namespace that is the container'\''s, and no other [NSP-11]' joined_pid_killed
it 'hostname and domainname are set inside only [HST-01,HST-02]' hostname_and_domain
it 'the loopback of a new network namespace is up [NSP-12]' loopback
it 'the program is pid 1 [NSP-03]' pid_one
it 'sysctls are set inside only [SYS-01]' sysctls
it 'time offsets hold [NSP-02,TIM-01]' time_offsets
it 'mappings of a user namespace [IDS-01]' user_mappings
it 'the process is unprivileged outside [IDS-01]' user_from_outside
it 'devices in a user namespace [DEV-01,DEV-09]' user_devices
it 'a terminal in a user namespace [PRC-01]' user_terminal
it 'user ids are those of the namespace, unmapped ones refused [USR-01]' user_other_uid
it 'a user namespace is joined by path [NSP-09]' user_joined
it 'the owners of rootfs and mounts stay as they are [IDS-03]' user_rootfs_kept
it '300 mappings [IDS-04]' user_many_mappings
it 'limits of a container in a user namespace [CDV-05]' user_limits
it 'a network device is the container'\''s from create to delete [NET-01,NET-02,NET-07,NET-08,NET-09]' network_device
it 'without a mount namespace the mounts of the host stay as they are' mount_namespace_shared
finish
