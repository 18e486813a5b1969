#!/bin/bash
# Cgroup v2 with its real controllers: what the kernel reports, inside and outside the container.
# Skipped where v1 holds the controllers: tests/vm/test runs this on a pure v2 host.
source "$(dirname "$0")/lib.sh"

resources() { edit '.linux.resources = $r' --argjson r "$1"; }
value() { cat "$(cgroup_dir)/$1"; }
disk() { # MAJOR:MINOR of a disk whose IO can be limited
  local number
  number=$(lsblk --nodeps --noheadings --output MAJ:MIN 2>/dev/null | tr -d ' ' | grep -v '^\(7\|1\):' | head -1)
  [ -n "$number" ] || skip 'no disk'
  echo "$number"
}

nested_path() {
  needs_v2
  needs_controller memory
  new_bundle
  edit '.linux.cgroupsPath = "/cases/" + $id + "/one/two"' --arg id "$id"
  resources '{"memory": {"limit": 67108864}, "pids": {"limit": 20}, "cpu": {"shares": 512}}'
  run_detached
  local base=/cases/$id
  same "$(<"$cgroup_root$base/one/two/memory.max")" 67108864
  same "$(<"$cgroup_root$base/one/two/pids.max")" 20
  contains "$(<"$cgroup_root$base/cgroup.subtree_control")" memory
  contains "$(<"$cgroup_root$base/one/cgroup.subtree_control")" pids
  same "$(<"$cgroup_root$base/one/two/cgroup.subtree_control")" ''
  must runtime delete --force "$id"
  [ ! -d "$cgroup_root$base/one/two" ] || fail 'the cgroup is left'
}

as_seen_inside() {
  needs_v2
  needs_controller memory
  new_bundle sh -c 'cd /sys/fs/cgroup && cat memory.max memory.swap.max memory.low pids.max cpu.max cpu.weight cpuset.cpus'
  edit '.mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}]'
  resources '{"memory": {"limit": 67108864, "swap": 134217728, "reservation": 33554432},
    "pids": {"limit": 50}, "cpu": {"quota": 50000, "period": 100000, "cpus": "0"}, "unified": {"cpu.weight": "39"}}'
  run_ok
  same "$out" $'67108864\n67108864\n33554432\n50\n50000 100000\n39\n0'
}

unified_values() {
  needs_v2
  needs_controller memory
  new_bundle
  resources '{"memory": {"limit": 67108864}, "unified": {"memory.max": "50331648",
    "memory.high": "33554432", "memory.oom.group": "1", "pids.max": "7", "io.weight": "default 200"}}'
  create
  same "$(value memory.max)" 50331648
  same "$(value memory.high)" 33554432
  same "$(value memory.oom.group)" 1
  same "$(value pids.max)" 7
  contains "$(value io.weight)" 'default 200'
}

unified_unknown() {
  needs_v2
  needs_controller memory
  new_bundle
  resources '{"unified": {"nosuch.max": "1"}}'
  refused nosuch
  resources '{"unified": {"memory.nosuch": "1"}}'
  refused 'memory.nosuch'
}

hugetlb() {
  needs_v2
  needs_controller hugetlb
  new_bundle
  resources '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
  create
  same "$(value hugetlb.2MB.max)" 4194304
  same "$(value hugetlb.2MB.rsvd.max)" 4194304
}

hugetlb_unknown_size() {
  needs_v2
  needs_controller hugetlb
  new_bundle
  resources '{"hugepageLimits": [{"pageSize": "3MB", "limit": 4194304}]}'
  refused '3MB'
}

io_throttle() {
  needs_v2
  needs_controller io
  local number
  number=$(disk)
  new_bundle
  resources "$(jq -n --argjson a "${number%:*}" --argjson i "${number#*:}" '{blockIO: {weight: 500,
    throttleReadBpsDevice: [{major: $a, minor: $i, rate: 1048576}],
    throttleWriteBpsDevice: [{major: $a, minor: $i, rate: 2097152}],
    throttleReadIOPSDevice: [{major: $a, minor: $i, rate: 100}],
    throttleWriteIOPSDevice: [{major: $a, minor: $i, rate: 200}]}}')"
  create
  same "$(value io.max)" "$number rbps=1048576 wbps=2097152 riops=100 wiops=200"
  if [ -e "$(cgroup_dir)/io.bfq.weight" ]; then
    contains "$(value io.bfq.weight)" 500
  else
    contains "$(value io.weight)" 4950
  fi
}

out_of_memory() {
  needs_v2
  needs_controller memory
  new_bundle sh -c 'tail /dev/zero'
  resources '{"memory": {"limit": 8388608, "swap": 8388608}}'
  run
  is_status 137
}

out_of_memory_event() {
  needs_v2
  needs_controller memory
  new_bundle sh -c 'sleep 1; tail /dev/zero; sleep 1000'
  resources '{"memory": {"limit": 8388608, "swap": 8388608}}'
  create
  runtime events --interval 60s "$id" >"$work/events" 2>&1 &
  wait_until test -s "$work/events"
  start
  wait_until grep -q '"type":"oom"' "$work/events"
  must runtime delete --force "$id"
  wait # ends when the container does
}

