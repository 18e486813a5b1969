# Sourced by the Podman scripts: Podman with everything of its own in a directory of the sandbox.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$work" || exit 2 # conmon leaves a file `oom` where it is started

# A cgroup2 beside v1 hierarchies has no pids controller for Podman's default limit.
pids_limit=''
if [ "$MYRT_PRIVATE_VIEW" = v2 ] && ! has_controller pids; then pids_limit='pids_limit = 0'; fi

# write_containers_conf RUNTIMES: those that Podman believes to write a log. Its own limits are more
# than a machine may allow whose root lacks CAP_SYS_RESOURCE. (The documented name of the last key
# has an `s`, and is not the one that is read.)
write_containers_conf() {
  cat >"$work/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=${podman_limits:-1024:2048}", "nproc=${podman_limits:-1024:2048}"]
$pids_limit
[engine]
events_logger = "file"
events_logfile_path = "$work/events"
runtime_supports_json = [$1]
runtime_supports_nocgroup = ["$runtime_name"]
CONF
}
write_containers_conf "\"$runtime_name\""
printf 'unqualified-search-registries = []\n' >"$work/registries.conf"
export CONTAINERS_CONF=$work/containers.conf CONTAINERS_REGISTRIES_CONF=$work/registries.conf

podman_command=(podman --root "$work/root" --runroot "$work/runroot" --tmpdir "$work/tmp"
  --storage-driver vfs --cgroup-manager cgroupfs --runtime "$RUNTIME")
podman() { command "${podman_command[@]}" "$@"; }
run() { podman run --rm --network none bb "$@"; }
with() { # OPTIONS... -- COMMAND...
  local options command
  split_at_dashes "$@"
  podman run --rm --network none "${options[@]}" bb "${command[@]}"
}

# both_ways FUNCTION: with the runtime's log, and without: then Podman reads what conmon has of its
# stderr. FUNCTION's cases add $way to their names.
both_ways() {
  way='with a log'
  "$1"
  write_containers_conf ''
  way='without a log'
  "$1"
  write_containers_conf "\"$runtime_name\""
}

import_image() {
  mkdir -p "$work/tmp"
  make_image_root "$work/image"
  tar -C "$work/image" -c . | podman import - bb >/dev/null 2>"$work/err" || {
    no 'podman import' "$(<"$work/err")"
    finish
  }
}

nothing_left() {
  podman pod rm --force --all --time 0 >/dev/null 2>&1
  podman rm --force --all --time 0 >/dev/null 2>&1
  holds 'no container is left' sh -c "[ -z \"\$('$RUNTIME' list --quiet)\" ]"
  holds 'no state is left' sh -c '! find /run/myrt /run/runc /run/crun -mindepth 1 2>/dev/null | grep .'
  # conmon ends after its container: it has its own cleaning up to wait for.
  holds 'no process is left' within 20 sh -c '! pgrep -l -x "conmon|sleep"'
  holds 'no cgroup is left' sh -c '! find /sys/fs/cgroup -type d -name "libpod-*" | grep -v conmon | grep .'
}
