#!/bin/bash
# No more system calls, and no more capabilities, than docs/privileges.md says: the lists are in tests/privileges.
source "$(dirname "$0")/lib.sh"
traces=$work/traces
mkdir "$traces"
is_ours() {
  [ "${runtime_name#myrt}" != "$runtime_name" ] || skip 'the lists are of myrt'
  ldd "$RUNTIME" 2>&1 | grep -qE 'statically linked|not a dynamic executable' || skip 'the lists are of a static binary'
}

# --- system calls --------------------------------------------------------------------------------

# traced STATUS COMMAND [ARGUMENTS...]: with strace(1) at it until the last of its processes has ended; what a created
# container's init does is under `create`, whenever it does it.
traced() {
  local expected=$1 command=$2
  shift 2
  try strace "${stracing[@]}" -o "$traces/$command.$((++trace_number))" \
    "$RUNTIME" --root "$state_root" "$command" "$@"
  [[ $status =~ ^($expected)$ ]] || fail "exit status $status of $command" "$out" "$err"
}
# -D: the command is the caller's child, and strace is not, which stays when the command is over.
stracing=(-D -f --decode-pids=pidns -qq -e signal=none -s 4096)
trace_number=0
no_strace() { ! ps -e -o comm= | grep -qx strace; }

# What most containers are, and all that is done with them.
plain_container() {
  new_bundle
  traced 0 create --bundle "$bundle" --pid-file "$bundle/pid" "$id"
  traced 0 start "$id"
  traced 0 state "$id"
  traced 0 list
  traced 0 ps "$id"
  traced 0 events --stats "$id"
  traced 0 metrics --all
  traced '0|1' effective "$id"
  traced 0 exec "$id" true
  traced 0 exec --detach --user 1000 --cwd /tmp --pid-file "$bundle/exec-pid" "$id" sleep 1
  traced 255 exec "$id" no-such-program
  traced 0 pause "$id"
  traced 255 exec "$id" true
  traced 0 resume "$id"
  if [ $cgroup_version = 1 ]; then traced 0 update --pids-limit 100 "$id"; fi
  echo '[{"destination": "/hot", "source": "'"$bundle"'", "type": "bind", "options": ["bind", "ro"]}]' >"$bundle/mounts.json"
  traced 0 mounts add "$id" "$bundle/mounts.json"
  traced 0 mounts remove "$id" "$bundle/mounts.json"
  # Not by `traced`, whose answer is that of one command at a time: it ends with the container.
  timeout 60 strace "${stracing[@]}" -o "$traces/events.$((++trace_number))" \
    "$RUNTIME" --root "$state_root" events --interval 1s "$id" </dev/null >"$bundle/events" 2>&1 &
  local watching=$!
  wait_until grep -q '"stats"' "$bundle/events"
  traced 0 kill "$id" KILL
  wait "$watching" || fail "exit status $? of events" "$(<"$bundle/events")"
  wait_status stopped
  traced 0 delete "$id"
}

# With much that a configuration can ask for.
rich='.hooks = (["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"] | map({(.): [{path: "/bin/true"}]}) | add)
  | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["acct"], action: "SCMP_ACT_ERRNO"}]}
  | .domainname = "of.tests" | .linux.sysctl = {"kernel.msgmax": "8000"} | .linux.rootfsPropagation = "private" | .root.readonly = true
  | .mounts += [{destination: "/var", type: "tmpfs", source: "tmpfs", options: ["nosuid"]}, {destination: "/data", type: "bind", source: "data", options: ["rbind", "ro"]},
      {destination: "/file", type: "bind", source: "data/file", options: ["bind"]}]
  | .linux.devices = [{path: "/dev/mine", type: "c", major: 1, minor: 3, fileMode: 384, uid: 0, gid: 5}]
  | .linux.resources = {devices: [{allow: false, access: "rwm"}]}
  | .process.user += {additionalGids: [5], umask: 63} | .process.oomScoreAdj = 100
  | .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 4} | .process.scheduler = {policy: "SCHED_BATCH", nice: 5}
  | .linux.personality = {domain: "LINUX"} | .process.execCPUAffinity = {initial: "0", final: "0"}
  | .annotations = {"a.long.text": ("long" * 100000)} | .linux.memoryPolicy = {mode: "MPOL_PREFERRED", nodes: "0"}'
