#!/bin/bash
# Hostile images and volumes: what a root file system can hold, or do, while it is set up.
source "$(dirname "$0")/lib.sh"

add_mount() { edit ".mounts += [$1]"; }

# --- links that lie there ------------------------------------------------------------------------

final_symlinks() {
  local type how target
  for type in tmpfs devpts mqueue directory file device below; do
    for how in run:made create:made run:there create:there; do
      outside_bundle true
      target=$outside/made
      if [ ${how#*:} = there ]; then target=$outside/b; fi
      if [ ${how#*:}-$type = there-file ]; then target=$outside/keep; fi
      ln -s "$target" "$bundle/rootfs/link"
      case $type in
        directory) add_mount '{"destination": "/link", "type": "bind", "source": "data", "options": ["bind"]}' ;;
        file) add_mount '{"destination": "/link", "type": "bind", "source": "data/file", "options": ["bind"]}' ;;
        device) edit '.linux.devices = [{path: "/link", type: "c", major: 1, minor: 3}]' ;;
        below) edit '.linux.devices = [{path: "/link/null", type: "c", major: 1, minor: 3}]' ;;
        *) add_mount '{"destination": "/link", "type": "'$type'", "source": "'$type'"}' ;;
      esac
      watch_mounts
      attempt ${how%:*}
      outside_holds
    done
  done
}

# proc_at_a_link NAME TARGET: NAME of the rootfs is a link, and a file system is to be mounted there.
proc_at_a_link() {
  local how
  for how in run create; do
    outside_bundle sh -c 'grep -q " /elsewhere " /proc/self/mountinfo /elsewhere/self/mountinfo && echo landed; ls -d /elsewhere/kernel && echo landed'
    rmdir "$bundle/rootfs/$1"
    mkdir -p "$bundle/rootfs/elsewhere"
    ln -s "$2" "$bundle/rootfs/$1"
    if [ "$2" = hop ]; then ln -s elsewhere "$bundle/rootfs/hop"; fi
    by $how
    case $out in *landed*) breached "$how: /$1 was mounted where the link leads" ;; esac
    of_myrt contains "$err" "/$1\` must be mounted on ordinary directory"
  done
}
proc_link() { proc_at_a_link proc elsewhere; }
proc_link_chain() {
  local target
  for target in /elsewhere ../../elsewhere ./other/../elsewhere hop; do
    proc_at_a_link proc $target
  done
}
sys_link() {
  proc_at_a_link sys elsewhere
  proc_at_a_link proc /elsewhere
}

proc_volume() {
  # Labels would be written into the volume's files.
  local how
  for how in run create; do
    outside_bundle true
    mkdir -p "$bundle/data/self/attr" "$bundle/data/1/attr"
    touch "$bundle/data/self/attr/exec" "$bundle/data/1/attr/exec"
    edit '.mounts |= map(select(.destination != "/proc"))'
    add_mount '{"destination": "/proc", "type": "bind", "source": "data", "options": ["bind"]}'
    by $how
    if is_peer && [ "$status" -eq 0 ]; then skip 'starts, and has no label to lose: this host has no LSM'; fi
    [ "$status" -ne 0 ] || breached "$how: it started with a directory for /proc"
    of_myrt contains "$err" 'is no procfs'
  done
}

runtime_written_names() {
  # Whatever it makes there itself: devices, links, the console, the working directory.
  local name how
  for name in dev/null dev/zero dev/full dev/tty dev/random dev/console dev/ptmx dev/fd dev/stdin dev/core \
    dev/pts dev/shm run .krun_config.json etc/hosts etc/hostname etc/resolv.conf; do
    for how in run create; do
      outside_bundle true
      chmod 777 "$outside"
      untouched=$(find "$outside" -printf '%P %y %m %U %s\n' | sort)
      mkdir -p "$bundle/rootfs/dev"
      rm -rf "$bundle/rootfs/${name:?}"
      ln -s "$outside/made" "$bundle/rootfs/$name"
      ln -s "$outside/cwd" "$bundle/rootfs/work"
      dev_of_the_image
      edit '.process.cwd = "/work"'
      attempt $how
      outside_holds
    done
  done
  # In a user namespace devices are bound onto files, which are made.
  outside_bundle true
  chmod 777 "$outside"
  untouched=$(find "$outside" -printf '%P %y %m %U %s\n' | sort)
  chown 100000:100000 "$bundle/rootfs" "$bundle/rootfs/dev"
  chmod 711 "$work" "$work/cases"
  ln -s "$outside/made" "$bundle/rootfs/dev/null"
  dev_of_the_image
  new_namespace user
  edit '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
  attempt run
  outside_holds
}

