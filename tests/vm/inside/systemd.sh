#!/bin/bash
# Run inside the machine: the systemd cgroup driver, as root on the system's bus and as an ordinary
# user on the bus of the user's manager. Cases and words as in tests/integration (lib.sh), but
# without its sandbox: systemd has to see the processes.
export MYRT_PRIVATE_VIEW=v2 MYRT_PRIVATE_DIR
MYRT_PRIVATE_DIR=$(mktemp -d)
trap 'rm -rf "$MYRT_PRIVATE_DIR"' EXIT
source "$(dirname "$0")/../../integration/lib.sh"

if [ "$(id -u)" -eq 0 ]; then
  as_user=no bus=--system default_slice=system.slice top=''
else
  as_user=yes bus=--user default_slice=user.slice
  export XDG_RUNTIME_DIR=/run/user/$(id -u)
  export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
  top=$(systemctl --user show --property ControlGroup --value)
fi
tag=t$$
runtime() { "$RUNTIME" --systemd-cgroup --root "$state_root" "$@"; }
plain_runtime() { "$RUNTIME" --root "$state_root" "$@"; } # the state knows the driver
needs_root() { [ $as_user = no ] || skip 'root only'; }
needs_user() { [ $as_user = yes ] || skip 'an ordinary user only'; }

# scope_bundle [COMMAND...]: a bundle whose cgroup is myrt-test-ID.scope in machine-TAG.slice.
scope_bundle() {
  new_bundle "$@"
  slice=machine-$tag.slice
  unit=myrt-test-$id.scope
  cgroup=$top/machine.slice/$slice/$unit
  edit '.linux.cgroupsPath = $slice + ":myrt-test:" + $id' --arg slice "$slice" --arg id "$id"
  [ $as_user = no ] || edit '.linux.namespaces += [{"type": "user"}] | .linux.gidMappings = .linux.uidMappings
    | .linux.uidMappings = [{"containerID": 0, "hostID": $uid, "size": 1}] | .linux.gidMappings = .linux.uidMappings
    | (.mounts[].options | select(.)) -= ["gid=5"]' --argjson uid "$(id -u)"
}
resources() { edit '.linux.resources = $r' --argjson r "$1"; }
annotate() { edit '.annotations[$name] = $value' --arg name "$1" --arg value "$2"; }
value() { cat "/sys/fs/cgroup$cgroup/$1"; }
show() { systemctl $bus show --property "$1" --value "${2:-$unit}"; }
unit_is() { [ "$(show ActiveState)" = "$1" ]; }
reload() { systemctl $bus daemon-reload; }
is_gone() { [ ! -d "/sys/fs/cgroup$cgroup" ] && [ "$(show LoadState)" = not-found ]; }

everything='{"memory": {"limit": 67108864, "swap": 134217728, "reservation": 33554432}, "pids": {"limit": 50},
  "cpu": {"quota": 50000, "period": 100000, "shares": 512, "cpus": "0"}, "unified": {"memory.oom.group": "1"}}'

placed() {
  scope_bundle sh -c 'cat /proc/self/cgroup'
  without_namespace cgroup
  run_ok
  same "$out" "0::$cgroup"
  wait_until is_gone
}

properties() {
  scope_bundle
  resources "$everything"
  run_detached
  same "$(show Slice)" "$slice"
  same "$(show Description)" "myrt container $id"
  same "$(show ActiveState)" active
  same "$(show Delegate)" yes
  same "$(show CollectMode)" inactive-or-failed
  same "$(show MemoryMax)" 67108864
  same "$(show MemorySwapMax)" 67108864
  same "$(show MemoryLow)" 33554432
  same "$(show TasksMax)" 50
  same "$(show CPUQuotaPerSecUSec)" 500ms
  same "$(show CPUWeight)" "$(value cpu.weight)"
  same "$(show AllowedCPUs)" 0
  same "$(value memory.max)" 67108864
  same "$(value memory.swap.max)" 67108864
  same "$(value memory.low)" 33554432
  same "$(value pids.max)" 50
  same "$(value cpu.max)" '50000 100000'
  same "$(value cpuset.cpus)" 0
  same "$(value memory.oom.group)" 1
  # Nothing but the container is in there.
  same "$(wc -l <"/sys/fs/cgroup$cgroup/cgroup.procs")" 1
}

