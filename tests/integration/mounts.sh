#!/bin/bash
# What the container's file system looks like from inside, and what of it the host sees.
source "$(dirname "$0")/lib.sh"

# mounted DESTINATION: its line of /proc/self/mountinfo as run in the container wrote it to $out.
mounted() { awk -v point="$1" '$5 == point' <<<"$out" | tail -1; }
mount_options() { mounted "$1" | cut -d ' ' -f 6; }
mount_type() { mounted "$1" | sed 's/.* - //' | cut -d ' ' -f 1; }
add_mount() { edit ".mounts += [$1]"; }
show_mounts() {
  edit '.process.args = ["cat", "/proc/self/mountinfo"]'
  run_ok
}

order_and_types() {
  new_bundle
  add_mount '{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["size=1m"]}'
  add_mount '{"destination": "/tmp/below/deeper", "type": "tmpfs", "source": "below"}'
  show_mounts
  same "$(mount_type /proc)" proc
  same "$(mount_type /dev)" tmpfs
  same "$(mount_type /dev/pts)" devpts
  same "$(mount_type /dev/mqueue)" mqueue
  same "$(mount_type /sys)" sysfs
  same "$(mount_type /tmp/below/deeper)" tmpfs
  contains "$(mounted /tmp)" 'size=1024k'
}

flags() {
  local options expected
  while read -r options expected; do
    new_bundle
    add_mount '{"destination": "/m", "type": "tmpfs", "source": "tmpfs", "options": ("'"$options"'" | split(","))}'
    show_mounts
    same "$(mount_options /m)" "$expected" "$options"
  done <<'TABLE'
rw rw,relatime
ro ro,relatime
nosuid,nodev,noexec rw,nosuid,nodev,noexec,relatime
noatime rw,noatime
nodiratime rw,nodiratime,relatime
ro,rw rw,relatime
nosuid,suid rw,relatime
strictatime rw
TABLE
}

binds() {
  new_bundle sh -c 'cat /bound/file; cat /one-file; echo changed >/bound/file; echo never >/read-only/file'
  mkdir "$bundle/source"
  echo text >"$bundle/source/file"
  add_mount '{"destination": "/bound", "type": "bind", "source": "'"$bundle"'/source", "options": ["bind"]},
    {"destination": "/one-file", "source": "source/file", "options": ["bind", "ro"]},
    {"destination": "/read-only", "type": "none", "source": "source", "options": ["rbind", "ro"]}'
  run
  is_status 1
  same "$out" "text
text"
  contains "$err" 'Read-only file system'
  same "$(<"$bundle/source/file")" changed
}

recursive_read_only() {
  new_bundle sh -c 'touch /bound/sub/x'
  mkdir -p "$bundle/source/sub"
  mount -t tmpfs tmpfs "$bundle/source/sub"
  add_mount '{"destination": "/bound", "type": "bind", "source": "source", "options": ["rbind", "rro"]}'
  run
  umount "$bundle/source/sub"
  is_status 1
  contains "$err" 'Read-only file system'
}

non_recursive_read_only() {
  new_bundle sh -c 'touch /bound/sub/x; touch /bound/x'
  mkdir -p "$bundle/source/sub"
  mount -t tmpfs tmpfs "$bundle/source/sub"
  add_mount '{"destination": "/bound", "type": "bind", "source": "source", "options": ["rbind", "ro"]}'
  run
  local made=no
  [ ! -e "$bundle/source/sub/x" ] || made=yes
  umount "$bundle/source/sub"
  is_status 1
  same $made yes
}

