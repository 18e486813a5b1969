#!/bin/bash
# Options of the command line, one by one: each has an effect, or is refused by its name. Together
# with the other scripts this is what tests/lint/options.txt refers to.
source "$(dirname "$0")/lib.sh"

# --- global options ------------------------------------------------------------------------------

# A config that the runtime warns about.
warned_about() {
  new_bundle true
  edit '.process.capabilities.bounding += ["CAP_OF_TOMORROW"]'
}

log_levels() {
  warned_about
  local log=$bundle/log
  try runtime --log "$log" run --bundle "$bundle" "$id"
  is_status 0
  [ ! -s "$log" ] || fail 'a log without an error has something in it' "$(<"$log")"
  must runtime --log "$log" --log-level warning run --bundle "$bundle" "$id"
  matches "$(<"$log")" '^time="[^"]+" level=warning msg=".*CAP_OF_TOMORROW'
  must runtime --log-level error run --bundle "$bundle" "$id"
  same "$err" ''
  try runtime --log-level loud state "$id"
  is_status 1
  contains "$err" 'invalid log-level: loud'
}

log_prefixes() {
  new_bundle
  try runtime --log "file:$bundle/log" --log-format json state no-such-container
  is_status 1
  same "$(jq -r .level "$bundle/log")" error
}

# Stands in for syslogd(8) or journald: prints the first packet that comes to a socket.
packet_receiver() { # SOCKET FILE
  rm -f "$1"
  mkdir -p "$(dirname "$1")"
  timeout 30 python3 -c '
import socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print(receiver.recv(65536).decode(), flush=True)' "$1" >"$2" &
  receiver_pid=$!
  wait_until test -S "$1"
}

log_to_daemons() {
  # Over the host's own sockets, in a mount namespace of our own.
  mkdir -p "$work/cases/run"
  unshare --mount bash -c "$(declare -f packet_receiver wait_until fail contains matches); set -e
    work='$work' RUNTIME='$RUNTIME' state_root='$state_root'
    touch /dev/log 2>/dev/null || :
    mount -t tmpfs tmpfs /run
    mkdir -p /run/systemd/journal
    packet_receiver /run/systemd/journal/socket \$work/journal
    ! \"\$RUNTIME\" --root \"\$state_root\" --log journald:abc state none 2>/dev/null
    wait \$receiver_pid
    contains \"\$(<\$work/journal)\" 'container does not exist'
    contains \"\$(<\$work/journal)\" 'PRIORITY=3'
    if [ -d /dev ] && ! [ -S /dev/log ] && rm -f /dev/log; then
      packet_receiver /dev/log \$work/syslog
      ! \"\$RUNTIME\" --root \"\$state_root\" --log syslog:abc state none 2>/dev/null
      wait \$receiver_pid
      rm -f /dev/log
      matches \"\$(<\$work/syslog)\" '^<[0-9]+>abc\[[0-9]+\]: .*container does not exist'
    fi"
}

debug_lines() {
  new_bundle true
  must runtime --debug --log "$bundle/log" run --bundle "$bundle" "$id"
  contains "$(<"$bundle/log")" 'level=debug'
  contains "$(<"$bundle/log")" "$state_root"
  must runtime run --bundle "$bundle" "$id"
  same "$err" ''
}

rootless_root() {
  new_bundle
  mkdir -m 700 "$bundle/xdg"
  local root=$bundle/xdg/$runtime_name
  XDG_RUNTIME_DIR=$bundle/xdg "$RUNTIME" --rootless true run --detach --bundle "$bundle" "$id" </dev/null >/dev/null
  [ -d "$root/$id" ] || fail "no state in $root" "$(find "$bundle/xdg")"
  same "$(stat -c %a "$root")" 1700
  XDG_RUNTIME_DIR=$bundle/xdg try "$RUNTIME" --rootless=false state "$id"
  is_status 1
  XDG_RUNTIME_DIR=$bundle/xdg must "$RUNTIME" --rootless=true delete --force "$id"
}