statistics() {
  needs_v2
  needs_controller memory
  new_bundle
  resources '{"memory": {"limit": 67108864}, "pids": {"limit": 50}}'
  run_detached
  must runtime events --stats "$id"
  same "$(jq -r .type <<<"$out")" stats
  same "$(jq -r .data.memory.usage.limit <<<"$out")" 67108864
  same "$(jq -r .data.pids.limit <<<"$out")" 50
  same "$(jq -r .data.pids.current <<<"$out")" 1
  [ "$(jq -r .data.cpu.usage.total <<<"$out")" -gt 0 ] || fail 'no CPU time' "$out"
}

tiny_memory() {
  needs_v2
  needs_controller memory
  new_bundle true
  resources '{"memory": {"limit": 524288}}'
  run
  if [ "$status" -eq 0 ]; then return; fi
  matches "$err" 'killed by the OOM killer: limit 524288, peak [0-9]+'
}

update_everything() {
  needs_v2
  needs_controller memory
  new_bundle
  resources '{"memory": {"limit": 67108864, "swap": 134217728}, "pids": {"limit": 50}, "cpu": {"quota": 50000, "period": 100000}}'
  run_detached
  must runtime update --memory 50331648 --memory-swap 67108864 --memory-reservation 16777216 --pids-limit 20 \
    --cpu-period 200000 --cpu-quota 40000 --cpu-share 2048 --cpuset-cpus 0 --cpuset-mems 0 --blkio-weight 300 "$id"
  same "$(value memory.max)" 50331648
  same "$(value memory.swap.max)" 16777216
  same "$(value memory.low)" 16777216
  same "$(value pids.max)" 20
  same "$(value cpu.max)" '40000 200000'
  [ "$(value cpu.weight)" -gt 100 ] || fail "$(value cpu.weight)"
  same "$(value cpuset.cpus)" 0
  same "$(value cpuset.mems)" 0
  must runtime update --cpu-burst 10000 "$id"
  same "$(value cpu.max.burst)" 10000
  must runtime update --cpu-quota -1 --pids-limit -1 --memory -1 --memory-swap -1 "$id"
  same "$(value cpu.max)" 'max 200000'
  same "$(value pids.max)" max
  same "$(value memory.max)" max
  must runtime update --cpu-idle 1 "$id"
  same "$(value cpu.idle)" 1
  runtime update --resources - "$id" <<<'{"unified": {"memory.high": "40000000"}, "hugepageLimits": [{"pageSize": "2MB", "limit": 2097152}]}' \
    >"$work/out" 2>&1 || fail "update from standard input" "$(<"$work/out")"
  matches "$(value memory.high)" '^39[0-9]{6}$'
  same "$(value hugetlb.2MB.max)" 2097152
}

update_of_devices() {
  needs_v2
  needs_controller pids
  # Whatever update changes, the device program stays.
  new_bundle
  edit '.linux.devices = [{"path": "/dev/given", "type": "c", "major": 1, "minor": 11}]'
  resources '{"devices": [{"allow": false, "access": "rwm"}]}'
  run_detached
  must runtime update --pids-limit 100 "$id"
  try runtime exec "$id" sh -c ': >/dev/given'
  differs "$status" 0
  contains "$err" 'Operation not permitted'
}

freeze_and_kill() {
  needs_v2
  new_bundle
  run_detached
  must runtime pause "$id"
  same "$(state_of status)" paused
  contains "$(value cgroup.events)" 'frozen 1'
  must runtime ps --format json "$id"
  same "$(jq length <<<"$out")" 1
  try runtime kill "$id" KILL
  wait_status stopped
  must runtime delete "$id"
}

it 'a nested path gives the controllers on the way down [CGP-01][vm]' nested_path
it 'limits read inside are those of config.json [CME-01,CPI-01,CCP-01,CCP-05][vm]' as_seen_inside
it 'unified values win over the others [CUN-01,CUN-02][vm]' unified_values
it 'an unknown file in unified is refused [CUN-03][vm]' unified_unknown
it 'huge pages: limit and reservation [CHP-01][vm]' hugetlb
it 'a page size that does not exist is refused [CHP-02][vm]' hugetlb_unknown_size
it 'IO limits and weight [CBI-01,CBI-04][vm]' io_throttle
it 'an OOM kill ends run with 137 [CME-01][vm]' out_of_memory
it 'an OOM kill is an event' out_of_memory_event
it 'events --stats has the numbers of every controller' statistics
it 'a limit of 512 KiB runs true, or says why not [CME-01][vm]' tiny_memory
it 'update changes every limit' update_everything
it 'update leaves the device rules alone [CDV-01][vm]' update_of_devices
it 'a paused container is killed' freeze_and_kill
finish