recursive_flags() {
  local option expected
  for option in rnosuid=nosuid rnodev=nodev rnoexec=noexec rnoatime=noatime; do
    new_bundle
    expected=${option#*=} option=${option%=*}
    mkdir -p "$bundle/source/sub"
    mount -t tmpfs tmpfs "$bundle/source/sub"
    add_mount '{"destination": "/bound", "type": "bind", "source": "source", "options": ["rbind", "'$option'"]}'
    edit '.process.args = ["cat", "/proc/self/mountinfo"]'
    run
    umount "$bundle/source/sub"
    is_status 0
    contains "$(mount_options /bound)" "$expected"
    contains "$(mount_options /bound/sub)" "$expected"
  done
}

tmp_copy_up() {
  new_bundle sh -c 'cat /etc/passwd | head -1; touch /etc/new; readlink /etc/link; stat -c %a /etc/mode'
  own_rootfs
  ln -s passwd "$bundle/rootfs/etc/link"
  touch "$bundle/rootfs/etc/mode"
  chmod 640 "$bundle/rootfs/etc/mode"
  add_mount '{"destination": "/etc", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup", "rw"]}'
  run_ok
  same "$out" "root:x:0:0:root:/root:/bin/sh
passwd
640"
  [ ! -e "$bundle/rootfs/etc/new" ] || fail 'the rootfs was written to'
}

propagation() {
  local word expected
  for word in private=none slave=master shared=shared unbindable=unbindable; do
    expected=${word#*=} word=${word%=*}
    new_bundle
    mkdir "$bundle/source"
    mount -t tmpfs tmpfs "$bundle/source"
    mount --make-shared "$bundle/source"
    add_mount '{"destination": "/bound", "type": "bind", "source": "source", "options": ["bind", "'$word'"]}'
    edit '.process.args = ["cat", "/proc/self/mountinfo"]'
    run
    umount "$bundle/source"
    is_status 0
    local fields
    fields=$(mounted /bound | sed 's/ - .*//' | cut -d ' ' -f 7-)
    case $expected in
      none) same "$fields" '' "$word" ;;
      *) contains "$fields" "$expected" ;;
    esac
  done
}

read_only_root() {
  new_bundle sh -c 'touch /x || touch /dev/shm/works'
  edit '.root.readonly = true'
  run_ok
  contains "$err" 'Read-only file system'
}

rootfs_propagation() {
  local word expected
  for word in private= slave= shared=shared unbindable=unbindable; do
    expected=${word#*=} word=${word%=*}
    new_bundle
    edit '.linux.rootfsPropagation = "'$word'"'
    show_mounts
    local fields
    fields=$(mounted / | sed 's/ - .*//' | cut -d ' ' -f 7-)
    case $word in
      shared | unbindable) contains "$fields" "$expected" ;;
      private) same "$fields" '' "$word" ;;
      slave) lacks "$fields" shared ;;
    esac
  done
}

default_devices() {
  new_bundle sh -c 'for d in null zero full random urandom tty; do stat -c "%n %F %a %t:%T" /dev/$d; done
    for l in fd stdin stdout stderr ptmx; do echo "$l $(readlink /dev/$l)"; done'
  run_ok
  same "$out" "/dev/null character special file 666 1:3
/dev/zero character special file 666 1:5
/dev/full character special file 666 1:7
/dev/random character special file 666 1:8
/dev/urandom character special file 666 1:9
/dev/tty character special file 666 5:0
fd /proc/self/fd
stdin /proc/self/fd/0
stdout /proc/self/fd/1
stderr /proc/self/fd/2
ptmx pts/ptmx"
}

given_devices() {
  new_bundle sh -c 'stat -c "%n %F %a %u:%g %t:%T" /dev/given /opt/there/fifo'
  own_rootfs
  edit '.linux.devices = [
    {"path": "/dev/given", "type": "c", "major": 1, "minor": 5, "fileMode": 432, "uid": 7, "gid": 8},
    {"path": "/opt/there/fifo", "type": "p", "fileMode": 384}]'
  run_ok
  same "$out" "/dev/given character special file 660 7:8 1:5
/opt/there/fifo fifo 600 0:0 0:0"
}

other_device_there() {
  new_bundle
  edit '.linux.devices = [{"path": "/etc/passwd", "type": "c", "major": 1, "minor": 5}]'
  refused /etc/passwd
}

masked() {
  new_bundle sh -c 'cat /etc/secret | wc -c; ls -A /hidden | wc -l; touch /hidden/x 2>/dev/null || echo refused'
  own_rootfs
  echo secret >"$bundle/rootfs/etc/secret"
  mkdir "$bundle/rootfs/hidden"
  touch "$bundle/rootfs/hidden/file"
  edit '.linux.maskedPaths = ["/etc/secret", "/hidden", "/not/there"]'
  run_ok
  same "$out" "0
0
refused"
}

read_only_paths() {
  new_bundle sh -c 'touch /etc/x 2>&1; echo 1 2>&1 >/proc/sys/kernel/domainname; touch /tmp/works'
  own_rootfs
  edit '.linux.readonlyPaths = ["/etc", "/proc/sys", "/not/there"]'
  run
  contains "$out" 'Read-only file system'
  [ -e "$bundle/rootfs/tmp/works" ] || fail 'all is read-only'
  [ ! -e "$bundle/rootfs/etc/x" ] || fail '/etc is writable'
}