cgroups_disabled() {
  new_bundle sh -c 'cat /proc/self/cgroup'
  without_namespace cgroup
  edit 'del(.linux.resources)'
  must runtime --cgroup-manager disabled run --bundle "$bundle" "$id"
  lacks "$out" "/cases/$id"
  must runtime --cgroup-manager=cgroupfs run --bundle "$bundle" "$id"
  contains "$out" "/cases/$id"
  try runtime --cgroup-manager nobody run --bundle "$bundle" "$id"
  is_status 1
  contains "$err" 'cgroupfs, systemd or disabled'
}

# As Podman sends it with --cgroups=disabled.
disabled_with_cgroup_mount() {
  local own
  new_bundle sh -c 'cat /proc/self/cgroup; find /sys/fs/cgroup -maxdepth 2 -name cgroup.procs; mkdir /sys/fs/cgroup/x /sys/fs/cgroup/*/x'
  without_namespace cgroup
  edit 'del(.linux.resources) | .mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}]'
  try runtime --cgroup-manager disabled run --bundle "$bundle" "$id"
  own=$(cat /proc/self/cgroup)
  contains "$out" "$own"
  contains "$out" cgroup.procs
  contains "$err" 'Read-only file system'
}

# Without a cgroup init is all that is known of a container.
killed_without_cgroup() {
  local option
  for option in '' --all; do
    new_bundle
    without_namespace pid
    without_namespace cgroup
    edit 'del(.linux.resources)'
    must runtime --cgroup-manager disabled run --detach --bundle "$bundle" "$id"
    must runtime kill $option "$id" KILL
    wait_status stopped
    must runtime kill --all "$id" KILL
    must runtime delete "$id"
  done
}

systemd_is_asked() {
  [ ! -d /run/systemd/system ] || skip 'there is a systemd here'
  new_bundle
  local before option
  before=$(snapshot)
  for option in --systemd-cgroup --cgroup-manager=systemd; do
    try runtime "$option" create --bundle "$bundle" "$id"
    is_status 1
    contains "$err" systemd
  done
  same "$(snapshot)" "$before" 'what is left behind'
}

strict_delete() {
  # LIF-11: the specification lets only stopped containers be deleted; peers delete created ones.
  new_bundle
  create
  try runtime --strict delete "$id"
  is_status 1
  contains "$err" 'not stopped: created'
  must runtime delete "$id"
}

help_everywhere() {
  must runtime --help
  contains "$out" 'GLOBAL OPTIONS'
  must runtime help
  contains "$out" 'COMMANDS'
  must runtime help exec
  contains "$out" '--ignore-paused'
  must runtime -h
  must runtime -v
  matches "$(head -1 <<<"$out")" "^$runtime_name version [0-9]"
}

personalities() {
  # The name decides the default root and the first line of --version.
  local name
  mkdir "$work/cases/names"
  for name in runc buildkit-runc crun; do
    ln -s "$RUNTIME" "$work/cases/names/$name"
    try env -i "$work/cases/names/$name" --version
    is_status 0
    matches "$(head -1 <<<"$out")" "^${name#buildkit-} version [0-9]"
    try env -i "$work/cases/names/$name" --debug state none
    is_status 1
    contains "$err" "/run/${name#buildkit-}"
  done
  contains "$("$work/cases/names/crun" --version)" 'rundir: /run/crun'
  try "$work/cases/names/crun" frobnicate
  is_status 1
  try "$work/cases/names/runc" frobnicate
  is_status 3
}

# --- create and run ------------------------------------------------------------------------------

other_config() {
  new_bundle
  jq '.process.args = ["echo", "other"]' "$bundle/config.json" >"$bundle/other.json"
  must runtime run --bundle "$bundle" --config other.json "$id"
  same "$out" other
  mkdir "$bundle/elsewhere"
  mv "$bundle/other.json" "$bundle/elsewhere/"
  must runtime run --bundle "$bundle" -f "$bundle/elsewhere/other.json" "$id"
  same "$out" other
  must runtime create --bundle "$bundle" --config elsewhere/other.json "$id"
  same "$(state_of status)" created
}

