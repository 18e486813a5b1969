#!/bin/bash
# What users of runc and crun count on and is easily forgotten: each had its bug report with one of them.
source "$(dirname "$0")/lib.sh"

tun_device() {
  # VPNs in containers make the node themselves; it is in both peers' default rules.
  [ -c /dev/net/tun ] || [ -e /sys/class/misc/tun ] || skip 'no tun device'
  new_bundle sh -c 'mkdir -p /dev/net && mknod /dev/net/tun c 10 200 && { : <>/dev/net/tun; } && echo opened'
  edit '.process.capabilities |= map_values(. + ["CAP_MKNOD"]) | .linux.resources.devices = [{"allow": false, "access": "rwm"}]'
  run_ok
  same "$out" opened
}

weight_of_shares() {
  needs_v2
  needs_controller cpu
  new_bundle
  edit '.linux.resources.cpu.shares = 1024'
  create
  # Not 39, which the linear formula of old gave.
  same "$(<"$(cgroup_dir)/cpu.weight")" 100
}

affinity() {
  [ "$(nproc)" -gt 1 ] || skip 'one CPU only'
  # The runtime may have been bound to one CPU; the container is not.
  new_bundle cat /proc/self/status
  try taskset -c 0 "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id"
  is_status 0
  same "$(sed -n 's/^Cpus_allowed_list:\t//p' <<<"$out")" "$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)"
  edit '.process.args = ["sleep", "1000"]'
  run_detached
  try taskset -c 0 "$RUNTIME" --root "$state_root" exec "$id" cat /proc/self/status
  is_status 0
  same "$(sed -n 's/^Cpus_allowed_list:\t//p' <<<"$out")" "$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)"
}

home() {
  new_bundle sh -c 'echo $HOME'
  edit '.process.user = {"uid": 1000, "gid": 1000}'
  run_ok
  same "$out" /home/user
  new_bundle
  run_detached
  try runtime exec --user 1000 "$id" sh -c 'echo $HOME'
  same "$out" /home/user
}

tmpfs_mode() {
  # The mode of what it covers, unless one is given; of a directory that was not there, the kernel's own.
  new_bundle stat -c %a /there /given /new
  own_rootfs
  mkdir -m 1750 "$bundle/rootfs/there" "$bundle/rootfs/given"
  edit '.mounts += [{"destination": "/there", "type": "tmpfs", "source": "tmpfs"},
    {"destination": "/given", "type": "tmpfs", "source": "tmpfs", "options": ["mode=711"]},
    {"destination": "/new", "type": "tmpfs", "source": "tmpfs"}]'
  run_ok
  same "$out" $'1750\n711\n1777'
}

session_of_exec() {
  new_bundle
  run_detached
  must runtime exec --detach --pid-file "$bundle/exec.pid" "$id" sleep 500
  local pid
  pid=$(<"$bundle/exec.pid")
  # Fields 5 and 6 of stat: process group and session.
  same "$(sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 3,4)" "$pid $pid"
}

json_of_hooks() {
  new_bundle
  edit '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "cat >" + $file]}] | .annotations = {"a/b": "c/d"}' --arg file "$bundle/state.json"
  create
  # One line, and slashes as they are: hooks take it apart with sed.
  same "$(wc -l <"$bundle/state.json")" 0
  contains "$(<"$bundle/state.json")" '"a/b":"c/d"'
  contains "$(<"$bundle/state.json")" "\"bundle\":\"$bundle\""
}

relative_destination() {
  new_bundle ls -d /relative
  edit '.mounts += [{"destination": "relative", "type": "tmpfs", "source": "tmpfs"}]'
  run_ok
  same "$out" /relative
  contains "$err" level=warning
}

created_is_deleted() {
  new_bundle
  create
  must runtime delete "$id"
}

kill_of_stopped() {
  new_bundle true
  run_detached
  wait_status stopped
  try runtime kill "$id" TERM
  is_status 1
  contains "$err" 'container not running'
}

poststart_after_program() {
  new_bundle
  edit '.hooks.poststart = [{"path": "/bin/sh", "args": ["sh", "-c", "cat /proc/$(sed \"s/.*\\\"pid\\\": *//; s/[^0-9].*//\")/comm >" + $file]}]' \
    --arg file "$bundle/comm"
  run_detached
  same "$(<"$bundle/comm")" sleep
}

statuses() {
  new_bundle sh -c 'kill -TERM $$'
  without_namespace pid
  run
  is_status 143
  new_bundle
  run_detached
  try runtime exec "$id" sh -c 'kill -9 $$'
  is_status 137
  try runtime exec "$id" no-such-program
  is_status 255
}

unknown_fields() {
  new_bundle true
  edit '.newer = {"a": [1]} | .linux.newer = "x" | .process.newer = null | .mounts[0].newer = 1'
  run_ok
  same "$err" ''
}

it 'parity: tun is among the default devices [CDV-02]' tun_device
it 'parity: shares become a weight by the quadratic formula [CCP-01][vm]' weight_of_shares
it 'parity: the CPU affinity of the runtime is not the container'\''s' affinity
it 'parity: HOME comes from the container'\''s passwd, for exec too [PRC-07]' home
it 'parity: a tmpfs has the mode of what it covers' tmpfs_mode
it 'parity: a process of exec has a session of its own [PRC-13]' session_of_exec
it 'parity: the state for hooks is one line with plain slashes [HOK-07]' json_of_hooks
it 'parity: a relative destination is a warning [MNT-02]' relative_destination
it 'parity: a created container is deleted' created_is_deleted
it 'parity: kill of a stopped container says that it is not running [OPS-14]' kill_of_stopped
it 'parity: poststart hooks come after the program has started [HOK-13]' poststart_after_program
it 'parity: 128 and the signal, and 255 for an exec that fails' statuses
it 'parity: fields that nobody knows are no error [CFG-03]' unknown_fields
finish
