#!/bin/bash
# The attributes that the program starts with.
source "$(dirname "$0")/lib.sh"

proc_status() { sed -n "s/^$1:[[:space:]]*//p" <<<"$out"; }
# status_of_program: runs the bundle and leaves /proc/self/status of its program in $out.
status_of_program() {
  edit '.process.args = ["cat", "/proc/self/status"]'
  run_ok
}
# program_pid: starts the bundle's sleep and sets $pid once it is the program.
program_pid() {
  run_detached
  pid=$(state_of pid)
  wait_until sh -c "tr '\0' ' ' </proc/$pid/cmdline | grep -q ^sleep"
}

user_and_groups() {
  new_bundle sh -c 'id -u; id -g; id -G'
  edit '.process.user = {"uid": 1000, "gid": 1001, "additionalGids": [5, 27]}'
  run_ok
  same "$out" "1000
1001
1001 5 27"
}

no_groups() {
  new_bundle
  status_of_program
  same "$(proc_status Groups | tr -d ' ')" ''
}

umask_set() {
  new_bundle sh -c umask
  edit '.process.user.umask = 63'
  run_ok
  same "$out" 0077
}

umask_unset() {
  new_bundle sh -c umask
  (umask 027 && run_ok && same "$out" 0027)
}

directory() {
  new_bundle pwd
  edit '.process.cwd = "/var/new/place"'
  own_rootfs
  run_ok
  same "$out" /var/new/place
}

directory_of_user() {
  # Only the user may enter it, and only root could make it.
  new_bundle pwd
  own_rootfs
  mkdir -m 700 "$bundle/rootfs/home"
  chown 1000:1000 "$bundle/rootfs/home"
  edit '.process.cwd = "/home" | .process.user = {"uid": 1000, "gid": 1000}'
  run_ok
  same "$out" /home
}

directory_outside() {
  # A descriptor of the host must not become the working directory (CVE-2024-21626). One of the
  # container's own root may.
  new_bundle sh -c 'stat -c %d:%i . /'
  exec 7</
  local number
  for number in 3 4 5 6 7 8 9 10 11 12; do
    edit '.process.cwd = "/proc/self/fd/'$number'"'
    run
    [ "$status" -ne 0 ] || same "$(head -1 <<<"$out")" "$(tail -1 <<<"$out")" "fd $number"
  done
}

environment() {
  new_bundle env
  edit '.process.env = ["PATH=/bin", "B=2", "A=1", "EMPTY=", "HOME=/given"]'
  export LEAK=leak
  run_ok
  same "$out" "PATH=/bin
B=2
A=1
EMPTY=
HOME=/given"
}

environment_overridden() {
  new_bundle env
  edit '.process.env = ["ONE=two", "PATH=/bin", "ONE=", "HOME=", "ONE=three"]'
  run_ok
  same "$out" "PATH=/bin
ONE=three
HOME=/root"
}

home() {
  new_bundle sh -c 'echo $HOME'
  run_ok
  same "$out" /root
  new_bundle sh -c 'echo $HOME'
  edit '.process.user = {"uid": 1000, "gid": 1000}'
  run_ok
  same "$out" /home/user
}

path_of_the_environment() {
  new_bundle tool
  own_rootfs
  mkdir "$bundle/rootfs/tools"
  printf '#!/bin/sh\necho from-tools\n' >"$bundle/rootfs/tools/tool"
  chmod +x "$bundle/rootfs/tools/tool"
  edit '.process.env = ["PATH=/nowhere:/tools:/bin"]'
  run_ok
  same "$out" from-tools
}

sets_of_capabilities() {
  new_bundle
  edit '.process.capabilities = {
    "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"], "permitted": ["CAP_CHOWN", "CAP_KILL"],
    "effective": ["CAP_KILL"], "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}
    | .process.user = {"uid": 1000, "gid": 1000}'
  status_of_program
  # After execve a user keeps what is ambient.
  same "$(proc_status CapBnd)" 0000000000002021
  same "$(proc_status CapInh)" 0000000000000020
  same "$(proc_status CapAmb)" 0000000000000020
  same "$(proc_status CapPrm)" 0000000000000020
  same "$(proc_status CapEff)" 0000000000000020
}

