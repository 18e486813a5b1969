#!/bin/bash
# Where the specification, the peers and their callers disagree (conformance/rows/differences.tsv): what is done by default and with --strict.
source "$(dirname "$0")/lib.sh"

strictly=
runtime() { "$RUNTIME" $strictly --root "$state_root" "$@"; }
# both NAME FUNCTION: a case that has to hold without and with --strict.
both() {
  both_function=$2
  it "$1" in_both_modes
}
in_both_modes() {
  for strictly in '' --strict; do
    echo "mode: ${strictly:-default}"
    "$both_function"
  done
}

# hook KIND TEXT: appends a hook that runs `sh -c TEXT` on the host.
hook() { edit '.hooks[$kind] += [{"path": "/bin/sh", "args": ["sh", "-c", $text]}]' --arg kind "$1" --arg text "$2"; }

prestart_in_create() {
  new_bundle
  hook prestart "echo prestart >>$bundle/notes"
  create
  same "$(<"$bundle/notes")" prestart
  start
  same "$(<"$bundle/notes")" prestart 'after start'
}

poststart_in_start() {
  new_bundle
  # The hook sees what pid 1 of the container executes: the program, not the runtime.
  hook poststart "cat /proc/\$(sed 's/.*\"pid\": *//; s/[^0-9].*//')/comm >>$bundle/notes"
  create
  [ ! -e "$bundle/notes" ] || fail 'a poststart hook ran in create'
  start
  same "$(<"$bundle/notes")" sleep
}

failing_poststart() {
  new_bundle
  hook poststart 'exit 3'
  hook poststop "echo poststop >>$bundle/notes"
  create
  try runtime start "$id"
  is_status 1
  try runtime state "$id"
  contains "$err" 'container does not exist'
  same "$(<"$bundle/notes")" poststop
}

failing_poststop() {
  new_bundle
  hook poststop 'exit 3'
  hook poststop "echo second >>$bundle/notes"
  create
  must runtime delete --force "$id"
  contains "$err" level=warning
  same "$(<"$bundle/notes")" second
}

status_creating() {
  local kind
  new_bundle
  for kind in prestart createRuntime createContainer; do hook $kind "cat >$bundle/$kind"; done
  create
  for kind in prestart createRuntime createContainer; do same "$(jq -r .status "$bundle/$kind")" creating $kind; done
}

status_running() {
  new_bundle
  hook poststart "cat >$bundle/poststart"
  run_detached
  same "$(jq -r .status "$bundle/poststart")" running
}

unknown_capability() {
  new_bundle true
  edit '.process.capabilities.bounding += ["CAP_FUTURE"]'
  run_ok
  contains "$err" level=warning
  contains "$err" CAP_FUTURE
}

capability_we_lack() {
  new_bundle cat /proc/self/status
  edit '.process.capabilities |= map_values(. + ["CAP_WAKE_ALARM"])'
  try setpriv --bounding-set -wake_alarm "$RUNTIME" $strictly --root "$state_root" run --bundle "$bundle" "$id"
  is_status 0
  contains "$err" CAP_WAKE_ALARM
  matches "$out" 'CapBnd:.0000000020000420'
}

# What Buildah asks for with every step.
ambient_not_inheritable() {
  new_bundle grep CapAmb /proc/self/status
  edit '.process.capabilities.inheritable = [] | .process.capabilities.ambient = ["CAP_KILL"]'
  run_ok
  same "$err" ''
  matches "$out" 'CapAmb:.0*$'
  try runtime --debug run --bundle "$bundle" "$id"
  contains "$err" "can't raise ambient capability CAP_KILL"
  strictly=--strict
  run_ok
  contains "$err" level=warning
  contains "$err" "can't raise ambient capability CAP_KILL"
}

delete_created() {
  new_bundle
  create
  must runtime delete "$id"
  strictly=--strict
  create
  try runtime delete "$id"
  is_status 1
  contains "$err" "cannot delete container $id that is not stopped: created"
  same "$(state_of status)" created
  must runtime delete --force "$id"
}

kill_stopped() {
  new_bundle true
  run_detached
  wait_status stopped
  try runtime kill "$id" KILL
  is_status 1
  contains "$err" 'container not running'
  must runtime kill --all "$id" KILL
}

without_process() {
  new_bundle
  edit 'del(.process)'
  create
  same "$(state_of status)" created
  try runtime start "$id"
  is_status 1
  same "$(state_of status)" created
}

