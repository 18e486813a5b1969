#!/bin/bash
# What has to be refused: with a clear message, the right exit status, and nothing left behind.
source "$(dirname "$0")/lib.sh"

no_config() {
  new_bundle
  rm "$bundle/config.json"
  refused config.json 'no such file or directory'
}

no_bundle() {
  new_bundle
  bundle=$work/cases/never-made
  refused 'no such file or directory'
}

broken_json() {
  local text
  for text in '' '{' '[]' '{"ociVersion": }' 'null' '{"ociVersion":"1.0.0"} trailing'; do
    new_bundle
    printf '%s' "$text" >"$bundle/config.json"
    refused config.json
  done
}

no_rootfs() {
  new_bundle
  edit '.root.path = "/no/such/rootfs"'
  refused /no/such/rootfs 'no such file or directory'
}

rootfs_is_file() {
  new_bundle
  edit '.root.path = "config.json"'
  refused directory
}

not_root() {
  new_bundle
  local before
  before=$(snapshot)
  chmod 755 "$work" "$work/cases" "$bundle"
  try setpriv --reuid 1000 --regid 1000 --clear-groups "$RUNTIME" --root "$work/user" \
    create --bundle "$bundle" "$id"
  is_status 1
  [ -n "$err" ] || fail 'no message'
  same "$(snapshot)" "$before" 'what is left behind'
}

escaping_destination() {
  new_bundle
  own_rootfs
  mkdir "$bundle/outside"
  ln -s "$bundle/outside" "$bundle/rootfs/absolute"
  ln -s ../../../../../../../../../../"$bundle/outside" "$bundle/rootfs/relative"
  edit '.mounts += [
    {"destination": "/absolute/a", "type": "tmpfs", "source": "tmpfs"},
    {"destination": "/relative/b", "type": "tmpfs", "source": "tmpfs"}]'
  # Inside the rootfs the links lead nowhere, or to a directory that is made there: never outside.
  try runtime create --bundle "$bundle" "$id"
  same "$(ls -A "$bundle/outside")" '' 'what was made outside of the rootfs'
  ! grep -q "$bundle/outside" /proc/self/mountinfo || fail 'a mount outside of the rootfs'
}

command_missing() {
  new_bundle no-such-program
  refused 'unable to start container process: exec: "no-such-program": executable file not found in $PATH'
}

path_missing() {
  new_bundle /no/such/program
  refused 'unable to start container process: exec: "/no/such/program": stat /no/such/program: no such file or directory'
}

command_not_executable() {
  new_bundle /etc/passwd
  refused 'unable to start container process: exec: "/etc/passwd": permission denied'
}

command_is_directory() {
  new_bundle /etc
  refused 'unable to start container process: exec: "/etc"' 'permission denied'
}

run_command_missing() {
  new_bundle no-such-program
  local before
  before=$(snapshot)
  run
  is_status 1
  contains "$err" 'executable file not found in $PATH'
  same "$(snapshot)" "$before" 'what is left behind'
}

bind_source_missing() {
  new_bundle
  edit '.mounts += [{"destination": "/mnt", "type": "bind", "source": "/no/such/source", "options": ["bind"]}]'
  refused /no/such/source 'no such file or directory'
}

mount_fails() {
  new_bundle
  edit '.mounts += [{"destination": "/here", "type": "nosuchfs", "source": "x"}]'
  refused /here
}

namespace_path_missing() {
  new_bundle
  edit '.linux.namespaces |= map(if .type == "network" then .path = "/no/such/ns" else . end)'
  refused /no/such/ns 'no such file or directory'
}

namespace_of_other_type() {
  new_bundle
  edit '.linux.namespaces |= map(if .type == "network" then .path = "/proc/1/ns/uts" else . end)'
  refused /proc/1/ns/uts
}

late_failure() {
  # Far into the creation: cgroup made, mounts done, process alive.
  new_bundle
  edit '.linux.sysctl = {"net.no.such.key": "1"}'
  refused no
}

all_problems() {
  new_bundle
  edit '.process.cwd = "relative" | .linux.rootfsPropagation = "foo" | .hostname = 5'
  refused /process/cwd /linux/rootfsPropagation /hostname
}

root_slash() {
  new_bundle
  try "$RUNTIME" --root / create --bundle "$bundle" "$id"
  is_status 1
}

unwritable_root() {
  new_bundle
  try "$RUNTIME" --root /proc/no/such create --bundle "$bundle" "$id"
  is_status 1
  [ -n "$err" ] || fail 'no message'
}