dev_link() {
  local how
  for how in run create; do
    outside_bundle true
    rmdir "$bundle/rootfs/dev"
    ln -s "$outside" "$bundle/rootfs/dev"
    dev_of_the_image
    attempt $how
    outside_holds
    outside_bundle true
    rmdir "$bundle/rootfs/dev"
    ln -s "$outside" "$bundle/rootfs/dev"
    attempt $how
    outside_holds
  done
}

null_link_to_a_host_file() {
  outside_bundle sh -c 'echo overwritten >/dev/null; cat </dev/null; stat -L -c %F /dev/null'
  echo $canary >"$bundle/host-file"
  chmod 666 "$bundle/host-file"
  touch "$bundle/rootfs/host-file"
  ln -s /host-file "$bundle/rootfs/dev/null"
  dev_of_the_image
  add_mount '{"destination": "/host-file", "type": "bind", "source": "host-file", "options": ["bind"]}'
  edit '.process.user = {"uid": 1000, "gid": 1000}'
  local how
  for how in run create; do
    {
      runtime $how --bundle "$bundle" "$id" || :
      if [ $how = create ] && [ -e "$state_root/$id" ] && runtime start "$id"; then wait_status stopped; fi
    } < <(:) 2>&1 | cat >"$bundle/seen"
    runtime delete --force "$id" >/dev/null 2>&1 || :
    host_file_holds "$how"
    of_myrt contains "$(<"$bundle/seen")" 'exists and is not the device'
  done
  # The link is made when the container runs.
  rm "$bundle/rootfs/dev/null"
  edit '.process.args = ["sleep", "1000"]'
  run_detached
  rm -f "$bundle/rootfs/dev/null"
  ln -s /host-file "$bundle/rootfs/dev/null"
  try runtime exec --user 1000:1000 "$id" true
  host_file_holds exec
}
host_file_holds() {
  [ "$(stat -c %u "$bundle/host-file")" = 0 ] || breached "$1: the host's file belongs to $(stat -c %u "$bundle/host-file")"
  [ "$(<"$bundle/host-file")" = $canary ] || breached "$1: the host's file: $(<"$bundle/host-file")"
}

# --- exchanged while it is set up ----------------------------------------------------------------

mask_null() {
  local how
  for how in run create; do
    outside_bundle sh -c 'stat -c "mask %t:%T" /secret; cat /secret'
    echo secret >"$bundle/rootfs/secret"
    echo attack >"$bundle/rootfs/payload"
    dev_of_the_image
    edit '.linux.maskedPaths = ["/secret"]'
    at_hook 'rm rootfs/dev/null && ln -s /payload rootfs/dev/null'
    by $how
    [ "$status" -ne 0 ] || [ -z "$out" ] || [[ $out == *'mask 1:3'* ]] || breached "$how: the mask is: $out"
    case $out in *secret* | *attack*) breached "$how: read through the mask: $out" ;; esac
    of_myrt contains "$out" 'mask 1:3'
  done
}

read_only_root() {
  read_only_root_by run
  read_only_root_by create
}
read_only_root_by() {
  # The image has a /proc of its own, where every number leads to a mount that may be written anyway.
  outside_bundle sh -c 'echo x >/written && echo root-is-writable'
  mkdir -p "$bundle/rootfs/proc/self/fd" "$bundle/rootfs/proc/thread-self/fd"
  local number
  for number in $(seq 3 64); do
    ln -s /tmp "$bundle/rootfs/proc/self/fd/$number"
    ln -s /tmp "$bundle/rootfs/proc/thread-self/fd/$number"
  done
  edit '.root.readonly = true | .linux.maskedPaths = [] | .linux.readonlyPaths = []
    | .mounts |= map(select(.destination != "/proc"))'
  add_mount '{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}'
  by "$1"
  case $out in *root-is-writable*) breached 'the read-only root was written to' ;; esac
  of_myrt contains "$err" 'Read-only file system'
}

mount_into_procfs() {
  # A volume over what the runtime writes labels to, by a link of the image.
  local how
  for how in run create; do
    outside_bundle sh -c 'grep " /proc/1/attr " /proc/self/mountinfo'
    mkdir -p "$bundle/data/apparmor"
    touch "$bundle/data/exec"
    ln -s /proc/1/attr "$bundle/rootfs/trap"
    add_mount '{"destination": "/trap", "type": "bind", "source": "data", "options": ["bind"]}'
    attempt $how
    case $out in *' /proc/1/attr '*) breached "mounted over /proc: $out" ;; esac
    of_myrt contains "$err" 'leads into a procfs'
  done
}