without_bundle() {
  new_bundle
  cd "$bundle"
  must runtime create "$id"
  must runtime delete "$id"
  strictly=--strict
  try runtime create "$id"
  is_status 1
  contains "$err" '--bundle is required'
  try runtime state "$id"
  contains "$err" 'container does not exist'
}

home() {
  new_bundle env
  edit '.process.env = ["PATH=/bin"]'
  run_ok
  same "$out" $'PATH=/bin\nHOME=/root'
  strictly=--strict
  run_ok
  same "$out" 'PATH=/bin'
  edit '.process.env = ["PATH=/bin", "HOME=/given"]'
  run_ok
  same "$out" $'PATH=/bin\nHOME=/given'
}

data_on_bind() {
  new_bundle ls /bound
  mkdir "$bundle/source"
  touch "$bundle/source/file"
  edit '.mounts += [{"destination": "/bound", "source": "source", "options": ["bind", "no-such-option"]}]'
  run_ok
  same "$out" file
  contains "$err" no-such-option
}

bind_by_type() {
  new_bundle ls /bound
  mkdir "$bundle/source"
  touch "$bundle/source/file"
  edit '.mounts += [{"destination": "/bound", "type": "bind", "source": "source"}]'
  run_ok
  same "$out" file
}

fifo_with_numbers() {
  new_bundle stat -c %F /dev/fifo
  edit '.linux.devices = [{"path": "/dev/fifo", "type": "p", "major": 7, "minor": 8}]'
  run_ok
  same "$out" fifo
}

apparmor_off() {
  [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ] || skip 'AppArmor is on'
  new_bundle
  edit '.process.apparmorProfile = "some-profile"'
  refused /process/apparmorProfile
}

selinux_off() {
  [ ! -d /sys/fs/selinux/class ] || skip 'SELinux is on'
  new_bundle
  edit '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
  refused /process/selinuxLabel
}

mount_label_selinux_off() {
  [ ! -d /sys/fs/selinux/class ] || skip 'SELinux is on'
  new_bundle
  edit '.linux.mountLabel = "system_u:object_r:container_file_t:s0"'
  refused /linux/mountLabel
}

unified_on_v1() {
  needs_v1
  new_bundle
  edit '.linux.resources.unified = {"memory.max": "1000000"}'
  refused unified
}

no_pids() {
  needs_controller pids
  new_bundle
  edit '.linux.resources.pids.limit = 0'
  create
  same "$(cat "$(cgroup_dir pids)/pids.max")" 0
}

paused_status() {
  new_bundle
  run_detached
  must runtime pause "$id"
  same "$(state_of status)" paused
  must runtime resume "$id"
}

device_access_a() {
  new_bundle true
  edit '.linux.resources.devices += [{"allow": false, "type": "c", "major": 1, "minor": 11, "access": "rwa"}]'
  run_ok
}

idle_priority() {
  new_bundle ionice
  edit '.process.ioPriority = {"class": "IOPRIO_CLASS_IDLE"}'
  run_ok
  contains "$out" idle
}

start_container_hook_under_seccomp() {
  new_bundle true
  edit '.process.noNewPrivileges = true | .process.rlimits = [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]
    | .linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL"}]}
    | .hooks.startContainer = [{"path": "/bin/mkdir", "args": ["mkdir", "/dev/shm/made"]}]'
  run
  is_status 1
  contains "$err" 'error running startContainer hook'
  contains "$err" 'bad system call'
}

notified_write() {
  # The agent is none: what is notified is in the plan, and nothing refuses it.
  new_bundle true
  edit '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/agent", "syscalls": [{"names": ["write"], "action": "SCMP_ACT_NOTIFY"}]}'
  try runtime validate "$bundle"
  contains "$out" "0 errors"
  lacks "$out$err" /linux/seccomp/syscalls
}