nothing_of_the_host() {
  new_bundle cat /proc/self/mountinfo
  run_ok
  lacks "$(cut -d ' ' -f 5 <<<"$out")" "$work"
  lacks "$(cut -d ' ' -f 5 <<<"$out")" /oldroot
  same "$(head -1 <<<"$out" | cut -d ' ' -f 5)" /
}

host_sees_nothing() {
  new_bundle
  local before
  before=$(sort /proc/self/mountinfo)
  run_detached
  same "$(sort /proc/self/mountinfo)" "$before" 'the mounts of the host'
}

shared_host_sees_nothing() {
  mount --make-rshared /
  new_bundle
  local before
  before=$(cut -d ' ' -f 5 /proc/self/mountinfo | sort)
  run_detached
  same "$(cut -d ' ' -f 5 /proc/self/mountinfo | sort)" "$before" 'the mounts of the host'
  mount --make-rprivate /
}

no_pivot() {
  new_bundle cat /proc/self/mountinfo
  run_ok --no-pivot
  contains "$out" ' /proc '
  new_bundle sh -c "ls $work"
  run --no-pivot
  is_status 1
}

# Its program is a user who makes a namespace, for the kernel lets root map itself only with CAP_SETFCAP.
bare_procfs_bundle() {
  new_bundle unshare --mount --user --map-root-user --pid --fork sh -c 'mount -t proc none /proc && echo mounted'
  edit '.process.user = {"uid": 1000, "gid": 1000}'
}
no_pivot_hides_the_host() {
  bare_procfs_bundle
  run --no-pivot
  differs "$status" 0 'the exit status'
  lacks "$out" mounted
}

# A mount table of more than a page comes in pieces; the latest mount is in the last.
no_pivot_hides_the_host_with_many_mounts() {
  local i
  mkdir -p "$work/many"
  mount -t tmpfs tmpfs "$work/many"
  for ((i = 0; i < 100; i++)); do
    mkdir "$work/many/$i"
    mount -t tmpfs tmpfs "$work/many/$i"
  done
  mount -t proc proc "$work/many/99"
  bare_procfs_bundle
  run --no-pivot
  umount -R "$work/many"
  differs "$status" 0 'the exit status'
  lacks "$out" mounted
}

missing_destinations_inherit_the_group() {
  new_bundle true
  own_rootfs
  mkdir -m 2775 "$bundle/rootfs/shared"
  add_mount '{"destination": "/shared/a/b", "type": "tmpfs", "source": "tmpfs"}'
  run_ok
  same "$(stat -c %a "$bundle"/rootfs/shared/a "$bundle"/rootfs/shared/a/b)" $'2755\n2755'
}

missing_destinations() {
  new_bundle sh -c 'ls -ld /a/b/c | cut -c 1-10; cat /new/file'
  own_rootfs
  echo text >"$bundle/file"
  add_mount '{"destination": "/a/b/c", "type": "tmpfs", "source": "tmpfs", "options": ["mode=700"]},
    {"destination": "/new/file", "type": "bind", "source": "file", "options": ["bind"]}'
  run_ok
  same "$out" "drwx------
text"
}

symlinked_destination() {
  new_bundle sh -c 'cat /real/place/marker'
  own_rootfs
  mkdir -p "$bundle/rootfs/real/place" "$bundle/source"
  ln -s /real "$bundle/rootfs/link"
  echo inside >"$bundle/source/marker"
  add_mount '{"destination": "/link/place", "type": "bind", "source": "source", "options": ["bind"]}'
  run_ok
  same "$out" inside
}

proc_symlink() {
  # A rootfs whose /proc is a link is an attack.
  new_bundle
  own_rootfs
  rmdir "$bundle/rootfs/proc"
  ln -s /tmp "$bundle/rootfs/proc"
  refused proc
}

relative_destination() {
  new_bundle
  add_mount '{"destination": "relative", "type": "tmpfs", "source": "tmpfs"}'
  show_mounts
  same "$(mount_type /relative)" tmpfs
}

unknown_option_is_data() {
  new_bundle
  add_mount '{"destination": "/m", "type": "tmpfs", "source": "tmpfs", "options": ["nr_inodes=77"]}'
  show_mounts
  contains "$(mounted /m)" nr_inodes=77
  new_bundle
  add_mount '{"destination": "/m", "type": "tmpfs", "source": "tmpfs", "options": ["nosuchoption"]}'
  refused /m
}

