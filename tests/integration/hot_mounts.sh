#!/bin/bash
# mounts add and mounts remove: mounts of a container that is already there.
source "$(dirname "$0")/lib.sh"

# hot add|remove MOUNTS: with the JSON objects of the mounts, separated by commas.
hot() {
  echo "[$2]" >"$bundle/mounts.json"
  try runtime mounts "$1" "$id" "$bundle/mounts.json"
}
hot_ok() {
  hot "$@"
  [ "$status" -eq 0 ] || fail "exit status $status of mounts $1" "$err"
}
refused_by() { # TEXT
  is_status 1
  contains "$err" "$1"
}
inside() { must runtime exec "$id" "$@"; }
host_mounts() { wc -l </proc/self/mountinfo; }

# A container with a rootfs of its own, and things of the host's to mount.
running() {
  new_bundle
  own_rootfs
  mkdir -p "$bundle/data/sub" "$bundle/outside"
  echo from-the-host >"$bundle/data/file"
  run_detached
  before=$(host_mounts)
}

directory_and_file() {
  running
  hot_ok add '{"destination": "/data", "source": "data", "options": ["bind"]},
    {"destination": "/new/place/file", "type": "bind", "source": "'"$bundle"'/data/file", "options": ["ro"]}'
  inside cat /data/file /new/place/file
  same "$out" $'from-the-host\nfrom-the-host'
  inside sh -c 'echo more >/data/file'
  same "$(<"$bundle/data/file")" more
  try runtime exec "$id" sh -c 'echo x >/new/place/file'
  contains "$err" 'Read-only file system'
  same "$(host_mounts)" "$before" 'mounts of the host'
  hot_ok remove '{"destination": "/data"}, {"destination": "/new/place/file"}'
  inside sh -c 'cat /proc/self/mountinfo; ls /data'
  lacks "$out" /data
  lacks "$out" /new/place
}

