#!/bin/bash
# Resource limits, as the kernel reports them for the container's cgroup: v1 and v2.
source "$(dirname "$0")/lib.sh"

# limit V1FILE V2FILE: the value, whichever version this view has. V1FILE is controller/file.
limit() {
  if [ "$cgroup_version" = 1 ]; then
    cat "$(cgroup_dir "${1%%/*}")/${1##*/}"
  else
    cat "$(cgroup_dir)/$2"
  fi
}
by_version() { if [ "$cgroup_version" = 1 ]; then echo "$1"; else echo "$2"; fi; }
resources() { edit ".linux.resources = $1"; }

membership() {
  new_bundle
  run_detached
  local pid group
  pid=$(state_of pid)
  while IFS=: read -r _ controllers group; do
    case $MYRT_PRIVATE_VIEW:$controllers in
      # On a hybrid host the v2 hierarchy and name=systemd have no controllers to join for.
      hybrid: | *:name=*) continue ;;
      # And what a v2 view has as v1 lines are the hierarchies of the host.
      v2:?*) continue ;;
    esac
    contains "$group" "/cases/$id"
  done <"/proc/$pid/cgroup"
}

namespace_root() {
  new_bundle cat /proc/self/cgroup
  run_ok
  if [ "$cgroup_version" = 1 ]; then contains "$out" ':memory:/'; else contains "$out" '0::/'; fi
  lacks "$out" "$id"
}

memory_limit() {
  needs_controller memory
  new_bundle
  resources '{"memory": {"limit": 33554432, "reservation": 16777216}}'
  create
  same "$(limit memory/memory.limit_in_bytes memory.max)" 33554432
  same "$(limit memory/memory.soft_limit_in_bytes memory.low)" 16777216
}

memory_unlimited() {
  needs_controller memory
  new_bundle
  resources '{"memory": {"limit": -1}}'
  create
  same "$(limit memory/memory.limit_in_bytes memory.max)" "$(by_version 9223372036854771712 max)"
}

memory_swap() {
  needs_controller memory
  new_bundle
  if [ "$cgroup_version" = 1 ]; then
    [ -e "$cgroup_root/memory/memory.memsw.limit_in_bytes" ] || skip 'no swap accounting'
  else
    mkdir -p $cgroup_root/cases/probe
    [ -e $cgroup_root/cases/probe/memory.swap.max ] || skip 'no swap accounting'
  fi
  resources '{"memory": {"limit": 33554432, "swap": 50331648}}'
  create
  same "$(limit memory/memory.memsw.limit_in_bytes memory.swap.max)" "$(by_version 50331648 16777216)"
}

memory_kill() {
  needs_controller memory
  new_bundle sh -c 'head -c 100000000 /dev/zero | tail | wc -c'
  resources '{"memory": {"limit": 16777216}}'
  run
  [ "$out" != 100000000 ] || fail 'the limit does not hold'
}

memory_v1_rest() {
  needs_v1
  new_bundle
  resources '{"memory": {"limit": 33554432, "swappiness": 0, "disableOOMKiller": true}}'
  create
  same "$(<"$(cgroup_dir memory)/memory.swappiness")" 0
  contains "$(<"$(cgroup_dir memory)/memory.oom_control")" 'oom_kill_disable 1'
}

cpu_quota() {
  needs_controller cpu
  new_bundle
  resources '{"cpu": {"quota": 25000, "period": 50000, "shares": 512}}'
  create
  if [ "$cgroup_version" = 1 ]; then
    same "$(<"$(cgroup_dir cpu)/cpu.cfs_quota_us")" 25000
    same "$(<"$(cgroup_dir cpu)/cpu.cfs_period_us")" 50000
    same "$(<"$(cgroup_dir cpu)/cpu.shares")" 512
  else
    same "$(<"$(cgroup_dir)/cpu.max")" '25000 50000'
    matches "$(<"$(cgroup_dir)/cpu.weight")" '^(20|59)$'
  fi
}

cpu_idle() {
  needs_controller cpu
  new_bundle
  resources '{"cpu": {"idle": 1}}'
  create
  same "$(limit cpu/cpu.idle cpu.idle)" 1
}