joined_fake_procfs() {
  joined_fake_procfs_by run
  joined_fake_procfs_by create
}
joined_fake_procfs_by() {
  # The mount namespace that is joined has other files where the sysctls are.
  outside_bundle true
  mkdir "$bundle/fake"
  echo untouched >"$bundle/fake/msgmax"
  unshare --mount --propagation private sh -c "mount --bind '$bundle/fake' /proc/sys/kernel && echo >'$bundle/ready' && exec sleep 1000" &
  local attacker=$!
  wait_until test -e "$bundle/ready"
  edit '.linux.namespaces |= map(if .type == "mount" then .path = $path else . end) | .linux.sysctl = {"kernel.msgmax": "12345"}
    | .linux.maskedPaths = [] | .linux.readonlyPaths = []' --arg path "/proc/$attacker/ns/mnt"
  by "$1"
  kill -KILL $attacker
  [ "$(<"$bundle/fake/msgmax")" = untouched ] || breached "the sysctl went into the attacker's file: $(<"$bundle/fake/msgmax")"
  of_myrt is_status 0
}

mount_exchange() {
  mount_exchange_by run
  mount_exchange_by create
}
mount_exchange_by() {
  # CVE-2021-30465: the destination is looked up, then exchanged, then mounted on.
  local mount
  for mount in '{"destination": "/a/b", "type": "bind", "source": "data", "options": ["bind"]}' \
    '{"destination": "/a/b", "type": "tmpfs", "source": "tmpfs"}' \
    '{"destination": "/a/keep", "type": "bind", "source": "data/file", "options": ["bind"]}'; do
    outside_bundle true
    mkdir -p "$bundle/rootfs/a/b"
    touch "$bundle/rootfs/a/keep"
    ln -s "$outside" "$bundle/rootfs/link"
    add_mount "$mount"
    watch_mounts
    at_stop "mount-target:$(jq -r .destination <<<"$mount")" "'$RACER' swap '$bundle/rootfs/a' '$bundle/rootfs/link'" \
      "$1" --bundle "$bundle" "$id"
    outside_holds
    is_status 0
  done
}

proc_exchange() {
  # CVE-2019-19921: what was a directory when it was checked is a link when it is mounted on.
  local how
  for how in run create; do
    outside_bundle sh -c 'grep -q " /elsewhere " /elsewhere/self/mountinfo && echo landed >/landed; :'
    mkdir -p "$bundle/rootfs/elsewhere"
    ln -s elsewhere "$bundle/rootfs/link"
    at_stop mount-target:/proc "'$RACER' swap '$bundle/rootfs/proc' '$bundle/rootfs/link'" $how --bundle "$bundle" "$id"
    if [ $how = create ] && [ "$status" -eq 0 ]; then
      must runtime start "$id"
      wait_status stopped
    fi
    [ ! -e "$bundle/rootfs/landed" ] || breached "$how: /proc was mounted where the link leads"
  done
}

mkdir_exchange() {
  local how
  for how in run create; do
    outside_bundle true
    mkdir -p "$bundle/rootfs/a"
    ln -s "$outside" "$bundle/rootfs/link"
    add_mount '{"destination": "/a/new/d", "type": "tmpfs", "source": "tmpfs"}'
    at_stop mkdir:/a/new "'$RACER' swap '$bundle/rootfs/a' '$bundle/rootfs/link'" $how --bundle "$bundle" "$id"
    outside_holds
  done
}

hot_mount_links() {
  outside_bundle
  ln -s "../../../../../..$outside/made" "$bundle/rootfs/out"
  ln -s /proc/1/attr "$bundle/rootfs/trap"
  ln -s /proc/1/root "$bundle/rootfs/magic"
  run_detached
  local place
  for place in /out /trap /magic/made; do
    echo '[{"destination": "'$place'", "source": "'"$bundle"'/data", "type": "bind", "options": ["bind"]}]' >"$bundle/mounts.json"
    try runtime mounts add "$id" "$bundle/mounts.json"
    if is_peer && [ "$status" -ne 0 ]; then skip 'has no hot mounts, or refuses this one'; fi
    outside_holds
    must runtime exec "$id" cat /proc/self/mountinfo
    case $out in *' /proc/1/attr '*) breached "mounted over /proc of the container" ;; esac
  done
}

hot_mount_exchange() {
  outside_bundle
  mkdir "$bundle/rootfs/a"
  ln -s /proc/1/attr "$bundle/rootfs/link"
  run_detached
  echo '[{"destination": "/a", "source": "'"$bundle"'/data", "options": ["bind"]}]' >"$bundle/mounts.json"
  at_stop mount-target:/a "'$RACER' swap '$bundle/rootfs/a' '$bundle/rootfs/link'" mounts add "$id" "$bundle/mounts.json"
  must runtime exec "$id" cat /proc/self/mountinfo
  case $out in *' /proc/1/attr '*) breached "mounted over /proc of the container" ;; esac
}