survive_reload() {
  scope_bundle
  resources "$everything"
  run_detached
  local file before after
  before=$(cd "/sys/fs/cgroup$cgroup" && grep . ./*.max ./*.low ./*.high ./*.weight ./cpuset.cpus ./*.group ./cgroup.subtree_control 2>/dev/null | sort)
  reload
  after=$(cd "/sys/fs/cgroup$cgroup" && grep . ./*.max ./*.low ./*.high ./*.weight ./cpuset.cpus ./*.group ./cgroup.subtree_control 2>/dev/null | sort)
  same "$after" "$before"
}

without_property() { # what systemd has no property for
  needs_root
  scope_bundle
  local disk
  disk=$(lsblk --nodeps --noheadings --output MAJ:MIN | tr -d ' ' | grep -v '^\(7\|1\):' | head -1)
  resources '{"cpu": {"quota": 50000, "period": 100000, "burst": 20000}, "hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}],
    "unified": {"io.max": "'"$disk"' rbps=1048576", "memory.oom.group": "1"}}'
  run_detached
  local turn
  for turn in 'before' 'after daemon-reload'; do
    same "$(value cpu.max.burst)" 20000 "cpu.max.burst $turn"
    same "$(value hugetlb.2MB.max)" 4194304 "hugetlb $turn"
    contains "$(value io.max)" "$disk rbps=1048576"
    same "$(value memory.oom.group)" 1 "memory.oom.group $turn"
    reload
  done
}

rewritten() { # what systemd writes at every change of a unit, whatever that is about
  scope_bundle
  resources '{"memory": {"limit": 67108864}, "cpu": {"shares": 512}, "unified": {"memory.oom.group": "1", "memory.zswap.max": "1048576"}}'
  run_detached
  local turn
  for turn in 'of cpu' 'of memory'; do
    case $turn in
      'of cpu') must plain_runtime update --cpu-share 1024 "$id" ;;
      'of memory') must plain_runtime update --memory 33554432 --memory-swap 33554432 "$id" ;;
    esac
    same "$(value memory.oom.group)" 1 "memory.oom.group after an update $turn"
    same "$(value memory.zswap.max)" 1048576 "memory.zswap.max after an update $turn"
  done
  printf '{"unified": {"memory.oom.group": "0"}}' >"$bundle/update.json"
  must plain_runtime update --resources "$bundle/update.json" "$id"
  same "$(value memory.oom.group)" 0 'memory.oom.group after it is changed itself'
}

default_unit() {
  scope_bundle
  edit 'del(.linux.cgroupsPath)'
  unit=myrt-$id.scope cgroup=$top/$default_slice/myrt-$id.scope
  run_detached
  same "$(show Slice)" $default_slice
  same "$(show ControlGroup)" "$cgroup"
  must plain_runtime delete --force "$id"
  is_gone || fail 'the unit is left'
}

own_slice() {
  scope_bundle
  unit=machine-$tag-own.slice cgroup=$top/machine.slice/machine-$tag.slice/machine-$tag-own.slice
  edit '.linux.cgroupsPath = "::" + $unit' --arg unit "$unit"
  resources '{"pids": {"limit": 20}}'
  run_detached
  same "$(show ControlGroup)" "$cgroup"
  same "$(show TasksMax)" 20
  same "$(value cgroup.procs)" "$(state_of pid)"
  must plain_runtime delete --force "$id"
  [ ! -d "/sys/fs/cgroup$cgroup" ] || fail 'the cgroup is left'
  same "$(show ActiveState)" inactive # any name is that of a slice which can be loaded
}

annotations() {
  scope_bundle
  annotate org.systemd.property.TimeoutStopSec 'uint32 17'
  annotate org.systemd.property.Description "'my own'"
  annotate org.systemd.property.CPUWeight 'uint64 33'
  run_detached
  same "$(show TimeoutStopUSec)" 17s
  same "$(show Description)" 'my own'
  same "$(show CPUWeight)" 33
  same "$(value cpu.weight)" 33
}

refuse() { # TEXT...
  try runtime --log "$work/refused.log" create --bundle "$bundle" "$id"
  is_status 1
  local text
  for text in "$@"; do contains "$err" "$text"; done
  [ ! -e "$state_root/$id" ] || fail 'the state is left'
  is_gone || fail 'the unit is left'
}

bad_annotation() {
  scope_bundle
  annotate org.systemd.property.CPUWeight 'much'
  refuse CPUWeight 'GVariant'
}

unknown_property() {
  scope_bundle
  annotate org.systemd.property.NoSuchThing 'true'
  refuse "$unit" 'org.freedesktop.DBus.Error.' NoSuchThing
}

bad_path() {
  scope_bundle
  edit '.linux.cgroupsPath = "/a/b"'
  refuse 'slice:prefix:name' '/a/b'
}

existing_unit() {
  scope_bundle
  systemd-run $bus --scope --quiet --unit "$unit" sleep 1000 >/dev/null 2>&1 &
  local sleeper=$!
  wait_until unit_is active
  try runtime --log "$work/refused.log" create --bundle "$bundle" "$id"
  is_status 1
  contains "$err" org.freedesktop.systemd1.UnitExists
  contains "$err" "$unit"
  same "$(show ActiveState)" active 'the unit of somebody else'
  systemctl $bus stop "$unit"
  wait $sleeper || :
}

no_bus() {
  scope_bundle
  try env DBUS_SYSTEM_BUS_ADDRESS=unix:path="$work/nowhere" DBUS_SESSION_BUS_ADDRESS=unix:path="$work/nowhere" \
    "$RUNTIME" --systemd-cgroup --root "$state_root" --log "$work/refused.log" create --bundle "$bundle" "$id"
  is_status 1
  contains "$err" "there is no D-Bus daemon at \`$work/nowhere\`"
  [ ! -e "$state_root/$id" ] || fail 'the state is left'
}

one_process() {
  scope_bundle true
  resources '{"pids": {"limit": 1}}'
  run_ok
  scope_bundle
  resources '{"pids": {"limit": 1}}'
  run_detached
  same "$(value pids.max)" 1
}

changes() {
  scope_bundle
  resources "$everything"
  run_detached
  must plain_runtime update --memory 33554432 --memory-swap 33554432 --pids-limit 9 --cpu-quota 20000 --cpu-share 1024 "$id"
  local turn
  for turn in 'before' 'after daemon-reload'; do
    same "$(show MemoryMax)" 33554432 "MemoryMax $turn"
    same "$(value memory.max)" 33554432 "memory.max $turn"
    same "$(value memory.swap.max)" 0 "memory.swap.max $turn"
    same "$(value pids.max)" 9 "pids.max $turn"
    same "$(value cpu.max)" '20000 100000' "cpu.max $turn"
    same "$(value cpu.weight)" "$(show CPUWeight)" "cpu.weight $turn"
    reload
  done
}

pauses() {
  scope_bundle
  run_detached
  must plain_runtime pause "$id"
  same "$(state_of status)" paused
  reload
  same "$(value cgroup.freeze)" 1
  same "$(state_of status)" paused
  must plain_runtime resume "$id"
  same "$(state_of status)" running
}

joins() {
  scope_bundle
  without_namespace cgroup
  run_detached
  must plain_runtime exec "$id" cat /proc/self/cgroup
  same "$out" "0::$cgroup"
  same "$(plain_runtime ps --format json "$id")" "[$(state_of pid)]"
}

deletes() {
  scope_bundle
  create
  must plain_runtime delete "$id"
  is_gone || fail 'of a created container, the unit is left'
  scope_bundle
  run_detached
  must plain_runtime kill "$id" KILL
  wait_status stopped
  must plain_runtime delete "$id"
  is_gone || fail 'of a stopped container, the unit is left'
  [ ! -e "$state_root/$id" ] || fail 'the state is left'
}

again_and_again() {
  scope_bundle true
  local i
  for ((i = 0; i < 6; i++)); do run_ok; done
  scope_bundle
  for ((i = 0; i < 3; i++)); do
    run_detached
    must plain_runtime delete --force "$id"
    is_gone || fail 'the unit is left'
  done
}

killed_runtime() { # wherever it is killed, delete --force finds everything
  scope_bundle
  local delay
  for delay in 0.02 0.05 0.1 0.2 0.4; do
    "$RUNTIME" --systemd-cgroup --root "$state_root" create --bundle "$bundle" "$id" &
    local pid=$!
    sleep $delay # not synchronisation: where it is killed does not matter
    kill -KILL $pid 2>/dev/null || :
    wait $pid || :
    must plain_runtime delete --force "$id"
    wait_until is_gone
  done
}

killed_before_its_unit() {
  # Whoever is killed while systemd is busy leaves a unit that has no cgroup yet, and will have one.
  needs_root
  scope_bundle
  local slow=myrt-slow-$tag.service above=machine-$tag-slow.slice
  # shellcheck disable=SC2064 # both are local
  trap "systemctl stop $slow; rm -rf /run/systemd/system/{$slow,$above.d}; systemctl daemon-reload" EXIT
  printf '[Service]\nType=oneshot\nExecStart=sleep infinity\n' >"/run/systemd/system/$slow"
  mkdir "/run/systemd/system/$above.d"
  printf '[Unit]\nWants=%s\nAfter=%s\n' "$slow" "$slow" >"/run/systemd/system/$above.d/slow.conf"
  reload
  edit '.linux.cgroupsPath = $slice + ":myrt-test:" + $id' --arg slice "$above" --arg id "$id"
  cgroup=/machine.slice/$slice/$above/$unit
  "$RUNTIME" --systemd-cgroup --root "$state_root" create --bundle "$bundle" "$id" &
  local pid=$!
  wait_until eval '[ "$(show LoadState)" = loaded ]'
  kill -KILL $pid
  wait $pid || :
  [ ! -d "/sys/fs/cgroup$cgroup" ] || fail 'the unit did not have to wait'
  must plain_runtime delete --force "$id"
  wait_until is_gone # what it waits for never comes
}

oom() {
  scope_bundle sh -c 'tail /dev/zero'
  resources '{"memory": {"limit": 8388608, "swap": 8388608}}'
  run
  is_status 137
  wait_until is_gone
}

owned() {
  needs_root
  scope_bundle sh -c 'mkdir /sys/fs/cgroup/below && echo made && rmdir /sys/fs/cgroup/below'
  new_namespace user
  edit '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}] | .linux.gidMappings = .linux.uidMappings
    | .mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid"]}]'
  chmod 755 "$work" "$work/cases"
  run_ok
  same "$out" made
}

devices() {
  needs_root
  local turn disk device
  disk=$(lsblk --nodeps --noheadings --output MAJ:MIN | tr -d ' ' | grep -v '^\(7\|1\):' | head -1)
  device='"type": "b", "major": '${disk%:*}', "minor": '${disk#*:}
  scope_bundle
  edit '.linux.devices = [{"path": "/dev/given", '"$device"'}]'
  resources '{"devices": [{"allow": false, "access": "rwm"}]}'
  run_detached
  local denied=$id
  scope_bundle
  edit '.linux.devices = [{"path": "/dev/given", '"$device"'}]'
  resources '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, '"$device"', "access": "rwm"}]}'
  run_detached
  local command=(sh -c 'exec 3</dev/given')
  for turn in 'at first' 'after daemon-reload' 'after daemon-reexec' 'after update'; do
    try plain_runtime exec "$denied" "${command[@]}"
    [ "$status" -ne 0 ] || fail "a denied device opens $turn"
    contains "$err" 'Operation not permitted'
    try plain_runtime exec "$id" "${command[@]}"
    [ "$status" -eq 0 ] || fail "an allowed device does not open $turn" "$err"
    case $turn in
      'at first') reload ;;
      'after daemon-reload') systemctl daemon-reexec ;;
      'after daemon-reexec')
        must plain_runtime update --pids-limit 20 "$denied"
        must plain_runtime update --pids-limit 20 "$id"
        systemctl set-property --runtime "$unit" CPUWeight=50
        ;;
    esac
  done
}

no_controller() {
  needs_user
  scope_bundle
  resources '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
  refuse hugetlb user@.service Delegate=
}

it 'the container is in its scope, and the scope goes with it [CGP-10,CGP-12]' placed
it 'limits are properties of the unit and values of the kernel [CGP-13]' properties
it 'daemon-reload changes no limit' survive_reload
it 'daemon-reload leaves what systemd has no property for' without_property
it 'update keeps what systemd writes at every change' rewritten
it 'without cgroupsPath the unit is named after the container [CGP-12]' default_unit
it 'a container can be a slice [CGP-12]' own_slice
it 'annotations are properties [CGP-14]' annotations
it 'an annotation that is no value is refused [CGP-14]' bad_annotation
it 'what systemd refuses is an error with unit and D-Bus name' unknown_property
it 'a path that is no unit is refused [CGP-05]' bad_path
it 'the unit of somebody else is an error, and stays' existing_unit
it 'no bus is an error' no_bus
it 'a limit of one process starts one [CPI-01]' one_process
it 'update changes unit and kernel, without the flag' changes
it 'pause, resume without the flag' pauses
it 'exec and ps find the scope without the flag' joins
it 'delete stops the unit without the flag' deletes
it 'the same id can be used at once again' again_and_again
it 'a killed create leaves nothing that delete does not find' killed_runtime
it 'a create killed before systemd has made its unit leaves none' killed_before_its_unit
it 'an OOM kill ends run with 137, and the failed unit is collected' oom
it 'a user namespace owns its scope [CGO-02]' owned
it 'device rules outlive daemon-reload, daemon-reexec and update [CDV-01]' devices
it 'a controller that users do not have is an error with the drop-in' no_controller
systemctl $bus stop "machine-$tag.slice" 2>/dev/null || :
finish