cpu_burst() {
  needs_controller cpu
  new_bundle
  resources '{"cpu": {"quota": 50000, "period": 100000, "burst": 10000}}'
  create
  same "$(limit cpu/cpu.cfs_burst_us cpu.max.burst)" 10000
}

cpuset() {
  needs_controller cpuset
  new_bundle nproc
  resources '{"cpu": {"cpus": "0", "mems": "0"}}'
  run_ok
  same "$out" 1
}

cpuset_inherited() {
  needs_v1
  new_bundle
  create
  [ -n "$(<"$(cgroup_dir cpuset)/cpuset.cpus")" ] || fail 'cpuset.cpus is empty'
  same "$(<"$(cgroup_dir cpuset)/cpuset.cpus")" "$(<$cgroup_root/cpuset/cpuset.cpus)"
}

pids() {
  needs_controller pids
  new_bundle
  resources '{"pids": {"limit": 20}}'
  create
  same "$(limit pids/pids.max pids.max)" 20
}

pids_unlimited() {
  needs_controller pids
  new_bundle
  resources '{"pids": {"limit": -1}}'
  create
  same "$(limit pids/pids.max pids.max)" max
}

pids_zero() {
  needs_controller pids
  new_bundle
  resources '{"pids": {"limit": 0}}'
  create
  same "$(limit pids/pids.max pids.max)" 0
}

pids_hold() {
  needs_controller pids
  new_bundle sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait'
  resources '{"pids": {"limit": 4}}'
  run
  contains "$err" "can't fork"
}

blkio_weight() {
  needs_v1
  needs_controller blkio
  local file
  for file in blkio.weight blkio.bfq.weight; do
    [ ! -e "$cgroup_root/blkio/$file" ] || break
  done
  mkdir -p $cgroup_root/blkio/cases/probe
  [ -e "$cgroup_root/blkio/cases/probe/$file" ] || skip 'no weight in this kernel'
  new_bundle
  resources '{"blockIO": {"weight": 500}}'
  create
  contains "$(<"$(cgroup_dir blkio)/$file")" 500
}

device_rules() {
  # /dev/kmsg: anybody may open it for writing, so that only the rules stand in the way.
  local rules
  for rules in '' ', {"allow": true, "type": "c", "major": 1, "minor": 11, "access": "w"}' \
    ', {"allow": true, "access": "rwm"}, {"allow": false, "type": "c", "major": 1, "minor": 11, "access": "w"}'; do
    new_bundle sh -c '(: >/dev/given) 2>/dev/null && echo writable
      echo x >/dev/null && head -c 1 /dev/zero | wc -c && head -c 1 /dev/urandom | wc -c'
    edit '.linux.devices = [{"path": "/dev/given", "type": "c", "major": 1, "minor": 11}]'
    resources "{\"devices\": [{\"allow\": false, \"access\": \"rwm\"}$rules]}"
    run_ok
    case $rules in
      *'{"allow": true, "type"'*) same "$out" $'writable\n1\n1' "$rules" ;;
      *) same "$out" $'1\n1' "$rules" ;;
    esac
  done
}

devices_by_default() {
  # No rules at all: no device controller in the way.
  new_bundle sh -c 'head -c 1 /dev/zero | wc -c'
  run_ok
  same "$out" 1
}

relative_path() {
  new_bundle
  edit '.linux.cgroupsPath = "cases/relative-" + $id' --arg id "$id"
  run_detached
  contains "$(cat "/proc/$(state_of pid)/cgroup")" "relative-$id"
  must runtime delete --force "$id"
  [ -z "$(find $cgroup_root -name "relative-$id")" ] || fail 'cgroups are left'
}

no_path() {
  new_bundle
  edit 'del(.linux.cgroupsPath)'
  run_detached
  contains "$(cat "/proc/$(state_of pid)/cgroup")" "$id"
  must runtime delete --force "$id"
  [ -z "$(find $cgroup_root -name "$id")" ] || fail 'cgroups are left'
}