# The runtime's own root is a mount, and not the root of its mount namespace. The names of files are
# the same inside. Everything is shared, as systemd has it, so that what is unmounted by mistake
# vanishes here, too; but for the place of the jail, which pivot_root demands.
make_jail() {
  mkdir -p "$work/jail"
  trap 'mount --make-rprivate / && umount -l "$work/jail"' EXIT
  mount --make-rshared /
  mount --make-private "$work"
  mount --rbind / "$work/jail"
}
jailed() {
  try timeout --kill-after=5 60 chroot "$work/jail" "$RUNTIME" --root "$state_root" "$@"
}
judge_climb() {
  case $out in *"$canary"*) breached "$1: reached the host's root" ;; esac
  contains "$out$err" "$2"
}
runtime_in_a_chroot() {
  is_peer && skip 'not comparable: no advisory is about it'
  local pid mounts
  outside_bundle /climb climb
  edit '.process.args += [$file]' --arg file "$outside/keep"
  cp "$RACER" "$bundle/rootfs/climb"
  make_jail
  mounts=$(wc -l </proc/self/mountinfo)
  edit '.process.capabilities |= with_entries(.value += ["CAP_SYS_CHROOT"])'
  jailed run --bundle "$bundle" "$id"
  judge_climb run climbed
  rm -rf "$bundle/rootfs/below"
  edit '.process.args = ["sleep", "1000"]'
  jailed create --bundle "$bundle" "$id"
  is_status 0
  jailed start "$id"
  is_status 0
  jailed exec "$id" cat "$outside/keep"
  judge_climb exec 'No such file'
  jailed exec --cap CAP_SYS_CHROOT "$id" /climb climb "$outside/keep"
  judge_climb 'exec, climbing' climbed
  pid=$(state_of pid)
  [ "$(wc -l <"/proc/$pid/mountinfo")" -lt 40 ] || breached "$(wc -l <"/proc/$pid/mountinfo") mounts in the container"
  same "$(wc -l </proc/self/mountinfo)" "$mounts" 'mounts of the host'
  echo '[{"destination": "/hot", "source": "'"$bundle"'/data", "type": "bind", "options": ["bind"]}]' >"$bundle/mounts.json"
  jailed mounts add "$id" "$bundle/mounts.json"
  is_status 0
  jailed exec "$id" cat /hot/file
  same "$out" data 'the hot mount'
  jailed delete --force "$id"
  jailed run --no-pivot --bundle "$bundle" "$id"
  contains "$err" '`--no-pivot` is not supported in a chroot'
}

attack CVE-2019-16884 static 'a volume for /proc' proc_volume without-procfs-check
attack CVE-2019-19921 static '/proc is a link' proc_link without-real-directory
attack CVE-2019-19921 stop '/proc is exchanged for a link' proc_exchange without-target-fd
attack CVE-2019-18837 static 'a link as the last component, for every type' final_symlinks without-resolve-in-root
attack CVE-2021-30465 stop 'a destination is exchanged for a link out' mount_exchange without-target-fd
attack CVE-2023-27561 static '/proc is a chain of links' proc_link_chain without-real-directory
attack CVE-2024-45310 stop 'the parent of what is made is exchanged for a link out' mkdir_exchange without-parent-fd
attack CVE-2025-31133 static "/dev/null is exchanged before the masks" mask_null without-own-null
attack CVE-2025-52881 static 'a link leads a mount into /proc' mount_into_procfs without-procfs-target-check
attack CVE-2025-52881 static 'the joined namespace has a fake /proc/sys' joined_fake_procfs without-private-procfs
attack CVE-2025-54867 static '/sys is a link' sys_link without-real-directory
attack CVE-2025-24965 static 'a link at every name that a runtime writes' runtime_written_names without-nofollow
attack CVE-2026-41579 static '/dev is a link' dev_link without-resolve-in-root
attack CVE-2026-88265 static '/dev/null is a link to a bound host file' null_link_to_a_host_file without-device-check
attack CVE-2026-115521 static "a read-only root with an image's /proc/self/fd" read_only_root without-root-fd
attack chroot static 'the runtime itself is in a chroot' runtime_in_a_chroot without-namespace-root
attack hot-mounts static 'mounts add: links out and into /proc' hot_mount_links without-procfs-target-check
attack hot-mounts stop 'mounts add: the destination is exchanged' hot_mount_exchange without-target-fd
finish