unknown_properties() {
  new_bundle true
  edit '.nonsense = 1 | .process.nonsense = {} | .linux.nonsense = [] | .windows = {"a": 1}
    | .annotations = {"org.opencontainers.unknown": "x"}'
  run_ok
}

# One change each, as: jq filter | the JSON pointer (or another text) that the message has to have.
table() {
  cat <<'TABLE'
VER-01|del(.ociVersion)|/ociVersion
VER-01|.ociVersion = ""|/ociVersion
VER-01|.ociVersion = "1.0"|/ociVersion
VER-04|.ociVersion = "2.0.0"|/ociVersion
CFG-04|.hostname = 5|/hostname
CFG-04|.process.args = "sh"|/process/args
CFG-04|.process.terminal = "yes"|/process/terminal
CFG-04|.linux.resources.pids.limit = "many"|/linux/resources/pids/limit
CFG-04|.linux.resources.pids.limit = 1.5|/linux/resources/pids/limit
CFG-04|.linux.resources.memory.limit = 1e30|/linux/resources/memory/limit
CFG-04|.process.user.uid = -1|/process/user/uid
CFG-04|.process.user.uid = 4294967296|/process/user/uid
ANN-01|.annotations = {"a": 1}|/annotations/a
ANN-01|.annotations = {"": "b"}|/annotations
ROO-01|del(.root)|/root
PRC-04|.process.cwd = "tmp"|/process/cwd
PRC-04|del(.process.cwd)|/process/cwd
PRC-08|.process.args = []|/process/args
RLM-01|.process.rlimits = [{"type": "RLIMIT_FOO", "soft": 1, "hard": 1}]|/process/rlimits/0/type
RLM-03|.process.rlimits += .process.rlimits|/process/rlimits/1
RLM-04|.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]|/process/rlimits/0
SCH-01|.process.scheduler = {"policy": "SCHED_FOO"}|/process/scheduler/policy
SCH-04|.process.scheduler = {"policy": "SCHED_OTHER", "flags": ["FOO"]}|/process/scheduler/flags/0
IOP-01|.process.ioPriority = {"class": "IOPRIO_CLASS_FOO", "priority": 1}|/process/ioPriority/class
IOP-02|.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 9}|/process/ioPriority/priority
AFF-02|.process.execCPUAffinity = {"initial": "a-b"}|/process/execCPUAffinity/initial
HST-01|.linux.namespaces \|= map(select(.type != "uts"))|/hostname
NSP-01|.linux.namespaces += [{"type": "foo"}]|/linux/namespaces/6/type
NSP-04|.linux.namespaces[1].path = "proc/1/ns/net"|/linux/namespaces/1/path
NSP-07|.linux.namespaces += [{"type": "pid"}]|/linux/namespaces/6
IDS-01|.linux.namespaces += [{"type": "user"}]|/linux/uidMappings
IDS-02|.linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 1}]|/linux/uidMappings
TIM-02|.linux.namespaces += [{"type": "time"}] \| .linux.timeOffsets = {"foo": {"secs": 1}}|/linux/timeOffsets/foo
TIM-03|.linux.timeOffsets = {"monotonic": {"secs": 1}}|/linux/timeOffsets
DEV-02|.linux.devices = [{"path": "/dev/x", "type": "z", "major": 1, "minor": 3}]|/linux/devices/0/type
DEV-05|.linux.devices = [{"path": "/dev/x", "type": "c"}]|/linux/devices/0
CDV-04|.linux.resources.devices = [{"allow": true, "type": "z"}]|/linux/resources/devices/0/type
CDV-04|.linux.resources.devices = [{"allow": true, "access": "x"}]|/linux/resources/devices/0/access
CGP-05|.linux.cgroupsPath = "/../../escape"|/linux/cgroupsPath
CME-03|.linux.resources.memory = {"limit": 2097152, "swap": 1048576}|/linux/resources/memory/swap
CME-06|.linux.resources.memory = {"swappiness": 101}|/linux/resources/memory/swappiness
CCP-06|.linux.resources.cpu = {"idle": 2}|/linux/resources/cpu/idle
CBI-01|.linux.resources.blockIO = {"weight": 5}|/linux/resources/blockIO/weight
CBI-03|.linux.resources.blockIO = {"weightDevice": [{"major": 8, "minor": 0}]}|/linux/resources/blockIO/weightDevice/0
CHP-01|.linux.resources.hugepageLimits = [{"pageSize": "3XB", "limit": 1}]|/linux/resources/hugepageLimits/0/pageSize
CUN-03|.linux.resources.unified = {"../memory.max": "1"}|/linux/resources/unified
SEC-03|.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1}|/linux/seccomp/defaultErrnoRet
SEC-04|.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_FOO"]}|/linux/seccomp/architectures/0
SEC-07|.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "flags": ["FOO"]}|/linux/seccomp/flags/0
SEC-08|.linux.seccomp = {"defaultAction": "SCMP_ACT_FOO"}|/linux/seccomp/defaultAction
SEC-09|.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_ERRNO"}]}|/linux/seccomp/syscalls/0/names
SEC-12|.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_KILL", "errnoRet": 1}]}|/linux/seccomp/syscalls/0/errnoRet
SEC-13|.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]}]}|/linux/seccomp/syscalls/0/args/0/index
NTF-02|.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_NOTIFY"}]}|/linux/seccomp
NTF-03|.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "x"}|/linux/seccomp/listenerMetadata
SYS-02|.linux.sysctl = {"vm.swappiness": "10"}|/linux/sysctl
SYS-02|.linux.namespaces \|= map(select(.type != "network")) \| .linux.sysctl = {"net.ipv4.ip_forward": "0"}|/linux/sysctl
MSK-01|.linux.maskedPaths = ["proc/kcore"]|/linux/maskedPaths/0
MSK-02|.linux.readonlyPaths = ["proc/sys"]|/linux/readonlyPaths/0
ROP-01|.linux.rootfsPropagation = "foo"|/linux/rootfsPropagation
PER-01|.linux.personality = {"domain": "FOO"}|/linux/personality/domain
PER-02|.linux.personality = {"domain": "LINUX", "flags": ["FOO"]}|/linux/personality/flags
RDT-10|.linux.intelRdt = {"memBwSchema": "L3:0=f"}|/linux/intelRdt
MPL-01|.linux.memoryPolicy = {"mode": "MPOL_FOO"}|/linux/memoryPolicy/mode
MPL-02|.linux.memoryPolicy = {"mode": "MPOL_BIND"}|/linux/memoryPolicy
IDM-02|.mounts += [{"destination": "/m", "type": "bind", "source": "/tmp", "options": ["bind"], "uidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}]|/mounts/6
IDM-07|.mounts += [{"destination": "/m", "type": "bind", "source": "/tmp", "options": ["bind", "idmap"]}]|/mounts/6
NET-03|.linux.netDevices = {"eth0": {"name": "a/b"}}|/linux/netDevices
HOK-02|.hooks.createRuntime = [{"path": "bin/true"}]|/hooks/createRuntime/0/path
HOK-02|.hooks.poststop = [{"args": ["true"]}]|/hooks/poststop/0/path
HOK-05|.hooks.poststart = [{"path": "/bin/true", "timeout": 0}]|/hooks/poststart/0/timeout
LSM-02|.process.selinuxLabel = "system_u:system_r:container_t:s0"|/process/selinuxLabel
TABLE
}

table_case() {
  new_bundle
  edit "$table_filter"
  refused "$table_text"
}

it 'no config.json [BUN-01]' no_config
it 'no bundle [BUN-01]' no_bundle
it 'a config.json that is not JSON [CFG-01]' broken_json
it 'no rootfs [ROO-02]' no_rootfs
it 'a rootfs that is a file [ROO-02]' rootfs_is_file
it 'a caller without privileges' not_root
it 'a destination whose symlinks lead out of the rootfs [MNT-04]' escaping_destination
it 'a command that is not in PATH [PRC-09]' command_missing
it 'an absolute command that does not exist [PRC-09]' path_missing
it 'a command that is not executable [PRC-09]' command_not_executable
it 'a command that is a directory [PRC-09]' command_is_directory
it 'run of a missing command' run_command_missing
it 'a bind source that does not exist [MNT-05]' bind_source_missing
it 'a mount that the kernel refuses [MNT-12]' mount_fails
it 'a namespace path that does not exist [NSP-04]' namespace_path_missing
it 'a namespace path of another type [NSP-05]' namespace_of_other_type
it 'a failure late in the creation [LIF-02]' late_failure
it 'all problems of a file at once' all_problems
it 'the state root must not be /' root_slash
it 'a state root that cannot be made' unwritable_root
it 'unknown properties are no problem [CFG-03,CFG-08,ANN-02]' unknown_properties
while IFS= read -r row; do
  # Fields are split at the first and the last bar; the others are jq's, written \|.
  requirement=${row%%|*} table_text=${row##*|}
  table_filter=${row#*|}
  table_filter=${table_filter%|*}
  table_filter=${table_filter//\\|/|}
  it "invalid: $table_filter [$requirement]" table_case
done < <(table)
finish