idmapped() {
  new_bundle stat -c '%u:%g' /m/file
  mkdir "$bundle/source"
  touch "$bundle/source/file"
  chown 1000:1000 "$bundle/source/file"
  add_mount '{"destination": "/m", "type": "bind", "source": "source", "options": ["bind"],
    "uidMappings": [{"containerID": 1000, "hostID": 2000, "size": 1}],
    "gidMappings": [{"containerID": 1000, "hostID": 3000, "size": 1}]}'
  run_ok
  same "$out" 2000:3000
}

idmapped_by_option() {
  new_bundle stat -c '%u:%g' /m/file
  mkdir "$bundle/source"
  touch "$bundle/source/file"
  chown 1000:1000 "$bundle/source/file"
  add_mount '{"destination": "/m", "type": "bind", "source": "source",
    "options": ["bind", "idmap=uids=0-0-1#1000-2000-1;gids=1000-3000-1"]}'
  run_ok
  same "$out" 2000:3000
}

idmapped_relative() {
  # Host ids of the container's user namespace, found from its own ids.
  new_bundle stat -c '%u:%g' /m/file
  mkdir "$bundle/source"
  touch "$bundle/source/file"
  chown 1000:1000 "$bundle/source/file"
  edit '.linux.namespaces += [{type: "user"}] |
    .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 5000}] |
    .linux.gidMappings = [{containerID: 0, hostID: 200000, size: 5000}]'
  add_mount '{"destination": "/m", "type": "bind", "source": "source",
    "options": ["bind", "idmap=uids=@1000-7-1;gids=@1000-8-1"]}'
  run_ok
  same "$out" 7:8
  edit '.mounts[-1].options[1] = "idmap=uids=@1000-4999-2;gids=@1000-8-1"'
  refused @1000-4999-2
}

idmapped_filesystem() {
  new_bundle sh -c 'touch /m/file && stat -c %u:%g /m/file'
  edit '.process.user = {uid: 2000, gid: 3000}'
  add_mount '{"destination": "/m", "type": "tmpfs", "source": "tmpfs",
    "options": ["mode=777", "idmap=uids=0-0-1#1000-2000-1;gids=0-0-1#1000-3000-1"]}'
  run_ok
  same "$out" 2000:3000
  # Nobody else is anybody on it.
  edit '.process.user.uid = 5000'
  run
  is_status 1
  contains "$err" 'Value too large'
}

idmap_not_supported() {
  new_bundle
  add_mount '{"destination": "/m", "type": "mqueue", "source": "mqueue",
    "options": ["idmap=uids=0-1000-1;gids=0-1000-1"]}'
  refused 'the filesystem `mqueue` does not support id-mapped mounts'
  new_bundle
  add_mount '{"destination": "/m", "type": "bind", "source": "/sys/kernel",
    "options": ["bind", "idmap=uids=0-1000-1;gids=0-1000-1"]}'
  refused '`/sys/kernel`' 'its filesystem `sysfs` does not support id-mapped mounts'
}

# bind_of HOST-OPTIONS BIND-OPTIONS: adds /bound, of a mount of the host that has HOST-OPTIONS.
bind_of() {
  mkdir -p "$bundle/source"
  ! mountpoint -q "$bundle/source" || umount "$bundle/source"
  mount -t tmpfs -o diratime,strictatime tmpfs "$bundle/source"
  mount --bind -o "remount,diratime,strictatime" "$bundle/source"
  [ -z "$1" ] || mount --bind -o "remount,$1" "$bundle/source"
  edit '.mounts = (.mounts | map(select(.destination != "/bound"))) + [{"destination": "/bound", "type": "bind",
    "source": "source", "options": ($options | split(","))}]' --arg options "$2"
}

attributes_of_binds() {
  local host options expected
  while read -r host options expected; do
    new_bundle
    bind_of "$host" "$options"
    edit '.process.args = ["cat", "/proc/self/mountinfo"]'
    run
    umount "$bundle/source"
    is_status 0
    same "$(mount_options /bound)" "$expected" "$host bound with $options"
  done <<'TABLE'
ro,noexec,nodiratime,relatime bind ro,noexec,nodiratime,relatime
ro,noexec,nodiratime,relatime bind,dev rw,nodiratime,relatime
ro,relatime bind,nosuid,nodev rw,nosuid,nodev,relatime
nosuid,nodev,noexec,relatime bind,ro ro,relatime
nosuid,nodev,noexec,relatime rbind,ro,rprivate ro,relatime
ro,relatime bind,rnosuid ro,nosuid,relatime
relatime bind,rro,nosuid ro,nosuid,relatime
noatime bind,atime rw,noatime
noatime bind,norelatime rw,noatime
noatime bind,relatime rw,relatime
noatime bind,nodiratime rw,nodiratime,relatime
noatime bind,nodiratime,strictatime rw,nodiratime
nodiratime,relatime bind,strictatime rw
TABLE
}

