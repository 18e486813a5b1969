#!/bin/bash
# Run inside the machine as an ordinary user with sub-ids, in a login session: containers of
# `spec --rootless`. RUNTIME names the runtime. Prints `ok NAME` and `not ok NAME`.
set -uo pipefail
work=$(mktemp -d)
export XDG_RUNTIME_DIR=/run/user/$(id -u)
export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
passed=0 failed=0 skipped=0
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
mkdir -p rootfs/{bin,proc,sys,dev,tmp,etc}
cp "$(type -P busybox)" rootfs/bin/
rootfs/bin/busybox --install rootfs/bin
"$RUNTIME" spec --rootless || exit 2
jq '.process.terminal = false | .root.readonly = false' config.json >base.json

# bundle FILTER [COMMAND...]: config.json for the next container.
bundle() {
  local filter=$1
  shift
  jq "$filter | .process.args = \$ARGS.positional" base.json --args -- "$@" >config.json
}
try() {
  status=0
  timeout "${PATIENCE:-60}" "$@" >out 2>err </dev/null || status=$?
  out=$(<out)
  err=$(<err)
}
runtime() { try "$RUNTIME" "$@"; }
# In a cgroup that the user's manager has given away.
delegated() { try systemd-run --user --scope --quiet --property Delegate=yes "$RUNTIME" "$@"; }
# check NAME STATUS TEXT: the status, and a text that stdout or stderr has to contain.
check() {
  if [ "$status" -eq "$2" ] && [[ $out$err = *"$3"* ]]; then
    passed=$((passed + 1))
    echo "ok $1"
  else
    failed=$((failed + 1))
    printf 'not ok %s\n    status %s, expected %s; stdout: %s; stderr: %s\n' "$1" "$status" "$2" "$out" "$err"
  fi
}
limits='.linux.resources = {memory: {limit: 67108864}, pids: {limit: 33}}'
one_user='{containerID: 0, hostID: 1000, size: 1}'

without_cgroup() {
  bundle . cat /proc/self/uid_map
  runtime run plain
  check 'run without a cgroup' 0 ' 1000 '
  bundle . sleep 1000
  runtime run --detach long
  check 'run --detach without a cgroup' 0 ''
  runtime exec long id -u
  check 'exec without a cgroup' 0 0
  runtime state long
  check 'state without a cgroup' 0 '"running"'
  runtime pause long
  check 'pause without a cgroup is refused by name' 1 'cgroup'
  runtime delete --force long
  check 'delete --force without a cgroup' 0 ''
  bundle "$limits" true
  runtime run limited
  check 'a limit without a cgroup names what is missing' 1 'Delegate=yes'
}

with_cgroup() {
  bundle "$limits" cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max
  delegated run limited
  check 'limits in a delegated cgroup' 0 $'67108864\n33'
  bundle "$limits" sleep 1000
  systemd-run --user --scope --quiet --property Delegate=yes sh -c "
    '$RUNTIME' run --detach long && '$RUNTIME' exec long cat /proc/self/cgroup && '$RUNTIME' pause long &&
    '$RUNTIME' state long | jq -r .status && '$RUNTIME' update --memory 33554432 long &&
    '$RUNTIME' resume long && '$RUNTIME' exec long cat /sys/fs/cgroup/memory.max &&
    '$RUNTIME' delete --force long" >out 2>err </dev/null
  status=$? out=$(<out) err=$(<err)
  check 'exec, pause, update, resume, delete in a delegated cgroup' 0 $'paused\n33554432'
}

sub_ids() {
  local first
  first=$(awk -F: -v name="$(id -un)" '$1 == name { print $2; exit }' /etc/subuid)
  bundle ".linux.uidMappings = [$one_user, {containerID: 1, hostID: $first, size: 65535}]
    | .linux.gidMappings = .linux.uidMappings" sh -c 'echo $(id -u):$(id -g)'
  jq '.process.user = {uid: 5, gid: 6}' config.json >user.json && mv user.json config.json
  runtime run ids
  check 'sub-ids through newuidmap' 0 '5:6'
  bundle ".linux.uidMappings = [$one_user, {containerID: 1, hostID: $((first + 200000)), size: 65535}]
    | .linux.gidMappings = .linux.uidMappings" true
  runtime run foreign
  check 'sub-ids of others are refused by newuidmap' 1 'newuidmap'
}

without_cgroup
with_cgroup
sub_ids
try sh -c '[ -z "$("$1" list --quiet)" ]' sh "$RUNTIME"
check 'nothing is left' 0 ''
"$RUNTIME" list --quiet | while read -r id; do "$RUNTIME" delete --force "$id"; done
echo "# rootless.sh: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