# pidfd_receiver: starts the receiver of a pidfd, which prints its process's pid.
pidfd_receiver() {
  socket=$bundle/pidfd.sock
  timeout 30 python3 -c '
import re, socket, sys
listener = socket.socket(socket.AF_UNIX); listener.bind(sys.argv[1]); listener.listen(1)
connection, _ = listener.accept()
_, fds, _, _ = socket.recv_fds(connection, 4096, 4)
assert len(fds) == 1, fds
print(re.search(r"^Pid:\s*(\d+)$", open(f"/proc/self/fdinfo/{fds[0]}").read(), re.M)[1])' "$socket" >"$bundle/pidfd" &
  receiver_pid=$!
  wait_until test -S "$socket"
}

pidfd_of_create() {
  new_bundle
  pidfd_receiver
  create --pidfd-socket "$socket"
  wait $receiver_pid
  same "$(<"$bundle/pidfd")" "$(state_of pid)"
}

pidfd_of_run() {
  new_bundle
  pidfd_receiver
  run_detached --pidfd-socket "$socket"
  wait $receiver_pid
  same "$(<"$bundle/pidfd")" "$(state_of pid)"
}

pidfd_of_exec() {
  new_bundle
  run_detached
  pidfd_receiver
  must runtime exec --detach --pidfd-socket "$socket" --pid-file "$bundle/pid" "$id" sleep 500
  wait $receiver_pid
  same "$(<"$bundle/pidfd")" "$(<"$bundle/pid")"
}

console_of_run() {
  new_bundle sh -c 'tty'
  edit '.process.terminal = true'
  "$script_dir/console-socket" "$bundle/console.sock" >"$bundle/console.text" 2>&1 &
  local pid=$!
  wait_until test -S "$bundle/console.sock"
  run_detached --console-socket "$bundle/console.sock"
  wait $pid
  contains "$(<"$bundle/console.text")" /dev/pts/0
}

create_without_pivot() {
  new_bundle sh -c "ls $work"
  create --no-pivot
  start
  wait_status stopped
  new_bundle
  run_detached --no-pivot
  must runtime exec "$id" ls /
  lacks "$out" "$(basename "$work")"
  contains "$out" bin
}

session_keyring() {
  new_bundle cat /proc/keys
  edit '.linux.maskedPaths = []'
  run_ok
  contains "$out" "_ses.$id"
  new_bundle cat /proc/keys # another id: a keyring lingers for a while
  edit '.linux.maskedPaths = []'
  run_ok --no-new-keyring
  lacks "$out" "_ses.$id"
  new_bundle
  edit '.linux.maskedPaths = []'
  create --no-new-keyring
  must runtime exec "$id" cat /proc/keys
  lacks "$out" "_ses.$id"
}

preserved_by_create() {
  new_bundle
  exec 3</etc/passwd 4</etc/group
  create --preserve-fds 1
  start
  local pid
  pid=$(state_of pid)
  wait_until sh -c "tr '\0' ' ' </proc/$pid/cmdline | grep -q ^sleep"
  same "$(ls "/proc/$pid/fd" | tr '\n' ' ')" '0 1 2 3 '
}

# parent_of PID
parent_of() { sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f2; }

never_a_subreaper() {
  # The process of a detached call belongs to the caller's subreaper (here pid 1), whatever is said.
  new_bundle
  create --no-subreaper
  same "$(parent_of "$(state_of pid)")" 1
  must runtime exec --no-subreaper --detach --pid-file "$bundle/pid" "$id" sleep 500
  same "$(parent_of "$(<"$bundle/pid")")" 1
}