locked_attributes_of_binds() {
  local host options expected
  while read -r host options expected; do
    new_bundle
    new_namespace user
    edit '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
    bind_of "$host" "$options"
    edit '.process.args = ["cat", "/proc/self/mountinfo"]'
    run
    umount "$bundle/source"
    if [ "$expected" = refused ]; then
      is_status 1
      contains "$err" 'unable to start container process: error during container init: error mounting'
      contains "$err" 'operation not permitted'
    else
      is_status 0
      same "$(mount_options /bound)" "$expected" "$host bound with $options"
    fi
  done <<'TABLE'
ro,noexec,relatime bind ro,noexec,relatime
ro,noexec,relatime bind,dev ro,noexec,relatime
nosuid,nodev,noexec,relatime bind,ro ro,nosuid,nodev,noexec,relatime
ro,relatime bind,rw,nosuid refused
nodev,nosuid,noatime bind,dev,suid,exec,atime refused
relatime rbind,rrw rw,relatime
ro,relatime rbind,rrw refused
noatime,nodiratime bind,norelatime rw,noatime,nodiratime
noatime bind,relatime refused
relatime bind,noatime refused
relatime bind,nodiratime refused
noatime bind,nosuid,noatime rw,nosuid,noatime
TABLE
}

# A tree of mounts as it is in the half-made container, bound to another place in it.
sources_inside() {
  new_bundle cat /final/x/y/file /final/x/file
  own_rootfs
  local rootfs=$bundle/rootfs part
  mkdir -p "$rootfs/mnt" "$rootfs/final"
  for part in a/x b/y c; do
    mkdir -p "$bundle/$part"
    echo "$part" >"$bundle/$part/file"
  done
  add_mount '{"source": "a", "destination": "/mnt", "type": "bind"},
    {"source": "b", "destination": "/mnt/x", "type": "bind"},
    {"source": "c", "destination": "/mnt/x/y", "type": "bind"}'"${1:-}"
  edit '.mounts += [{source: ($rootfs + "/mnt"), destination: ($rootfs + "/final"), options: ["rbind", "rprivate"]}]' \
    --arg rootfs "$rootfs"
  echo b >"$bundle/b/file"
  run_ok
  same "$out" $'c\nb'
}

sources_inside_in_user_namespace() {
  new_bundle stat -c '%u %n' /final/file
  own_rootfs
  new_namespace user
  edit '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
  chown -R 100000:100000 "$bundle/rootfs"
  mkdir -p "$bundle/a"
  touch "$bundle/a/file"
  add_mount '{"source": "a", "destination": "/mnt", "type": "bind"}'
  edit '.mounts += [{source: ($rootfs + "/mnt"), destination: "/final", options: ["rbind", "idmap"]}]' \
    --arg rootfs "$bundle/rootfs"
  run_ok
  same "$out" '0 /final/file'
}

# What an image could plant on the way may not choose another source.
symlink_to_source_inside() {
  new_bundle true
  own_rootfs
  mkdir -p "$bundle/a"
  ln -s /proc "$bundle/a/link"
  add_mount '{"source": "a", "destination": "/mnt", "type": "bind"}'
  edit '.mounts += [{source: ($rootfs + "/mnt/link"), destination: "/final", options: ["rbind"]}]' \
    --arg rootfs "$bundle/rootfs"
  refused 'mnt/link'
  edit '.mounts[-1].source = $rootfs + "/proc/sys"' --arg rootfs "$bundle/rootfs"
  refused 'procfs'
}

sources_of_dev() {
  # A /dev that is bound from the host gets no nodes of ours.
  new_bundle sh -c 'ls /dev'
  mkdir "$bundle/dev"
  touch "$bundle/dev/only"
  edit '.mounts = [{"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "bind", "source": "dev", "options": ["bind"]}]'
  run_ok
  same "$out" only
  same "$(ls "$bundle/dev")" only
}

