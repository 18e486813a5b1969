#!/bin/bash
# Requirements whose rules the unit tests have in detail: that they hold from config.json to the kernel.
source "$(dirname "$0")/lib.sh"

add_mount() { edit ".mounts += [$1]"; }
# mounted DESTINATION: the options of a mount, of /proc/self/mountinfo in $out.
mounted() { awk -v point="$1" '$5 == point { print $6 }' <<<"$out" | tail -1; }

smallest_bundle() {
  # Nothing but config.json in the bundle, and a root somewhere else.
  new_bundle
  echo '{"ociVersion": "1.0.0", "process": {"cwd": "/", "args": ["/bin/true"]}}' >"$bundle/config.json"
  edit '.root.path = $rootfs | .linux.namespaces = [{"type": "mount"}]' --arg rootfs "$rootfs"
  run_ok
  same "$(ls -A "$bundle")" config.json
}

every_version() {
  local version
  for version in 1.0.0 1.0.2-dev 1.1.0+dev 1.2.1 1.3.0-rc.1 1.3.0 1.4.0; do
    new_bundle true
    edit '.ociVersion = $version' --arg version $version
    run_ok
  done
}

no_annotations() {
  local change
  for change in 'del(.annotations)' '.annotations = {}' '.annotations = {"org.example.empty": ""}'; do
    new_bundle
    edit "$change"
    create
    matches "$(runtime state "$id" | jq -c '.annotations // {}')" '^(\{\}|\{"org.example.empty":""\})$'
  done
}

warnings_change_nothing() {
  new_bundle sh -c 'echo ran; exit 7'
  edit '.process.capabilities.bounding += ["CAP_FUTURE"] | .mounts += [{"destination": "relative", "type": "tmpfs", "source": "tmpfs"}]'
  run
  is_status 7
  same "$out" ran
  same "$(grep -c level=warning <<<"$err")" 2
}

what_cannot_be_applied() {
  # Each is legal, and the kernel has no such thing.
  local change text
  while IFS='|' read -r change text; do
    new_bundle
    edit "$change"
    refused "$text"
  done <<'TABLE'
.linux.sysctl = {"net.no.such.key": "1"}|net
.mounts += [{"destination": "/m", "type": "nosuchfs"}]|/m
.linux.intelRdt = {"closID": "gold"}|resctrl
.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "1000"}|set memory policy
.process.scheduler = {"policy": "SCHED_ISO"}|sched
.linux.netDevices = {"nosuch0": {}}|nosuch0
.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/no/agent", "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_NOTIFY"}]}|/no/agent
TABLE
}

start_waits_for_execve() {
  local number
  for number in 1 2 3 4 5; do
    new_bundle
    create
    start
    same "$(cat "/proc/$(state_of pid)/comm")" sleep
    same "$(state_of status)" running
    must runtime delete --force "$id"
  done
}

every_command() {
  local command
  for command in create start state kill delete exec run list ps update pause resume events features spec checkpoint restore; do
    must runtime $command --help
    contains "$out" "$command"
  done
}

groups_where_they_are_denied() {
  new_bundle id -G
  new_namespace user
  edit '.linux.uidMappings = [{"containerID": 0, "hostID": 1000, "size": 1}] | .linux.gidMappings = [{"containerID": 0, "hostID": 1000, "size": 1}]
    | .process.user.additionalGids = [5]'
  chmod 711 "$work" "$work/cases" "$bundle"
  refused 5
}

deadline() {
  new_bundle
  edit '.process.scheduler = {"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 5000000, "period": 10000000}'
  try runtime create --bundle "$bundle" "$id"
  if [ "$status" -ne 0 ]; then
    # The kernel gives it to nobody whose cpuset is not all there is, or without bandwidth left.
    contains "$err" sched
    skip 'no deadline scheduling here'
  fi
  start
  local pid
  pid=$(state_of pid)
  contains "$(chrt -p "$pid")" 1000000/5000000/10000000
}

defaults_option() {
  new_bundle cat /proc/self/mountinfo
  add_mount '{"destination": "/m", "type": "tmpfs", "source": "tmpfs", "options": ["noexec", "defaults"]}, {"destination": "/n", "type": "tmpfs", "source": "tmpfs", "options": ["defaults"]}'
  run_ok
  same "$(mounted /n)" rw,relatime
}

