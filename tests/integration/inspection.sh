#!/bin/bash
# validate, effective, metrics and doctor: what they say about bundles, containers and hosts that
# were spoilt on purpose.
source "$(dirname "$0")/lib.sh"

validate() { try runtime validate --json "$bundle"; }
# remark SEVERITY POINTER TEXT: validate has said so.
remark() {
  jq -e --arg severity "$1" --arg pointer "$2" --arg text "$3" \
    'any(.remarks[]; .severity == $severity and .pointer == $pointer and (.message | contains($text)))' \
    <<<"$out" >/dev/null || fail "no remark $* in:" "$out"
}

a_good_bundle_is_valid() {
  new_bundle
  edit '.mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}]'
  validate
  is_status 0
  same "$(jq -c '[.valid, .runnable, .remarks]' <<<"$out")" '[true,true,[]]'
  must runtime validate "$bundle/config.json"
  contains "$out" 'can be run: 0 errors'
}

every_problem_at_once() {
  new_bundle
  edit '.process.cwd = "relative" | .process.rlimits += [{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 1}]
    | .mounts += [{"destination": "/a", "type": "tmpfs", "options": ["idmap=1"]}, {"destination": "/b", "type": "tmpfs", "options": ["idmap=2"]}]
    | .linux.sysctl = {"kernel.panic": "1", "vm.swappiness": "1"} | .linux.unknown = 1'
  validate
  is_status 1
  remark error /process/cwd 'absolute path'
  remark error /process/rlimits/1/type 'given twice'
  remark error /mounts/6/options/0 'uids='
  remark error /mounts/7/options/0 'uids='
  remark error /linux/sysctl/kernel.panic ''
  remark error /linux/sysctl/vm.swappiness ''
  remark warning /linux/unknown 'no effect'
  same "$(jq '[.remarks[] | select(.line == 0 or .column == 0 or .clause == "")] | length' <<<"$out")" 0
}

line_and_column_are_those_of_an_editor() {
  new_bundle
  edit '.hostname = 7'
  try runtime validate "$bundle"
  is_status 1
  local at
  at=$(grep -n '"hostname": 7' "$bundle/config.json" | cut -d: -f1)
  contains "$out" "config.json:$at:15: error: /hostname: expected string, got integer [config.md, Hostname]"
}

repeated_properties_are_warned_about() {
  new_bundle
  sed -i '1s/{/{ "hostname": "first",/' "$bundle/config.json"
  validate
  is_status 0
  remark warning /hostname 'repeated'
}

what_the_host_lacks() {
  new_bundle
  edit '.mounts += [{"destination": "/x", "type": "nosuchfs"}, {"destination": "/y", "type": "bind", "source": "/no/such/dir", "options": ["bind"]}]
    | .hooks.prestart = [{"path": "/no/such/hook"}]
    | .process.args = ["/no/such/program"]
    | .linux.sysctl = {"kernel.shm_nosuch": "1"}
    | .linux.resources.cpu.cpus = "4000"
    | .linux.namespaces += [{"type": "time", "path": "/no/such/ns"}]'
  validate
  is_status 1
  remark error /linux/sysctl/kernel.shm_nosuch 'not namespaced'
  remark host /mounts/6/type nosuchfs
  remark host /mounts/7/source 'no such file or directory'
  remark host /hooks/prestart/0/path 'no such file or directory'
  remark host /process/args/0 /no/such/program
  remark host /linux/resources/cpu/cpus 4000
  remark host /linux/namespaces/6/path 'no such file or directory'
  try runtime validate --spec-only "$bundle"
  lacks "$out" 'host:'
}

a_missing_rootfs_is_found() {
  new_bundle
  edit '.root.path = "nowhere"'
  validate
  is_status 1
  remark host /root/path 'no such file or directory'
}

an_empty_file_has_a_syntax_error() {
  new_bundle
  : >"$bundle/config.json"
  validate
  is_status 1
  remark error '' 'invalid JSON'
}

no_file_is_an_error() {
  try runtime validate "$work/nowhere"
  is_status 1
  contains "$err" 'no such file or directory'
  same "$out" ''
}

# --- effective -------------------------------------------------------------------------------------

effective() { try runtime effective --json "$id"; }
# differs_in NAME: that field differs, and only that one.
differs_in() {
  effective
  is_status 1
  same "$(jq -r '.fields[] | select(.match == "differs") | .name' <<<"$out" | sort)" "$(printf '%s\n' "$@" | sort)" 'what differs'
}
in_container() { nsenter -t "$(state_of pid)" "$@"; }
no_difference() {
  effective
  [ "$status" -eq 0 ] || fail "exit status $status" "$(jq -c '.fields[] | select(.match != "same")' <<<"$out")" "$err"
}

fresh_containers_are_as_configured() {
  new_bundle
  edit '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "8000"} | .process.user.additionalGids = [5, 7] | .process.oomScoreAdj = 100'
  create
  no_difference
  start
  no_difference
  [ "$(jq '.fields | length' <<<"$out")" -gt 40 ] || fail 'too few fields' "$out"
  must runtime effective "$id"
  contains "$out" 'all as configured'
  must runtime effective --diff "$id"
  same "$out" ''
}