# What is an error in both modes, as: difference | jq filter | the JSON pointer that the message has to have.
table() {
  cat <<'TABLE'
DIFF-17|.ociVersion = "invalid"|/ociVersion
DIFF-17|.ociVersion = ""|/ociVersion
DIFF-17|.ociVersion = "2.0.0"|/ociVersion
DIFF-18|.process.rlimits += .process.rlimits|/process/rlimits/1
DIFF-19|.process.cwd = "tmp"|/process/cwd
DIFF-20|.hostname = 5|/hostname
DIFF-21|.linux.namespaces += [{"type": "pid"}]|/linux/namespaces/6
DIFF-21|.linux.namespaces += [{"type": "foo"}]|/linux/namespaces/6/type
DIFF-22|.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_KILL", "errnoRet": 1}]}|/linux/seccomp/syscalls/0/errnoRet
DIFF-23|.linux.rootfsPropagation = "foo"|/linux/rootfsPropagation
DIFF-24|.hooks.prestart = [{"path": "bin/true"}]|/hooks/prestart/0/path
DIFF-25|.hooks.prestart = [{"path": "/bin/true", "timeout": 0}]|/hooks/prestart/0/timeout
DIFF-25|.hooks.prestart = [{"path": "/bin/true", "timeout": -1}]|/hooks/prestart/0/timeout
DIFF-26|.linux.personality = {"domain": "LINUX", "flags": ["FOO"]}|/linux/personality/flags
DIFF-27|.linux.maskedPaths = ["proc/kcore"]|/linux/maskedPaths/0
DIFF-27|.linux.readonlyPaths = ["proc/sys"]|/linux/readonlyPaths/0
DIFF-28|.linux.timeOffsets = {"monotonic": {"secs": 1}}|/linux/timeOffsets
DIFF-29|.linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 1}]|/linux/uidMappings
DIFF-47|.linux.resources.hugepageLimits = [{"pagesize": "2MB", "limit": 0}]|/linux/resources/hugepageLimits/0/pageSize
DIFF-48|.linux.namespaces \|= map(select(.type != "mount")) \| .linux.maskedPaths = [] \| .linux.readonlyPaths = [] \| .root.readonly = true|/root/readonly
DIFF-35|.mounts += [{"destination": "/m", "type": "bind", "source": "/tmp", "options": ["bind", "idmap"]}]|/mounts/6/options/1
DIFF-36|.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 9}|/process/ioPriority/priority
DIFF-37|.linux.sysctl = {"vm.swappiness": "10"}|/linux/sysctl
TABLE
}

table_case() {
  new_bundle
  edit "$table_filter"
  refused "$table_text"
}

both 'prestart hooks run in create [DIFF-01]' prestart_in_create
both 'poststart hooks run in start, after the program was executed [DIFF-02]' poststart_in_start
both 'a failing poststart hook fails start and destroys [DIFF-03]' failing_poststart
both 'a failing poststop hook is a warning [DIFF-04]' failing_poststop
both 'hooks of create read the status creating [DIFF-05]' status_creating
both 'poststart hooks read the status running [DIFF-06]' status_running
both 'an unknown capability is a warning [DIFF-07]' unknown_capability
both 'a capability that cannot be granted is a warning [DIFF-08]' capability_we_lack
it 'an ambient capability that is not inheritable is left out without a word, with --strict with a warning [DIFF-50,CAP-04]' ambient_not_inheritable
it 'delete takes a created container, with --strict only by force [DIFF-09]' delete_created
both 'kill of a stopped container is an error, with --all it is not [DIFF-10]' kill_stopped
both 'create without process succeeds, start does not [DIFF-11]' without_process
it 'create takes the bundle of the working directory, with --strict only a given one [DIFF-12]' without_bundle
it 'HOME is added to the environment, with --strict it is not [DIFF-13]' home
both 'data options on a bind are a warning [DIFF-14]' data_on_bind
both 'type bind is a bind [DIFF-15]' bind_by_type
both 'the numbers of a fifo are ignored [DIFF-16]' fifo_with_numbers
both 'apparmorProfile is refused where AppArmor is off [DIFF-30]' apparmor_off
both 'selinuxLabel is refused where SELinux is off [DIFF-31]' selinux_off
both 'mountLabel is refused where SELinux is off [DIFF-32]' mount_label_selinux_off
both 'unified is refused on v1 [DIFF-33]' unified_on_v1
both 'pids.limit 0 is 0 [DIFF-34]' no_pids
both 'a paused container is paused [DIFF-38]' paused_status
both 'a device rule that denies may have the access a [DIFF-41]' device_access_a
both 'the idle class needs no priority [DIFF-45]' idle_priority
both 'startContainer hooks have the seccomp filter of the program [DIFF-46]' start_container_hook_under_seccomp
both 'write may be notified [DIFF-49]' notified_write
while IFS= read -r row; do
  # Fields are split at the first and the last bar; the others are jq's, written \|.
  difference=${row%%|*} table_text=${row##*|}
  table_filter=${row#*|}
  table_filter=${table_filter%|*}
  table_filter=${table_filter//\\|/|}
  both "invalid: $table_filter [$difference]" table_case
done < <(table)
finish