mounted_inside() {
  new_bundle
  edit '.mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
    "options": ["ro", "nosuid", "noexec", "nodev"]}]'
  needs_controller pids
  resources '{"pids": {"limit": 31}}'
  if [ "$cgroup_version" = 1 ]; then
    edit '.process.args = ["cat", "/sys/fs/cgroup/pids/pids.max"]'
  else
    edit '.process.args = ["cat", "/sys/fs/cgroup/pids.max"]'
  fi
  run_ok
  same "$out" 31
}

mounted_below_read_only() {
  # As Podman mounts for a container that runs systemd: what comes later keeps its own flags, also where it needs a directory.
  needs_v1
  new_bundle sh -c 'grep " /sys/fs/cgroup" /proc/mounts | while read -r _ at _ options _; do echo "$at ${options%%,*}"; done'
  edit '.mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro", "nosuid", "noexec", "nodev"]},
    {"destination": "/sys/fs/cgroup/pids", "type": "tmpfs", "source": "tmpfs", "options": ["rw"]},
    {"destination": "/sys/fs/cgroup/made", "type": "tmpfs", "source": "tmpfs", "options": ["rw"]}]'
  run_ok
  contains "$out" '/sys/fs/cgroup ro'
  contains "$out" '/sys/fs/cgroup/memory ro'
  contains "$out" '/sys/fs/cgroup/pids rw'
  contains "$out" '/sys/fs/cgroup/made rw'
}

mounted_read_only() {
  new_bundle sh -c 'mkdir /sys/fs/cgroup/x || mkdir /sys/fs/cgroup/pids/x'
  edit '.mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
    "options": ["ro", "nosuid", "noexec", "nodev"]}]'
  run
  is_status 1
  contains "$err" 'Read-only file system'
}

unified() {
  needs_v2
  new_bundle
  resources '{"unified": {"cgroup.max.descendants": "7"}}'
  create
  same "$(<"$(cgroup_dir)/cgroup.max.descendants")" 7
}

unified_on_v1() {
  needs_v1
  new_bundle
  resources '{"unified": {"memory.max": "1000000"}}'
  refused unified
}

sub_cgroups_removed() {
  new_bundle
  run_detached
  local base
  base=$(cgroup_dir freezer)
  mkdir -p "$base/below/deeper"
  must runtime delete --force "$id"
  [ ! -d "$base" ] || fail "$base is left"
}

it 'the process is in its cgroups [CGP-01,CGP-06,CGP-08]' membership
it 'the cgroup is the root of the cgroup namespace [NSP-10]' namespace_root
it 'memory.limit and reservation [CME-01,CME-02]' memory_limit
it 'memory.limit -1 [CME-01]' memory_unlimited
it 'memory.swap counts memory too [CME-03]' memory_swap
it 'the memory limit holds [CME-01]' memory_kill
it 'swappiness and disableOOMKiller on v1 [CME-06,CME-07]' memory_v1_rest
it 'cpu.quota, period and shares [CCP-01,CCP-02]' cpu_quota
it 'cpu.idle [CCP-06]' cpu_idle
it 'cpu.burst [CCP-03]' cpu_burst
it 'cpu.cpus holds [CCP-05]' cpuset
it 'a v1 cpuset takes its parent'\''s values [CCP-05]' cpuset_inherited
it 'pids.limit [CPI-01]' pids
it 'pids.limit -1 [CPI-01]' pids_unlimited
it 'pids.limit 0 is a limit [CPI-02]' pids_zero
it 'the pids limit holds [CPI-01]' pids_hold
it 'blockIO.weight on v1 [CBI-01]' blkio_weight
it 'device rules hold, and the default devices work [CDV-01,CDV-02,CDV-03]' device_rules
it 'without device rules the default devices work [CGP-07]' devices_by_default
it 'a relative cgroupsPath [CGP-02]' relative_path
it 'no cgroupsPath [CGP-04]' no_path
it 'a cgroup mount shows the container'\''s own [MNT-09]' mounted_inside
it 'a read-only cgroup mount is read-only [MNT-09]' mounted_read_only
it 'a mount below a read-only cgroup mount keeps its own flags [MNT-09]' mounted_below_read_only
it 'unified values are written on v2 [CUN-01,CUN-03]' unified
it 'unified values are refused on v1 [CUN-04]' unified_on_v1
it 'cgroups that the container made below its own are removed too [OPS-18]' sub_cgroups_removed
finish