rich_bundle() {
  new_bundle "$@"
  own_rootfs
  mkdir "$bundle/data" "$bundle/rootfs/data"
  echo data >"$bundle/data/file"
  edit "$rich"
}
rich_container() {
  rich_bundle true
  traced 0 validate "$bundle"
  traced 0 run --bundle "$bundle" --no-new-keyring "$id"
  rich_bundle
  edit '.process.terminal = true'
  "$script_dir/console-socket" "$bundle/console.sock" >"$bundle/console.text" 2>&1 &
  wait_until test -S "$bundle/console.sock"
  traced 0 create --bundle "$bundle" --console-socket "$bundle/console.sock" "$id"
  traced 0 start "$id"
  traced 0 exec --detach --tty --console-socket "$bundle/console.sock" "$id" true
  traced 0 delete --force "$id"
}

# In a user namespace, and with a time namespace and id-mapped mounts.
mapped_container() {
  new_bundle
  own_rootfs
  chmod 711 "$work" "$work/cases" "$bundle"
  chown -R 100000:100000 "$bundle/rootfs"
  new_namespace user
  new_namespace time
  edit '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings | .linux.timeOffsets = {monotonic: {secs: 5}}'
  traced 0 run --detach --bundle "$bundle" "$id"
  traced 0 exec "$id" true
  traced 0 pause "$id"
  traced 0 delete --force "$id"
}

# What they do when it does not work, and without any container.
failures() {
  new_bundle no-such-program
  traced 1 run --bundle "$bundle" "$id"
  new_bundle
  edit '.mounts += [{destination: "/x", type: "no-such-filesystem", source: "none"}]'
  traced 1 create --bundle "$bundle" "$id"
  mkdir -p "$state_root/half-made"
  traced 0 gc
  rm "$bundle/config.json"
  traced 0 spec --bundle "$bundle"
  traced 1 kill none KILL
  traced 0 features
  traced '0|1' doctor
}

every_command_traced() {
  is_ours
  plain_container
  rich_container
  mapped_container
  failures
  wait_until no_strace
  must python3 -B "$source_dir/tests/privileges/census.py" compare "$traces" "$RUNTIME" $cgroup_version
}

# --- capabilities --------------------------------------------------------------------------------

# capabilities_of COMMAND: what is listed for it, as CAPABILITY|TEXT.
capabilities_of() {
  awk -F ' *[|] *' -v command="$1" '!/^#/ && (" " $1 " ") ~ (" " command " ") { print tolower(substr($2, 5)) "|" $4 }' \
    "$source_dir/tests/privileges/capabilities.txt"
}
# limited CAPABILITIES COMMAND...: root, with no others than these, a word for each.
limited() {
  local capability bounding=-all
  for capability in $1; do bounding+=,+$capability; done
  shift
  try setpriv --bounding-set="$bounding" --inh-caps=-all "$RUNTIME" --root "$state_root" --error-file "$work/error" "$@"
}
# needs_each UNDO COMMAND...: it works with what is listed for COMMAND, and without one of these it fails and says which.
needs_each() {
  local undo=$1 rows capability text all
  shift
  rows=$(capabilities_of "$1")
  all=$(cut -d '|' -f 1 <<<"$rows" | tr '\n' ' ')
  while IFS='|' read -r capability text; do
    [ -n "$capability" ] || continue
    limited "${all/"$capability "/}" "$@"
    [ "$status" -ne 0 ] || fail "it works without $capability: $*"
    contains "$err" "$text"
    contains "$(jq -r .hint "$work/error")" "CAP_${capability^^}"
    $undo
  done <<<"$rows"
  limited "$all" "$@"
  [ "$status" -eq 0 ] || fail "exit status $status with $all: $*" "$out" "$err"
}
nothing_made() { [ ! -e "$state_root/$id" ] || fail 'a state is left'; }

no_more_capabilities() {
  is_ours
  new_bundle
  edit '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}'
  needs_each nothing_made create --bundle "$bundle" "$id"
  local command update=features
  if [ $cgroup_version = 1 ]; then update="update --pids-limit 100 $id"; fi
  echo '[{"destination": "/hot", "source": "'"$bundle"'", "type": "bind", "options": ["bind", "ro"]}]' >"$bundle/mounts.json"
  for command in "start $id" "state $id" list "ps $id" "events --stats $id" 'metrics --all' "effective $id" "exec $id true" \
    "mounts add $id $bundle/mounts.json" "mounts remove $id $bundle/mounts.json" "pause $id" "resume $id" \
    "$update" features "validate $bundle" gc "kill $id KILL"; do
    # shellcheck disable=SC2086
    needs_each : $command
  done
  wait_status stopped
  needs_each : delete "$id"
  id=$id-run
  edit '.linux.cgroupsPath += "-run" | .process.args = ["true"]'
  needs_each nothing_made run --bundle "$bundle" "$id"
}

it 'no command makes a system call that docs/privileges.md does not name' every_command_traced
it 'root needs no capability that docs/privileges.md does not name, and an error names what is missing' no_more_capabilities
finish
