#!/bin/bash
# doctor: healthy hosts, and hosts that were broken on purpose. Whatever is broken is broken in
# namespaces of the case's own.
source "$(dirname "$0")/lib.sh"

doctor() { runtime doctor --json; }
# diagnosis NAME VERDICT [TEXT]: what the last output says about NAME.
diagnosis() {
  jq -e --arg name "$1" --arg verdict "$2" --arg text "${3:-}" \
    'any(.[]; .name == $name and .verdict == $verdict and (.finding | contains($text)))' \
    <<<"$out" >/dev/null || fail "no diagnosis $* in:" "$out" "$err"
  [ "$2" = ok ] || jq -e --arg name "$1" 'all(.[] | select(.name == $name); .consequence != "" and .fix != "")' \
    <<<"$out" >/dev/null || fail "$1 has no consequence or no fix:" "$out"
}
# broken SHELL-TEXT: doctor's answer where that was done before, in a mount namespace of its own.
broken() { try unshare --mount sh -ec "$1; exec \"\$RUNTIME\" --root '$state_root' doctor --json"; }
# broken_user SHELL-TEXT: the same as root of a user namespace, whose limits are its own.
broken_user() {
  try unshare --user --map-root-user --mount --pid --fork --mount-proc \
    sh -ec "$1; exec \"\$RUNTIME\" --root '$state_root' doctor --json"
}

a_healthy_host() {
  try doctor
  same "$(jq -r '.[] | select(.verdict == "failure") | .name' <<<"$out")" "$([ "$status" -eq 0 ] || echo none)" 'failures and exit status'
  local name
  for name in kernel 'user namespace' 'mount namespace' 'pid namespace' openat2 'mount API' 'sealed copy' \
    cgroups 'make a cgroup' seccomp 'seccomp notification' 'state directory'; do
    diagnosis "$name" ok
  done
}

nothing_is_left() {
  local before
  before=$(snapshot)
  try doctor
  same "$(snapshot)" "$before" 'what is left behind'
}

text_for_people() {
  try runtime doctor
  contains "$out" 'ok       kernel'
  matches "$out" '[0-9]+ ok, [0-9]+ notes?, [0-9]+ warnings?, [0-9]+ failures?'
  lacks "$out" $'\x1b'
}

colours_on_a_terminal() {
  try in_terminal env -u NO_COLOR TERM=xterm "$RUNTIME" --root "$state_root" doctor
  contains "$out" $'\x1b['
  contains "$out" kernel
  try in_terminal env TERM=xterm NO_COLOR=1 "$RUNTIME" --root "$state_root" doctor
  contains "$out" kernel
  lacks "$out" $'\x1b'
}