root_capabilities() {
  new_bundle
  edit '.process.capabilities = {"bounding": ["CAP_CHOWN"], "permitted": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"]}'
  status_of_program
  same "$(proc_status CapEff)" 0000000000000001
  same "$(proc_status CapBnd)" 0000000000000001
}

no_capabilities() {
  new_bundle
  edit '.process.capabilities = {}'
  status_of_program
  same "$(proc_status CapEff)" 0000000000000000
  same "$(proc_status CapBnd)" 0000000000000000
}

unknown_capability() {
  new_bundle
  edit '.process.capabilities.bounding += ["CAP_FUTURE"]'
  status_of_program
}

capability_we_lack() {
  # Without CAP_SYS_RESOURCE in our own bounding set it cannot be given.
  new_bundle cat /proc/self/status
  edit '.process.capabilities |= map_values(. + ["CAP_SYS_RESOURCE"])'
  try setpriv --bounding-set -sys_resource "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id"
  is_status 0
}

no_new_privileges() {
  local value
  for value in true false; do
    new_bundle
    edit ".process.noNewPrivileges = $value"
    status_of_program
    same "$(proc_status NoNewPrivs)" "$([ $value = true ] && echo 1 || echo 0)"
  done
}

rlimits() {
  new_bundle cat /proc/self/limits
  edit '.process.rlimits = [
    {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
    {"type": "RLIMIT_FSIZE", "soft": 1048576, "hard": 2097152}]'
  run_ok
  matches "$out" 'Max open files +100 +200 '
  matches "$out" 'Max core file size +0 +0 '
  matches "$out" 'Max file size +1048576 +2097152 '
}

other_rlimits_kept() {
  new_bundle cat /proc/self/limits
  edit '.process.rlimits = []'
  (ulimit -n 777 && ulimit -s 5000 && run_ok && matches "$out" 'Max open files +777 +777 ')
}

rlimit_refused() {
  new_bundle
  edit '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 4000000000}]'
  refused RLIMIT_NOFILE
}

oom_score() {
  new_bundle cat /proc/self/oom_score_adj
  edit '.process.oomScoreAdj = 321'
  run_ok
  same "$out" 321
}

oom_score_kept() {
  new_bundle cat /proc/self/oom_score_adj
  (echo 123 >/proc/self/oom_score_adj && run_ok && same "$out" 123)
}

scheduling() {
  local pid
  new_bundle
  edit '.process.scheduler = {"policy": "SCHED_BATCH", "nice": 7}'
  program_pid
  contains "$(chrt -p "$pid")" SCHED_BATCH
  same "$(ps -o ni= -p "$pid" | tr -d ' ')" 7
}

scheduling_of_exec() {
  new_bundle
  run_detached
  jq '.process | .scheduler = {"policy": "SCHED_BATCH", "nice": 5} | .args = ["sleep", "500"]' "$bundle/config.json" >"$bundle/process.json"
  must runtime exec --detach --pid-file "$bundle/exec.pid" --process "$bundle/process.json" "$id"
  local pid
  pid=$(<"$bundle/exec.pid")
  contains "$(chrt -p "$pid")" SCHED_BATCH
  same "$(ps -o ni= -p "$pid" | tr -d ' ')" 5
  # And init, which has none, keeps its own.
  contains "$(chrt -p "$(state_of pid)")" SCHED_OTHER
}

scheduling_realtime() {
  local pid
  needs_v1
  new_bundle
  edit '.process.scheduler = {"policy": "SCHED_FIFO", "priority": 12}'
  if [ -e $cgroup_root/cpu/cpu.rt_runtime_us ]; then
    # A group has realtime only from its parent's share.
    mkdir -p $cgroup_root/cpu/cases
    { echo 100000 >$cgroup_root/cpu/cases/cpu.rt_runtime_us; } 2>/dev/null || skip 'no realtime to share'
    edit '.linux.resources.cpu = {"realtimeRuntime": 10000}'
  fi
  program_pid
  contains "$(chrt -p "$pid")" SCHED_FIFO
  contains "$(chrt -p "$pid")" 12
}