run_is_a_subreaper() {
  # The orphans of a container without a pid namespace: they come to run, or pass it by.
  new_bundle
  own_rootfs
  without_namespace pid
  shell '(sleep 600 & echo $! >/tmp/orphan); exec sleep 1000'
  local option runtime_pid parent orphan=$bundle/rootfs/tmp/orphan
  for option in --no-subreaper=false --no-subreaper; do
    rm -f "$orphan"
    "$RUNTIME" --root "$state_root" run "$option" --bundle "$bundle" "$id" </dev/null &
    runtime_pid=$!
    wait_until test -s "$orphan"
    parent=$runtime_pid
    if [ "$option" = --no-subreaper ]; then parent=1; fi
    is_child() { [ "$(parent_of "$(<"$orphan")")" = "$parent" ]; }
    wait_until is_child
    must runtime delete --force "$id"
    wait $runtime_pid || :
  done
}

# --- kill, delete and exec -----------------------------------------------------------------------

by_regular_expression() {
  new_bundle
  local one=$id
  run_detached
  new_bundle
  local two=$id
  run_detached
  new_bundle
  must runtime run --detach --bundle "$bundle" other
  must runtime kill --regex "^$case_tag-[0-9]+\$" KILL
  wait_status stopped "$one"
  wait_status stopped "$two"
  same "$(state_of status other)" running
  must runtime delete --regex "^$case_tag-"
  must runtime list --quiet
  same "$out" other
  try runtime delete --regex '('
  is_status 1
  must runtime delete -f -r '.*'
  must runtime list -q
  same "$out" ''
}

exec_while_paused() {
  # The process waits, frozen with the others, and runs when they do.
  new_bundle
  run_detached
  must runtime pause "$id"
  "$RUNTIME" --root "$state_root" exec --ignore-paused "$id" echo thawed >"$bundle/out" </dev/null &
  local pid=$! code=0
  wait_until sh -c "[ \$('$RUNTIME' --root '$state_root' ps --format json $id | jq length) -eq 2 ]"
  same "$(<"$bundle/out")" ''
  must runtime resume "$id"
  wait $pid || code=$?
  same $code 0
  same "$(<"$bundle/out")" thawed
}

exec_in_sub_cgroup() {
  new_bundle
  run_detached
  local option base
  if [ "$cgroup_version" = 1 ]; then
    needs_controller pids
    mkdir "$(cgroup_dir pids)/below"
    option=pids:/below
  else
    mkdir "$(cgroup_dir)/below"
    option=/below
  fi
  must runtime exec --cgroup "$option" --detach --pid-file "$bundle/pid" "$id" sleep 500
  contains "$(<"/proc/$(<"$bundle/pid")/cgroup")" "/cases/$id/below"
  if [ "$cgroup_version" = 1 ]; then
    matches "$(<"/proc/$(<"$bundle/pid")/cgroup")" "memory:/cases/$id
"
  fi
  for base in ../.. /../other nowhere; do
    try runtime exec --cgroup "$base" "$id" true
    is_status 255
  done
  try runtime exec --cgroup nosuch:/below "$id" true
  is_status 255
  contains "$err" 'unknown controller'
}

exec_label_without_selinux() {
  [ ! -d /sys/fs/selinux/class ] || skip 'SELinux is on'
  new_bundle
  run_detached
  try runtime exec --process-label 'system_u:system_r:container_t:s0' "$id" true
  is_status 255
  contains "$err" SELinux
}

exec_profile_without_apparmor() {
  [ ! -d /sys/module/apparmor ] || [ "$(cat /sys/module/apparmor/parameters/enabled)" = N ] || skip 'AppArmor is on'
  new_bundle
  run_detached
  try runtime exec --apparmor some-profile "$id" true
  is_status 255
  contains "$err" AppArmor
}

# --- update, spec, events ------------------------------------------------------------------------