file_systems() {
  running
  hot_ok add '{"destination": "/scratch", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k", "nosuid", "noexec"]},
    {"destination": "/etc", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup", "ro"]}'
  inside grep ' /scratch ' /proc/self/mountinfo
  matches "$out" 'nosuid.*noexec.*tmpfs.*size=64k'
  inside grep ^root: /etc/passwd
  try runtime exec "$id" touch /etc/new
  contains "$err" 'Read-only file system'
  hot_ok remove '{"destination": "/etc"}, {"destination": "/scratch"}'
  inside touch /etc/new
}

from_stdin_as_object() {
  # crun's form: a piece of config.json.
  running
  echo '{"mounts": [{"destination": "/data", "source": "data", "options": ["rbind"]}]}' |
    runtime mounts add "$id" - || fail 'mounts add from standard input'
  inside cat /data/file
}

visible_to_the_container() {
  # The container's own process sees it, not only exec.
  new_bundle
  own_rootfs
  mkdir "$bundle/data"
  touch "$bundle/data/now"
  shell 'until [ -e /data/now ]; do sleep 0.05; done; touch /seen; sleep 1000'
  run_detached
  hot_ok add '{"destination": "/data", "source": "data", "options": ["bind"]}'
  wait_until test -e "$bundle/rootfs/seen"
}

all_or_none() {
  running
  hot add '{"destination": "/one", "source": "data", "options": ["bind"]},
    {"destination": "/two", "type": "tmpfs", "source": "tmpfs"},
    {"destination": "/three", "type": "nosuchfs", "source": "x"}'
  refused_by 'mounts[2]: mount `nosuchfs` to `/three`'
  inside cat /proc/self/mountinfo
  lacks "$out" ' /one '
  lacks "$out" ' /two '
  hot add '{"destination": "/one", "source": "data", "options": ["bind"]}, {"destination": "/two", "source": "nowhere", "options": ["bind"]}'
  refused_by 'no such file or directory'
  inside cat /proc/self/mountinfo
  lacks "$out" ' /one '
  hot remove '{"destination": "/one"}'
  refused_by '`/one` was not added by `mounts add`'
}

nested() {
  running
  hot_ok add '{"destination": "/a", "type": "tmpfs", "source": "tmpfs"}, {"destination": "/a/b", "source": "data", "options": ["bind"]}'
  inside cat /a/b/file
  hot_ok remove '{"destination": "/a"}, {"destination": "/a/b"}'
  inside cat /proc/self/mountinfo
  lacks "$out" ' /a'
}

in_other_states() {
  new_bundle
  own_rootfs
  mkdir "$bundle/data"
  touch "$bundle/data/file"
  create
  hot_ok add '{"destination": "/created", "source": "data", "options": ["bind"]}'
  start
  must runtime pause "$id"
  hot_ok add '{"destination": "/paused", "source": "data", "options": ["bind"]}'
  must runtime resume "$id"
  inside ls /created/file /paused/file
  must runtime kill "$id" KILL
  wait_status stopped
  hot add '{"destination": "/x", "source": "data", "options": ["bind"]}'
  refused_by 'container not running'
}

user_namespace() {
  new_bundle
  own_rootfs
  chown 100000:100000 "$bundle/rootfs" # where its root makes the destinations
  chmod 711 "$work" "$work/cases"
  mkdir "$bundle/data"
  touch "$bundle/data/file"
  new_namespace user
  edit '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
  run_detached
  hot_ok add '{"destination": "/scratch", "type": "tmpfs", "source": "tmpfs"},
    {"destination": "/made/here", "source": "data", "options": ["bind"]},
    {"destination": "/mapped", "source": "data", "options": ["bind", "idmap"]}'
  inside stat -c %u /scratch /made /mapped/file
  same "$out" $'0\n0\n0'
  same "$(stat -c %u "$bundle/rootfs/made")" 100000
  hot_ok remove '{"destination": "/scratch"}, {"destination": "/made/here"}, {"destination": "/mapped"}'
}

without_pivot() {
  new_bundle
  own_rootfs
  mkdir "$bundle/data"
  touch "$bundle/data/file"
  run_detached --no-pivot
  hot_ok add '{"destination": "/data", "source": "data", "options": ["bind"]}'
  inside ls /data/file
  hot_ok remove '{"destination": "/data"}'
}

refusals() {
  running
  local one
  while IFS='|' read -r one text; do
    hot add "$one"
    refused_by "$text"
  done <<'CASES'
{"destination": "/", "type": "tmpfs", "source": "tmpfs"}|own mount
{"destination": "/proc", "type": "proc", "source": "proc"}|already mounted
{"destination": "/procfs", "type": "proc", "source": "proc"}|already mounted
{"destination": "/proc/sys", "type": "tmpfs", "source": "tmpfs"}|inside /proc
{"destination": "/cg", "type": "cgroup", "source": "cgroup"}|cgroups are mounted when
{"destination": "/dev", "options": ["remount", "ro"]}|adds no mount
{"destination": "/x", "source": "data", "options": ["bind", "copy-symlink"]}|adds no mount
{"destination": "/x", "type": "tmpfs", "source": "tmpfs", "options": ["iversion"]}|not supported
{"destination": "/x", "options": ["bind"]}|needs a source
{"source": "data"}|is required
CASES
  echo '[]' >"$bundle/mounts.json"
  try runtime mounts replace "$id" "$bundle/mounts.json"
  refused_by 'expected add or remove'
  try runtime mounts add "$id"
  refused_by 'requires exactly 3 argument(s)'
  try runtime mounts add nobody "$bundle/mounts.json"
  refused_by 'does not exist'
  inside cat /proc/self/mountinfo
  lacks "$out" ' /x '
}

shared_mount_namespace() {
  new_bundle
  own_rootfs
  mkdir "$bundle/data"
  without_namespace mount
  edit '.linux.maskedPaths = [] | .linux.readonlyPaths = [] | .mounts = []'
  run_detached
  hot add '{"destination": "/data", "source": "data", "options": ["bind"]}'
  refused_by 'no mount namespace of its own'
}

# --- attacks -------------------------------------------------------------------------------------

symlinked_destination() {
  # An absolute symlink of the container's leads where it would inside, and never out.
  running
  ln -s "$bundle/outside" "$bundle/rootfs/link"
  ln -s ../../../../../../../../.. "$bundle/rootfs/up"
  hot_ok add '{"destination": "/link/made", "source": "data", "options": ["bind"]},
    {"destination": "/up/also-made", "source": "data", "options": ["bind"]}'
  same "$(ls -A "$bundle/outside")" ''
  [ ! -e /also-made ] || fail 'made in the root of the host'
  inside cat /also-made/file
  same "$(host_mounts)" "$before" 'mounts of the host'
}

into_procfs() {
  # CVE-2019-19921 and its like: what the runtime trusts in /proc is not to be covered.
  running
  local place
  for place in 1 1/attr sys self; do
    ln -sfn /proc/$place "$bundle/rootfs/trap"
    hot add '{"destination": "/trap", "type": "tmpfs", "source": "tmpfs"}'
    is_status 1
    # `self` is nobody in a pid namespace that is not ours.
    [ $place = self ] || contains "$err" 'leads into a procfs'
  done
}

magic_links() {
  # /proc/1/root of the container and its descriptors are no way.
  running
  ln -s /proc/1/root "$bundle/rootfs/magic"
  hot add '{"destination": "/magic/tmp", "source": "data", "options": ["bind"]}'
  is_status 1
  same "$(host_mounts)" "$before" 'mounts of the host'
}

source_nofollow() {
  running
  ln -s /etc "$bundle/data/link"
  hot add '{"destination": "/mnt", "source": "data/link", "options": ["bind", "src-nofollow"]}'
  try runtime exec "$id" ls /mnt/hostname
  differs "$status" 0
}

destination_nofollow() {
  running
  ln -s /tmp "$bundle/rootfs/link"
  hot_ok add '{"destination": "/link", "source": "data/file", "options": ["bind", "dest-nofollow"]}'
  inside cat /link
  same "$out" from-the-host
  hot_ok remove '{"destination": "/link"}'
  inside readlink /link
  same "$out" /tmp
}

exchanged_before_remove() {
  # What the container has put in the place of a mount is not taken away for it.
  running
  hot_ok add '{"destination": "/dir/data", "source": "data", "options": ["bind"]}'
  mv "$bundle/rootfs/dir" "$bundle/rootfs/moved"
  ln -s /dev "$bundle/rootfs/dir"
  mkdir "$bundle/data/shm"
  hot remove '{"destination": "/dir/data"}'
  refused_by 'not the mount that was added'
  rm "$bundle/rootfs/dir"
  mkdir "$bundle/rootfs/dir"
  ln -s /dev/shm "$bundle/rootfs/dir/data"
  hot remove '{"destination": "/dir/data"}'
  refused_by 'not the mount that was added'
  inside grep -c ' /dev/shm ' /proc/self/mountinfo
  same "$out" 1
  rm -r "$bundle/rootfs/dir"
  mv "$bundle/rootfs/moved" "$bundle/rootfs/dir"
  hot_ok remove '{"destination": "/dir/data"}'
}

racing_symlinks() {
  # The container exchanges the destination with a link out of it all the time. Whatever wins,
  # nothing is mounted or made outside.
  new_bundle
  own_rootfs
  mkdir -p "$bundle/data" "$bundle/outside" "$bundle/rootfs/a" "$bundle/rootfs/real"
  ln -s "../../../../../../../$bundle/outside" "$bundle/rootfs/a/link"
  shell 'cd /a; mkdir dir; while :; do mv dir tmp; mv link dir; mv dir link; mv tmp dir; done'
  run_detached
  before=$(host_mounts)
  local round
  for round in $(seq 60); do
    hot add '{"destination": "/a/dir/made", "source": "data", "options": ["bind"]}'
    if [ "$status" -eq 0 ]; then hot remove '{"destination": "/a/dir/made"}'; fi
    same "$(ls -A "$bundle/outside")" ''
  done
  same "$(host_mounts)" "$before" 'mounts of the host'
}

leaves_nothing() {
  running
  local everything
  everything=$(snapshot)
  hot_ok add '{"destination": "/data", "source": "data", "options": ["bind"]}'
  same "$(snapshot)" "$everything" 'what is left outside'
  same "$(jq -c '[.hotMounts[].destination]' "$state_root/$id/container.json")" '["/data"]'
  hot_ok remove '{"destination": "/data"}'
  same "$(jq -c .hotMounts "$state_root/$id/container.json")" '[]'
  hot_ok add '{"destination": "/data", "source": "data", "options": ["bind"]}'
  must runtime delete --force "$id"
  same "$(host_mounts)" "$before" 'mounts of the host'
  rm -r "$bundle/data" || fail 'the source is still held'
}

it 'mounts add and mounts remove: directories and files' directory_and_file
it 'new file systems' file_systems
it 'the document may come from standard input, as a piece of config.json' from_stdin_as_object
it 'the process of the container sees it' visible_to_the_container
it 'all mounts are added, or none' all_or_none
it 'mounts on mounts' nested
it 'a created and a paused container can have them, a stopped one cannot' in_other_states
it 'in a user namespace, with its owners and id mappings' user_namespace
it 'with --no-pivot' without_pivot
it 'what is no mount of its own is refused' refusals
it 'a shared mount namespace is refused' shared_mount_namespace
it 'symlinks in a destination stay inside' symlinked_destination
it 'a symlink into a procfs is refused [CVE-2019-19921]' into_procfs
it 'magic links are no way' magic_links
it 'src-nofollow' source_nofollow
it 'dest-nofollow' destination_nofollow
it 'remove takes away what was added, and nothing else' exchanged_before_remove
it 'symlinks that are exchanged all the time [CVE-2021-30465]' racing_symlinks
it 'they leave nothing [LIF-02]' leaves_nothing
finish