no_user_namespaces() {
  broken_user 'echo 0 >/proc/sys/user/max_user_namespaces'
  diagnosis 'user namespace' warning 'no space left on device'
}
no_network_namespaces() {
  broken_user 'echo 0 >/proc/sys/user/max_net_namespaces'
  diagnosis 'network namespace' failure 'no space left on device'
  is_status 1
}
no_time_namespaces() {
  broken_user 'echo 0 >/proc/sys/user/max_time_namespaces'
  diagnosis 'time namespace' warning 'no space left on device'
}
no_cgroups() {
  broken 'umount -R -l /sys/fs/cgroup'
  diagnosis cgroups failure
  is_status 1
}
read_only_cgroups() {
  # shellcheck disable=SC2016
  broken 'for m in $(grep " /sys/fs/cgroup" /proc/mounts | cut -d" " -f2); do mount -o remount,bind,ro "$m"; done'
  diagnosis 'make a cgroup' failure 'read-only file system'
  is_status 1
}
no_sys_admin() {
  try setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$RUNTIME" --root "$state_root" doctor --json
  diagnosis capabilities failure CAP_SYS_ADMIN
  diagnosis 'mount namespace' failure 'operation not permitted'
  diagnosis 'mount API' failure 'operation not permitted'
  is_status 1
}
read_only_state() {
  try unshare --mount sh -ec 'mount -t tmpfs -o ro tmpfs /mnt; exec "$RUNTIME" --root /mnt/myrt doctor --json'
  diagnosis 'state directory' failure 'read-only file system'
  is_status 1
}
state_on_disk() {
  try "$RUNTIME" --root "${BASH_SOURCE[0]%/*}/no-such-state" doctor --json
  [ "$(stat -f -c %T "${BASH_SOURCE[0]%/*}")" != tmpfs ] || skip 'the sources are on a tmpfs'
  diagnosis 'state directory' note 'not on a tmpfs'
}

# broken_by_file FILE TEXT: an /etc of the case's own with one file.
broken_by_file() {
  export FILE=$1 TEXT=$2
  # shellcheck disable=SC2016
  broken 'mount -t tmpfs tmpfs /etc; mkdir -p "${FILE%/*}"; printf %s "$TEXT" >"$FILE"'
}
broken_docker_json() {
  broken_by_file /etc/docker/daemon.json '{"runtimes": {'
  diagnosis docker failure 'no valid JSON'
  is_status 1
}
docker_without_myrt() {
  broken_by_file /etc/docker/daemon.json '{"runtimes": {"myrt": {"path": "/no/such/myrt"}}}'
  diagnosis docker failure '/no/such/myrt'
}
podman_with_myrt() {
  ln -sf "$RUNTIME" "$work/myrt"
  broken_by_file /etc/containers/containers.conf.d/m.conf "[engine.runtimes]
# myrt = [\"/old/myrt\"]
myrt = [\"$work/myrt\"]
"
  diagnosis podman ok "$work/myrt"
}
containerd_without_myrt() {
  broken_by_file /etc/containerd/config.toml 'BinaryName = "/opt/myrt"'
  diagnosis containerd failure /opt/myrt
}
crio_without_myrt() {
  broken_by_file /etc/crio/crio.conf.d/10-myrt.conf '[crio.runtime.runtimes.myrt]
runtime_path = "/opt/myrt"
'
  diagnosis cri-o failure /opt/myrt
  is_status 1
}

criu_that_fails() {
  mkdir -p "$work/bin"
  printf '#!/bin/sh\n[ "$1" = check ] && exit 7\n' >"$work/bin/criu"
  chmod +x "$work/bin/criu"
  try env PATH="$work/bin" "$RUNTIME" --root "$state_root" doctor --json
  diagnosis criu warning 'status 7'
  printf '#!/bin/sh\nexit 0\n' >"$work/bin/criu"
  try env PATH="$work/bin:/usr/bin:/bin" "$RUNTIME" --root "$state_root" doctor --json
  diagnosis criu ok
  rm -r "$work/bin"
}

no_systemd() {
  broken 'mount -t tmpfs tmpfs /run'
  diagnosis 'systemd bus' note 'no such file or directory'
}

# A seccomp filter around the runtime, as a container engine's default profile is one.
denied() { # SYSCALL: doctor's answer in a container where it does not exist
  new_bundle /bin/myrt --root /tmp/state doctor --json
  own_rootfs
  cp "$RUNTIME" "$bundle/rootfs/bin/myrt"
  edit '.process.capabilities |= map_values($all) | .mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "options": ["rw"]}]
    | .linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [$name], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}' \
    --arg name "$1" --argjson all "$("$RUNTIME" features | jq .linux.capabilities)"
  run
}
openat2_denied() {
  denied openat2
  diagnosis openat2 failure 'function not implemented'
}
mount_setattr_denied() {
  denied mount_setattr
  diagnosis 'mount API' failure 'function not implemented'
}
seccomp_denied() {
  denied seccomp
  diagnosis seccomp failure 'function not implemented'
}

rootless_without_sub_ids() {
  cp "$RUNTIME" "$work/rootless"
  chmod 755 "$work" "$work/rootless"
  broken "mount -t tmpfs tmpfs /etc; exec setpriv --reuid 4321 --regid 4321 --clear-groups '$work/rootless' --root /tmp/myrt-none doctor --json"
  diagnosis 'subordinate ids' warning '/etc/subuid'
}

it 'a healthy host: what has to be there is there' a_healthy_host
it 'nothing is left behind' nothing_is_left
it 'text for people, without colours where there is no terminal' text_for_people
it 'text for people, with colours on a terminal' colours_on_a_terminal
it 'no user namespaces' no_user_namespaces
it 'no network namespaces' no_network_namespaces
it 'no time namespaces' no_time_namespaces
it 'no cgroups' no_cgroups
it 'read-only cgroups' read_only_cgroups
it 'root without CAP_SYS_ADMIN' no_sys_admin
it 'a state directory that cannot be written' read_only_state
it 'a state directory on a disk' state_on_disk
it 'a daemon.json that is no JSON' broken_docker_json
it 'docker: a path that is not there' docker_without_myrt
it 'podman: a path that is there' podman_with_myrt
it 'containerd: a path that is not there' containerd_without_myrt
it 'cri-o: a path that is not there' crio_without_myrt
it 'a criu that fails, and one that does not' criu_that_fails
it 'no systemd' no_systemd
it 'openat2 denied by a filter' openat2_denied
it 'mount_setattr denied by a filter' mount_setattr_denied
it 'seccomp denied by a filter' seccomp_denied
it 'rootless without subordinate ids' rootless_without_sub_ids
finish