update_v1() {
  needs_v1
  new_bundle
  run_detached
  # A parent that allows realtime to its children.
  local rt=$cgroup_root/cpu/cases/cpu.rt_runtime_us
  must runtime update --memory 48m --memory-swap 64m --memory-reservation 16m --pids-limit 20 --cpu-period 200000 \
    --cpu-quota 40000 --cpu-share 2048 --cpuset-cpus 0 --cpuset-mems 0 "$id"
  same "$(<"$(cgroup_dir memory)/memory.limit_in_bytes")" $((48 << 20))
  if [ -e "$cgroup_root/memory/memory.memsw.limit_in_bytes" ]; then
    same "$(<"$(cgroup_dir memory)/memory.memsw.limit_in_bytes")" $((64 << 20))
  fi
  same "$(<"$(cgroup_dir memory)/memory.soft_limit_in_bytes")" $((16 << 20))
  same "$(<"$(cgroup_dir pids)/pids.max")" 20
  same "$(<"$(cgroup_dir cpu)/cpu.cfs_period_us")" 200000
  same "$(<"$(cgroup_dir cpu)/cpu.cfs_quota_us")" 40000
  same "$(<"$(cgroup_dir cpu)/cpu.shares")" 2048
  same "$(<"$(cgroup_dir cpuset)/cpuset.cpus")" 0
  same "$(<"$(cgroup_dir cpuset)/cpuset.mems")" 0
  if [ -e "$cgroup_root/cpu/cpu.cfs_burst_us" ]; then
    must runtime update --cpu-burst 10000 "$id"
    same "$(<"$(cgroup_dir cpu)/cpu.cfs_burst_us")" 10000
    must runtime update --cpu-burst 0 "$id"
  fi
  must runtime update --cpu-quota -1 --pids-limit -1 --memory -1 "$id"
  same "$(<"$(cgroup_dir cpu)/cpu.cfs_quota_us")" -1
  same "$(<"$(cgroup_dir pids)/pids.max")" max
  if [ -e "$cgroup_root/cpu/cpu.idle" ]; then
    must runtime update --cpu-idle 1 "$id"
    same "$(<"$(cgroup_dir cpu)/cpu.idle")" 1
    must runtime update --cpu-idle 0 "$id"
  fi
  if [ -e "$rt" ] && echo 200000 >"$rt" 2>/dev/null; then
    must runtime update --cpu-rt-period 2000000 --cpu-rt-runtime 50000 "$id"
    same "$(<"$(cgroup_dir cpu)/cpu.rt_period_us")" 2000000
    same "$(<"$(cgroup_dir cpu)/cpu.rt_runtime_us")" 50000
  fi
}

update_block_weight() {
  new_bundle
  run_detached
  local file written=''
  for file in blkio.weight blkio.bfq.weight io.weight io.bfq.weight; do
    if [ -e "$(cgroup_dir blkio)/$file" ]; then written=$(cgroup_dir blkio)/$file; fi
  done
  try runtime update --blkio-weight 300 "$id"
  if [ -z "$written" ]; then
    is_status 1
    contains "$err" weight
  else
    is_status 0
    matches "$(<"$written")" '300|2930'
  fi
}

update_kernel_memory() {
  # Without effect in the kernel since 5.16: said, and no failure.
  new_bundle
  run_detached
  must runtime update --kernel-memory 64m "$id"
  contains "$err" 'kernel memory limits have no effect'
}

update_tcp_memory() {
  new_bundle
  run_detached
  must runtime update --kernel-memory-tcp 16m "$id"
  if [ "$cgroup_version" = 1 ]; then
    same "$(<"$(cgroup_dir memory)/memory.kmem.tcp.limit_in_bytes")" $((16 << 20))
  else
    contains "$err" 'no effect'
  fi
}

update_schemata() {
  new_bundle
  run_detached
  local class=/sys/fs/resctrl/$id
  if ! grep -q ' /sys/fs/resctrl resctrl ' /proc/mounts; then
    # Refused before anything is changed.
    try runtime update --l3-cache-schema L3:0=f --pids-limit 7 "$id"
    is_status 1
    contains "$err" 'no resctrl filesystem is mounted'
    try runtime update --mem-bw-schema MB:0=50 --pids-limit 7 "$id"
    is_status 1
    lacks "$(cat "$cgroup_root"/{pids/,}"cases/$id/pids.max" 2>/dev/null)" 7
    try runtime update --mem-bw-schema L3:0=50 "$id"
    contains "$err" 'does not start with `MB:`'
    return
  fi
  local mask
  mask=$(sed -n 's/ *L3:0=\([0-9a-f]*\).*/\1/p' /sys/fs/resctrl/schemata)
  must runtime update --l3-cache-schema "L3:0=$mask" "$id"
  contains "$(<"$class/schemata")" "L3:0=$mask"
  contains "$(<"$class/tasks")" "$(state_of pid)"
  must runtime delete --force "$id"
  [ ! -e "$class" ] || fail "$class is left"
}