no_symlinks() {
  new_bundle sh -c 'cat /m/file && ! cat /m/link 2>/dev/null && cat /s/link'
  mkdir "$bundle/source"
  echo text >"$bundle/source/file"
  ln -s file "$bundle/source/link"
  add_mount '{"destination": "/m", "source": "source", "options": ["bind", "nosymfollow"]},
    {"destination": "/s", "source": "source", "options": ["bind", "nosymfollow", "symfollow"]}'
  run_ok
  same "$out" $'text\ntext'
}

recursive_pairs() {
  # The other end of each pair clears what the source had, below as well.
  local option flag
  for option in rnodiratime=nodiratime rnosymfollow=nosymfollow rdiratime=nodiratime rsymfollow=nosymfollow rsuid=nosuid rdev=nodev rexec=noexec rrw=ro; do
    flag=${option#*=} option=${option%=*}
    new_bundle cat /proc/self/mountinfo
    mkdir -p "$bundle/source/sub"
    case $option in
      rno*) mount -t tmpfs tmpfs "$bundle/source/sub" ;;
      *) mount -t tmpfs -o $flag tmpfs "$bundle/source/sub" ;;
    esac
    add_mount '{"destination": "/bound", "source": "source", "options": ["rbind", "'$option'"]}'
    run
    umount "$bundle/source/sub"
    is_status 0
    case $option in
      rno*) contains ",$(mounted /bound/sub)," ",$flag," ;;
      *) lacks ",$(mounted /bound/sub)," ",$flag," ;;
    esac
  done
}

mapped_mounts() {
  # Owner 0 outside is 1000 inside: with a word for it, without, and with everything below.
  local option expected
  for option in idmap ridmap ''; do
    new_bundle stat -c %u /m/file /m/sub/file
    mkdir -p "$bundle/source/sub"
    mount -t tmpfs tmpfs "$bundle/source/sub"
    touch "$bundle/source/file" "$bundle/source/sub/file"
    add_mount '{"destination": "/m", "source": "source", "options": (["rbind", "'$option'"] | map(select(. != ""))),
      "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}], "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}]}'
    run
    umount "$bundle/source/sub"
    # The bundle is on a tmpfs, which learnt of mappings in Linux 6.3.
    [ "$status" -eq 0 ] || ! printf '%s\n6.3\n' "$(uname -r)" | sort -C -V || skip 'no mapped mounts of tmpfs in this kernel'
    is_status 0
    case $option in ridmap) expected=$'1000\n1000' ;; *) expected=$'1000\n0' ;; esac
    same "$out" "$expected" "option \`$option\`"
  done
}

same_place() {
  local first
  new_bundle
  run_detached
  first=$(cat "/proc/$(state_of pid)/cgroup")
  must runtime delete --force "$id"
  run_detached
  same "$(cat "/proc/$(state_of pid)/cgroup")" "$first"
}

unlimited_swap() {
  needs_v1
  needs_controller memory
  [ -e "$cgroup_root/memory/memory.memsw.limit_in_bytes" ] || skip 'no swap accounting'
  new_bundle
  edit '.linux.resources = {"memory": {"limit": 33554432, "swap": 50331648}}'
  run_detached
  must runtime update --memory -1 "$id"
  same "$(<"$(cgroup_dir memory)/memory.limit_in_bytes")" 9223372036854771712
  same "$(<"$(cgroup_dir memory)/memory.memsw.limit_in_bytes")" 9223372036854771712
}

throttled_operations() {
  needs_v1
  needs_controller blkio
  local number
  number=$(lsblk --nodeps --noheadings --output MAJ:MIN 2>/dev/null | tr -d ' ' | grep -v '^\(7\|1\):' | head -1)
  [ -n "$number" ] || skip 'no disk'
  new_bundle
  edit '.linux.resources.blockIO = {"throttleReadIOPSDevice": [{"major": $a, "minor": $i, "rate": 100}],
    "throttleWriteIOPSDevice": [{"major": $a, "minor": $i, "rate": 200}], "throttleReadBpsDevice": [{"major": $a, "minor": $i, "rate": 1048576}]}' \
    --argjson a "${number%:*}" --argjson i "${number#*:}"
  create
  same "$(<"$(cgroup_dir blkio)/blkio.throttle.read_iops_device")" "$number 100"
  same "$(<"$(cgroup_dir blkio)/blkio.throttle.write_iops_device")" "$number 200"
  same "$(<"$(cgroup_dir blkio)/blkio.throttle.read_bps_device")" "$number 1048576"
}