# The mount table is longer than the page that a read of it gives at once.
many_mounts_are_as_configured() {
  new_bundle
  edit '.mounts += [range(100) | {"destination": "/tmp/\(.)", "type": "tmpfs", "source": "tmpfs", "options": ["ro", "size=4k"]}]
    | .linux.maskedPaths = ["/sys/firmware", "/sys/dev/block", "/proc/keys"]'
  run_detached
  no_difference
}

# What an engine writes: the golden configurations, with a root and a program of ours.
engine_config() { # NAME
  new_bundle
  jq --slurpfile ours "$bundle/config.json" --arg source "$work/cases/$id-source" \
    '.root.path = $ours[0].root.path | .process.args = $ours[0].process.args | .process.env = $ours[0].process.env
      | .process.terminal = false | .process.cwd = "/" | .linux.cgroupsPath = $ours[0].linux.cgroupsPath | del(.hooks)
      | .process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 1024}]
      | .mounts |= map(if .type == "bind" then .source = $source else . end)
      | .linux.namespaces |= map(del(.path)) | del(.process.apparmorProfile) | del(.linux.seccomp.listenerPath)' \
    "$source_dir/tests/golden/$1/config.json" >"$bundle/config.new"
  mkdir "$work/cases/$id-source"
  mv "$bundle/config.new" "$bundle/config.json"
}
an_engines_config_is_no_false_alarm() {
  needs_controller cpuset
  needs_controller memory
  local name
  for name in default docker; do
    engine_config "$name"
    run_detached
    no_difference
  done
}

limits_are_compared() {
  needs_controller pids
  needs_controller memory
  new_bundle
  edit '.linux.resources = {"pids": {"limit": 50}, "memory": {"limit": 67108864}}'
  run_detached
  no_difference
  must runtime update --pids-limit 40 "$id"
  differs_in cgroup.pids.max
  contains "$(jq -c '.fields[] | select(.name == "cgroup.pids.max")' <<<"$out")" '"asked":"50","applied":"40"'
}

user_namespaces_are_compared() {
  new_bundle
  new_namespace user
  edit '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
  own_rootfs
  chown -R 100000:100000 "$bundle/rootfs"
  run_detached
  no_difference
  contains "$(jq -r '.fields[] | select(.name == "uidMappings").applied' <<<"$out")" '0 100000 65536'
}

a_program_without_root_is_as_configured() {
  new_bundle
  edit '.process.user = {"uid": 1000, "gid": 1000, "umask": 18} | .process.capabilities.ambient = [] | .process.noNewPrivileges = false'
  run_detached
  no_difference
}

seccomp_is_counted() {
  new_bundle
  edit '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_ERRNO"}]}'
  create
  no_difference
  start
  no_difference
}

# Podman asks for it in a privileged container, with the owner that the host's has (DEV-11).
a_device_ptmx_is_no_false_alarm() {
  new_bundle
  edit '.linux.devices += [{"path": "/dev/ptmx", "type": "c", "major": 5, "minor": 2, "fileMode": 438, "uid": 0, "gid": 5}]'
  run_detached
  no_difference
}

binds_and_nested_mounts_are_no_false_alarm() {
  new_bundle
  mkdir -p "$work/source/inner"
  mount -t tmpfs tmpfs "$work/source/inner"
  edit '.mounts += [{"destination": "/var/data", "type": "bind", "source": $source, "options": ["rbind", "ro", "nosuid"]},
    {"destination": "/etc/passwd", "type": "bind", "source": $file, "options": ["bind", "ro"]}]' \
    --arg source "$work/source" --arg file "$rootfs/etc/group"
  run_detached
  no_difference
  umount -l "$work/source/inner"
}

changes_of_mounts_are_named() {
  new_bundle
  run_detached
  in_container -m -p /bin/busybox mount -o remount,bind,rw /sys
  differs_in 'mounts[/sys].options'
  in_container -m -p /bin/busybox umount /dev/shm
  differs_in 'mounts[/sys].options' 'mounts[/dev/shm]'
  in_container -m -p /bin/busybox mount -t tmpfs tmpfs /tmp
  differs_in 'mounts[/sys].options' 'mounts[/dev/shm]' 'mounts[/tmp]'
}

a_stopped_container_has_no_effective_values() {
  new_bundle true
  run_detached
  wait_status stopped
  effective
  is_status 1
  contains "$err" 'container is stopped'
}

# --- metrics -----------------------------------------------------------------------------------------

metrics_of_running_containers() {
  new_bundle
  run_detached
  local first=$id
  new_bundle true
  run_detached
  wait_status stopped
  must runtime metrics
  contains "$out" "myrt_container_status{id=\"$first\",status=\"running\"} 1"
  lacks "$out" "id=\"$id\""
  must runtime metrics --all
  contains "$out" "myrt_container_status{id=\"$id\",status=\"stopped\"} 1"
  must runtime metrics "$id"
  lacks "$out" "id=\"$first\""
  try runtime metrics nosuch
  is_status 1
  contains "$err" 'container does not exist'
}