destination_that_leads_to_the_root() {
  local target
  for target in / . ../..; do
    new_bundle true
    own_rootfs
    ln -s "$target" "$bundle/rootfs/link"
    edit '.mounts += [{"destination": "/link", "type": "tmpfs", "source": "tmpfs"}]'
    refused '/mounts/6/destination' '`/link` leads to `/`, which is the root'"'"'s own mount'
  done
}

# A chroot whose root is a mount on one that is shared: pivot_root(2) says EINVAL to that.
in_a_chroot_on_a_shared_mount() {
  new_bundle true
  mkdir "$work/jail"
  trap 'mount --make-rprivate "$work" && umount -l "$work/jail"' EXIT
  mount --make-shared "$work"
  mount --rbind / "$work/jail"
  try chroot "$work/jail" "$RUNTIME" --root "$state_root" create --bundle "$bundle" "$id"
  is_status 1
  contains "$err" "the runtime's own root has to be a mount, on one that is not shared"
  [ ! -e "$state_root/$id" ] || fail 'a state is left'
}

it 'mounts are made in the listed order, with type and data [MNT-01,MNT-06,MNT-11,DFS-01]' order_and_types
it 'flag options, the later one winning [OPT-01,OPT-19]' flags
it 'binds: directory, file, relative source, read-only [MNT-05,MNT-07,MNT-08,OPT-04]' binds
it 'rro makes a whole tree read-only [OPT-08]' recursive_read_only
it 'ro makes one mount read-only [MNT-08]' non_recursive_read_only
it 'recursive flags reach the mounts below [OPT-09,OPT-10,OPT-11,OPT-13]' recursive_flags
it 'tmpcopyup takes along what was there [OPT-15]' tmp_copy_up
it 'propagation of a mount [OPT-05]' propagation
it 'a read-only root, with writable mounts below [ROO-03]' read_only_root
it 'rootfsPropagation [ROP-01..05]' rootfs_propagation
it 'default devices and links [DEV-09,DEV-11,FDS-04]' default_devices
it 'devices of the configuration [DEV-01,DEV-03,DEV-05,DEV-06,DEV-07]' given_devices
it 'a device path that is taken by something else [DEV-04]' other_device_there
it 'masked paths are empty [MSK-01]' masked
it 'read-only paths are [MSK-02]' read_only_paths
it 'nothing of the host is to be seen [ROO-04]' nothing_of_the_host
it 'the host sees no mount of the container [ROP-06]' host_sees_nothing
it 'nor does a host with shared mounts [ROP-06]' shared_host_sees_nothing
it '--no-pivot [ROO-04]' no_pivot
it '--no-pivot leaves no procfs of the host to mount a bare one by' no_pivot_hides_the_host
it '--no-pivot: nor where the host has many mounts' no_pivot_hides_the_host_with_many_mounts
it 'missing destinations inherit the group of a setgid directory' missing_destinations_inherit_the_group
it 'missing destinations are made [MNT-03]' missing_destinations
it 'a symlink in a destination is followed inside the rootfs [MNT-04]' symlinked_destination
it 'a destination that is a link to the root is refused' destination_that_leads_to_the_root
it 'a chroot on a shared mount is named' in_a_chroot_on_a_shared_mount
it 'a /proc that is a symlink is refused [MNT-10]' proc_symlink
it 'a relative destination is relative to the root [MNT-02]' relative_destination
it 'unknown options are data for the file system [OPT-17,MNT-12]' unknown_option_is_data
it 'idmapped mounts [IDM-01]' idmapped
it 'idmapped mounts: mappings in an option, as crun has them [IDM-04]' idmapped_by_option
it 'idmapped mounts: mappings relative to the container'"'"'s user namespace' idmapped_relative
it 'idmapped mounts: a new filesystem' idmapped_filesystem
it 'idmapped mounts: a filesystem that cannot is named [IDM-08]' idmap_not_supported
it 'a bind that names an attribute loses the others of its source [MNT-08,DIFF-42,DIFF-43]' attributes_of_binds
it 'but none that a user namespace locks [MNT-08,DIFF-42]' locked_attributes_of_binds
it 'paths below the rootfs mean what earlier mounts have put there [MNT-01,DIFF-44]' sources_inside
it 'also in a user namespace, with mapped ids [MNT-01,IDM-01,DIFF-44]' sources_inside_in_user_namespace
it 'no symlink leads to such a source, and procfs is none [MNT-04,DIFF-44]' symlink_to_source_inside
it 'a bound /dev is left alone [DEV-09]' sources_of_dev
finish
