#!/bin/bash
# Hostile cgroup requests: what a container can reach of cgroups and devices that are not its own.
source "$(dirname "$0")/lib.sh"

# A device that no machine has: asked for, so that nothing is read where the filter is missing.
device='b 8 1048000'
opens_it="mknod /device $device; head -c 1 /device 2>&1; :"
judge_device() {
  case $out in *'peration not permitted'*) ;; *) breached "$1: $out" ;; esac
}
no_device_rules() {
  # GHSA-g54h-m393-cpwq: who asks for no rules is not given every device.
  local how
  outside_bundle sh -c "$opens_it"
  edit 'del(.linux.resources) | .process.capabilities |= with_entries(.value += ["CAP_MKNOD"])'
  for how in run create; do
    by $how
    of_myrt is_status 0
    judge_device $how
    rm -f "$bundle/rootfs/device"
  done
  edit '.process.args = ["sleep", "1000"]'
  # The cgroup2 of a v1 host has no controller to update.
  [ $cgroup_version = 2 ] || edit '.linux.resources = {pids: {limit: 100}}'
  run_detached
  [ $cgroup_version = 2 ] || must runtime update --pids-limit 50 "$id"
  rm -f "$bundle/rootfs/device"
  try timeout 60 "$RUNTIME" --root "$state_root" exec "$id" sh -c "$opens_it"
  judge_device 'exec, after an update'
}

takes_others='find /sys/fs/cgroup -name "*not-yours*" | head -1; find /sys/fs/cgroup -name "*not-yours*" -exec mkdir {}/made \; 2>/dev/null; :'
other_cgroups() {
  local how
  for how in run create exec; do other_cgroups_by $how; done
}
other_cgroups_by() {
  # CVE-2023-25809: without a cgroup namespace the hierarchy of the host is not the container's to write.
  outside_bundle sh -c "$takes_others"
  without_namespace cgroup
  edit '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev"]}]'
  local place
  for place in $(find $cgroup_root -maxdepth 1 -mindepth 1 -type d -writable) $cgroup_root; do
    [ ! -e "$place/cgroup.procs" ] || mkdir "$place/not-yours" 2>/dev/null || :
  done
  if [ "$1" = exec ]; then
    edit '.process.args = ["sleep", "1000"]'
    run_detached
    try timeout 60 "$RUNTIME" --root "$state_root" exec "$id" sh -c "$takes_others"
  else
    by "$1"
  fi
  local seen=$out made
  made=$(find $cgroup_root -path '*not-yours*/made' -type d)
  find $cgroup_root -depth -path '*not-yours*' -type d -exec rmdir {} \; 2>/dev/null
  [ -z "$made" ] || breached "made in the host's cgroups: $made"
  of_myrt is_status 0
  of_myrt same "$seen" '' 'cgroups of others'
}

sub_cgroups() {
  # runc#5351 and crun's like: exec --cgroup leads below the container's cgroup, and nowhere else.
  outside_bundle
  run_detached
  local place directory seen='' directories
  mapfile -t directories < <(find $cgroup_root -type d -path "*/cases/$id")
  [ ${#directories[@]} -gt 0 ] || fail 'the container has no cgroup'
  for directory in "${directories[@]}"; do
    for place in "$directory-evil" "${directory%/*}/sibling" "$directory/own"; do
      mkdir -p "$place"
      # A v1 cpuset takes nobody before it has CPUs and memory nodes.
      [ ! -e "$place/cpuset.cpus" ] || cat "$directory/cpuset.cpus" >"$place/cpuset.cpus"
      [ ! -e "$place/cpuset.mems" ] || cat "$directory/cpuset.mems" >"$place/cpuset.mems"
    done
  done
  for place in ../sibling "../$id-evil" /../sibling own/../../sibling ./../sibling; do
    try timeout 60 "$RUNTIME" --root "$state_root" exec --cgroup "$place" "$id" cat /proc/self/cgroup
    case $out in *sibling* | *-evil*) seen=$out && break ;; esac
    of_myrt is_status 255
  done
  for directory in "${directories[@]}"; do rmdir "$directory-evil" "${directory%/*}/sibling" 2>/dev/null || :; done
  [ -z "$seen" ] || breached "--cgroup $place: $seen"
  try timeout 60 "$RUNTIME" --root "$state_root" exec --cgroup own "$id" true
  of_myrt is_status 0
}

attack GHSA-g54h-m393-cpwq static 'no device rules' no_device_rules without-default-deny
attack CVE-2023-25809 static "the host's cgroups without a cgroup namespace" other_cgroups without-own-cgroup
attack runc#5351 static 'exec --cgroup with .., a prefix, an absolute path' sub_cgroups without-beneath
finish