no_leaf_weight() {
  needs_v1
  needs_controller blkio
  mkdir -p $cgroup_root/blkio/cases
  [ ! -e $cgroup_root/blkio/cases/blkio.leaf_weight ] || skip 'this kernel has CFQ'
  new_bundle
  edit '.linux.resources.blockIO = {"leafWeight": 300}'
  refused blkio.leaf_weight
}

given_cgroup() {
  # Owned by the user of the process if it can be written to inside, and by root otherwise.
  needs_v2
  local options owner
  while read -r options owner; do
    new_bundle
    new_namespace user
    edit '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings
      | .process.user = {"uid": 5, "gid": 5} | .mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": [$options]}]' \
      --arg options "$options"
    chmod 711 "$work" "$work/cases" "$bundle"
    create
    same "$(stat -c %u "$(cgroup_dir)")" "$owner" "options $options"
    same "$(stat -c %u "$(cgroup_dir)/cgroup.procs")" "$owner" cgroup.procs
    same "$(stat -c %u "$(cgroup_dir)/cgroup.max.depth")" 0 'a file that is not delegated'
  done <<'TABLE'
rw 100005
ro 0
TABLE
}

twice_the_same_argument() {
  # Two conditions on one argument are alternatives; an entry with the default's action is none.
  new_bundle sh -c 'for s in 4 7 9; do kill -0 $$ 2>/dev/null; done; chmod 600 /f 2>/dev/null && echo 600; chmod 644 /f 2>/dev/null && echo 644; chmod 640 /f && echo 640'
  own_rootfs
  touch "$bundle/rootfs/f"
  edit '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chmod"], "action": "SCMP_ACT_ERRNO",
      "args": [{"index": 1, "value": 384, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 420, "op": "SCMP_CMP_EQ"}]},
    {"names": ["fchmodat", "fchmod"], "action": "SCMP_ACT_ALLOW"}]}'
  run_ok
  same "$out" 640
}

it 'a bundle needs no more than config.json and a root [BUN-03,CFG-09]' smallest_bundle
it 'every version 1.x is taken [VER-02,VER-03]' every_version
it 'absent, empty and emptily valued annotations [ANN-03,STA-09]' no_annotations
it 'a warning changes nothing [LIF-03]' warnings_change_nothing
it 'what cannot be applied is refused [OPS-07,LIF-04,SYS-03,RDT-02,MPL-01,SCH-01,NET-03,NTF-06]' what_cannot_be_applied
it 'start returns when the program is executed [OPS-11,STA-05]' start_waits_for_execve
it 'the commands are those of runc [OPS-21]' every_command
it 'groups where setgroups is denied are refused [USR-04,IDS-05]' groups_where_they_are_denied
it 'deadline scheduling [SCH-05]' deadline
it 'the option defaults asks for nothing [OPT-02]' defaults_option
it 'nosymfollow and symfollow [OPT-07]' no_symlinks
it 'recursive options set and clear below [OPT-08,OPT-09,OPT-10,OPT-11,OPT-12,OPT-14]' recursive_pairs
it 'mapped mounts with idmap, ridmap and neither [IDM-01,IDM-03,IDM-04,IDM-05]' mapped_mounts
it 'one cgroupsPath is one place [CGP-03]' same_place
it 'an unlimited memory has unlimited swap [CME-04]' unlimited_swap
it 'throttled operations on v1 [CBI-04,CBI-05]' throttled_operations
it 'a leaf weight that the kernel lacks is refused [CBI-02]' no_leaf_weight
it 'a cgroup that can be written to inside belongs to the user [CGO-01,CGO-03,CGO-04,CGO-05]' given_cgroup
it 'two conditions on one argument, and an entry of the default action [SEC-14,SEC-16]' twice_the_same_argument
finish