spec_files() {
  mkdir -p "$work/cases/spec"
  must runtime spec --bundle "$work/cases/spec" --file other.json
  same "$(jq -r '.process.args[0]' "$work/cases/spec/other.json")" sh
  [ ! -e "$work/cases/spec/config.json" ] || fail 'config.json, too'
  must runtime spec --rootless -b "$work/cases/spec"
  contains "$(jq -r '.linux.namespaces[].type' "$work/cases/spec/config.json")" user
  same "$(jq -r '.linux.uidMappings[0].hostID' "$work/cases/spec/config.json")" 0
  same "$(jq '.linux.resources' "$work/cases/spec/config.json")" null
}

stats_at_an_interval() {
  new_bundle
  run_detached
  timeout 30 "$RUNTIME" --root "$state_root" events --interval 50ms "$id" >"$bundle/events" 2>/dev/null &
  local pid=$!
  # The default of 5s would not come to ten within wait_until's patience.
  wait_until sh -c "[ \$(wc -l <'$bundle/events') -ge 10 ]"
  must runtime delete --force "$id"
  wait $pid || :
  try runtime events --interval 0s "$id"
  is_status 1
}

it '--log-level decides what is logged' log_levels
it '--log file: is a file' log_prefixes
it '--log journald: and syslog: go to the daemons' log_to_daemons
it '--debug logs more' debug_lines
it '--rootless decides over the default root' rootless_root
it '--cgroup-manager=disabled leaves the process where its caller is' cgroups_disabled
it '--cgroup-manager=disabled shows the caller'\''s cgroup in a mount' disabled_with_cgroup_mount
it 'a container without a cgroup and a pid namespace is killed all the same' killed_without_cgroup
it '--systemd-cgroup without a systemd is refused' systemd_is_asked
it '--strict lets only stopped containers be deleted [LIF-11]' strict_delete
it '--help, help, -h, --version and -v' help_everywhere
it 'the name of the program decides root and version line' personalities
it '--config is another file' other_config
it 'create --pidfd-socket sends a pidfd of init' pidfd_of_create
it 'run --pidfd-socket sends a pidfd of init' pidfd_of_run
it 'exec --pidfd-socket sends a pidfd of the process' pidfd_of_exec
it 'run --detach --console-socket sends the master' console_of_run
it 'create and run with --no-pivot' create_without_pivot
it '--no-new-keyring keeps the caller'\''s' session_keyring
it 'create --preserve-fds passes N and no more' preserved_by_create
it 'create and exec are no subreapers, with --no-subreaper or without' never_a_subreaper
it 'run adopts orphans, unless --no-subreaper' run_is_a_subreaper
it 'kill and delete --regex choose containers' by_regular_expression
it 'exec --ignore-paused waits for resume' exec_while_paused
it 'exec --cgroup chooses a cgroup below the container'\''s' exec_in_sub_cgroup
it 'exec --process-label is refused where SELinux is off' exec_label_without_selinux
it 'exec --apparmor is refused where AppArmor is off' exec_profile_without_apparmor
it 'update has an option for every limit of cgroup v1' update_v1
it 'update --blkio-weight' update_block_weight
it 'update --kernel-memory is answered with a warning' update_kernel_memory
it 'update --kernel-memory-tcp limits TCP buffers on cgroup v1' update_tcp_memory
it 'update --l3-cache-schema and --mem-bw-schema' update_schemata
it 'spec --file and --rootless' spec_files
it 'events --interval decides how often there are statistics' stats_at_an_interval
finish