# So many that more than one thread reads them.
many_containers_are_all_there() {
  local number ids
  new_bundle
  edit 'del(.linux.cgroupsPath)' # each has its own
  for number in {100..229}; do must runtime create --bundle "$bundle" "many-$number"; done
  ids=$(printf 'many-%s\n' {100..229})
  same "$(runtime list --quiet)" "$ids"
  must runtime list --format json
  same "$(jq -r '.[].id' <<<"$out")" "$ids"
  same "$(jq -r '.[] | "\(.status) \(.owner)"' <<<"$out" | sort -u)" 'created root'
  must runtime metrics
  same "$(sed -n 's/^myrt_container_status{id="\([^"]*\)",status="created"} 1$/\1/p' <<<"$out")" "$ids"
}

metrics_without_containers() {
  must runtime metrics
  contains "$out" 'myrt_build_info{'
}

metrics_show_what_is_used() {
  needs_controller memory
  new_bundle
  edit '.linux.resources = {"pids": {"limit": 50}, "memory": {"limit": 67108864}}'
  run_detached
  must runtime metrics "$id"
  contains "$out" "myrt_container_memory_limit_bytes{id=\"$id\"} 67108864"
  contains "$out" "myrt_container_pids{id=\"$id\"} 1"
  contains "$out" "myrt_container_pids_limit{id=\"$id\"} 50"
  matches "$out" "myrt_container_cpu_usage_seconds_total\{id=\"$id\"\} 0\.[0-9]{6}"
  matches "$out" "myrt_container_memory_events_total\{id=\"$id\",event=\"oom_kill\"\} 0"
}

# Of each phase once, in the order of the creation; and what is left by a later change is still there.
metrics_have_the_phases_of_the_creation() {
  new_bundle
  run_detached
  local names=$'parse\nplan\nstate\ncgroup\nsources\nspawn\nset-up from outside\nwait for init'
  must runtime metrics "$id"
  same "$(sed -n 's/^myrt_container_creation_phase_seconds{id=".*",phase="\(.*\)"} [0-9.]*$/\1/p' <<<"$out")" "$names"
  runtime mounts add "$id" - <<<'[{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}]' || fail 'mounts add'
  must runtime metrics "$id"
  same "$(grep -c '^myrt_container_creation_phase_seconds{' <<<"$out")" 8
}

metrics_pass_promtool() {
  type -P promtool >/dev/null || skip 'no promtool'
  new_bundle
  run_detached
  runtime metrics --all >"$work/metrics"
  must promtool check metrics <"$work/metrics"
  try sh -c "promtool check metrics <'$work/metrics'"
  [ "$status" -eq 0 ] && [ -z "$out$err" ] || fail "promtool: $status" "$out" "$err"
}

openmetrics_are_what_their_parser_reads() {
  /usr/bin/python3 -c 'import prometheus_client.openmetrics' 2>/dev/null || skip 'no python3-prometheus-client'
  new_bundle
  run_detached
  runtime metrics --format openmetrics >"$work/metrics"
  must /usr/bin/python3 -c '
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(open(sys.argv[1]).read()))
assert any(family.name == "myrt_container_cpu_usage_seconds" and family.type == "counter" for family in families), families
' "$work/metrics"
  try runtime metrics --format nosuch
  is_status 1
  contains "$err" 'expected prometheus or openmetrics'
}

it 'validate: a good bundle has no remarks' a_good_bundle_is_valid
it 'validate: every problem at once' every_problem_at_once
it 'validate: line and column' line_and_column_are_those_of_an_editor
it 'validate: repeated properties' repeated_properties_are_warned_about
it 'validate: what this host lacks' what_the_host_lacks
it 'validate: a missing rootfs' a_missing_rootfs_is_found
it 'validate: an empty file' an_empty_file_has_a_syntax_error
it 'validate: no file' no_file_is_an_error
it 'effective: fresh containers are as configured' fresh_containers_are_as_configured
it 'effective: a long mount table' many_mounts_are_as_configured
it 'effective: what engines configure is no false alarm' an_engines_config_is_no_false_alarm
it 'effective: limits' limits_are_compared
it 'effective: user namespaces' user_namespaces_are_compared
it 'effective: a program without root' a_program_without_root_is_as_configured
it 'effective: seccomp filters are counted' seccomp_is_counted
it 'effective: binds and what is mounted in them' binds_and_nested_mounts_are_no_false_alarm
it 'effective: a device /dev/ptmx' a_device_ptmx_is_no_false_alarm
it 'effective: changed mounts are named' changes_of_mounts_are_named
it 'effective: a stopped container has none' a_stopped_container_has_no_effective_values
it 'metrics: running containers, named ones, all' metrics_of_running_containers
it 'list, metrics: many containers' many_containers_are_all_there
it 'metrics: no containers' metrics_without_containers
it 'metrics: limits and usage' metrics_show_what_is_used
it 'metrics: phases of the creation' metrics_have_the_phases_of_the_creation
it 'metrics: promtool has nothing to say' metrics_pass_promtool
it 'metrics: OpenMetrics' openmetrics_are_what_their_parser_reads
finish