io_priority() {
  local pid
  new_bundle
  edit '.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 6}'
  program_pid
  same "$(ionice -p "$pid")" 'best-effort: prio 6'
}

affinity_of_exec() {
  [ "$(nproc)" -gt 1 ] || skip 'one CPU only'
  new_bundle
  edit '.process.execCPUAffinity = {"initial": "0", "final": "1"}'
  run_detached
  # Not applied to init.
  same "$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$(state_of pid)/status")" \
    "$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)"
  try runtime exec "$id" cat /proc/self/status
  is_status 0
  same "$(proc_status Cpus_allowed_list)" 1
}

affinity_of_the_caller() {
  [ "$(nproc)" -gt 1 ] || skip 'one CPU only'
  new_bundle nproc
  must taskset -c 0 "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id"
  differs "$out" 1
  new_bundle
  run_detached
  must taskset -c 0 "$RUNTIME" --root "$state_root" exec "$id" nproc
  differs "$out" 1
}

personality() {
  new_bundle uname -m
  edit '.linux.personality = {"domain": "LINUX32"}'
  run_ok
  case $out in i?86 | armv*) ;; *) fail "uname -m is $out" ;; esac
}

memory_policy() {
  local pid
  new_bundle
  edit '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0"}'
  program_pid
  contains "$(cat "/proc/$pid/numa_maps")" 'bind:0'
}

arguments_as_given() {
  new_bundle sh -c 'printf "<%s>" "$@"' zero '' 'two words' $'new\nline' 'ünï' '-x'
  run_ok
  same "$out" $'<><two words><new\nline><ünï><-x>'
}

it 'uid, gid and additional groups [USR-01,USR-03]' user_and_groups
it 'no additional groups without the list [USR-03]' no_groups
it 'umask [USR-02]' umask_set
it 'the umask is left alone when not given [USR-02]' umask_unset
it 'a missing working directory is made [PRC-04,PRC-05]' directory
it 'a working directory that only the user may enter [PRC-04]' directory_of_user
it 'a working directory outside of the root is refused [PRC-04] (CVE-2024-21626)' directory_outside
it 'the environment is the given one, in order [PRC-06]' environment
it 'a variable that is given twice has its last value [PRC-06]' environment_overridden
it 'HOME comes from /etc/passwd when it is not given [PRC-07]' home
it 'the program is looked up in the PATH of its environment [PRC-09]' path_of_the_environment
it 'the five sets of capabilities [CAP-01]' sets_of_capabilities
it 'capabilities of root [CAP-01]' root_capabilities
it 'no capabilities [CAP-01]' no_capabilities
it 'an unknown capability is a warning [CAP-03]' unknown_capability
it 'a capability that the runtime lacks is a warning [CAP-04]' capability_we_lack
it 'noNewPrivileges [PRC-10]' no_new_privileges
it 'rlimits [RLM-02]' rlimits
it 'other rlimits are kept [RLM-05]' other_rlimits_kept
it 'an rlimit that cannot be set is refused [RLM-04]' rlimit_refused
it 'oomScoreAdj [PRC-11]' oom_score
it 'oomScoreAdj is left alone when not given [PRC-12]' oom_score_kept
it 'scheduler policy and nice [SCH-01,SCH-02,SCH-06]' scheduling
it 'a process of exec has the scheduler of its own document [SCH-06]' scheduling_of_exec
it 'scheduler priority [SCH-03]' scheduling_realtime
it 'ioPriority [IOP-01,IOP-02,IOP-03]' io_priority
it 'execCPUAffinity is for exec only [AFF-01,AFF-02,AFF-03]' affinity_of_exec
it 'the CPUs are those of the cgroup and not of the caller' affinity_of_the_caller
it 'personality [PER-01]' personality
it 'memoryPolicy [MPL-01,MPL-02]' memory_policy
it 'args arrive as given [PRC-08]' arguments_as_given
finish
