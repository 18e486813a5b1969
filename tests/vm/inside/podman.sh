#!/bin/bash
# Run inside the machine: Podman with this runtime and the systemd cgroup driver, its default. As
# root, or as an ordinary user with sub-ids.
source "$(dirname "$0")/checks.sh"
if [ "$(id -u)" -eq 0 ]; then
  bus=--system slice=machine.slice
else
  bus=--user slice=user.slice
  export XDG_RUNTIME_DIR=/run/user/$(id -u)
  export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
fi
clean_up() {
  podman rm --all --force --time 0 >/dev/null 2>&1
  podman rmi --all --force >/dev/null 2>&1
  rm -rf "$work"
}
trap clean_up EXIT
cat >"$work/containers.conf" <<CONF
[engine]
runtime = "myrt"
cgroup_manager = "${DRIVER:-systemd}"
runtime_supports_json = ["myrt", "runc", "crun"]
[engine.runtimes]
myrt = ["$RUNTIME"]
CONF
export CONTAINERS_CONF=$work/containers.conf
make_image "$work/image.tar"
podman import --quiet "$work/image.tar" bb >/dev/null 2>&1
run=(podman run --rm --network none)

check 'the runtime' 0 myrt podman info --format '{{.Host.OCIRuntime.Name}}'
check 'the cgroup driver' 0 "${DRIVER:-systemd}" podman info --format '{{.Host.CgroupManager}}'
check 'run' 0 hi "${run[@]}" bb echo hi
check 'run passes the status' 42 '' "${run[@]}" bb sh -c 'exit 42'
check 'run of a missing command' 127 '' "${run[@]}" bb no-such-program
check 'run of a directory' 126 '' "${run[@]}" bb /etc
check 'limits' 0 $'67108864\n33\n50000 100000' "${run[@]}" --memory 64m --pids-limit 33 --cpus 0.5 bb \
  sh -c 'cd /sys/fs/cgroup && cat memory.max pids.max cpu.max'
check 'an OOM kill' 137 '' "${run[@]}" --memory 16m --memory-swap 16m bb tail /dev/zero
check 'another user' 0 1000 "${run[@]}" --user 1000 bb id -u
check 'run -d' 0 '*' podman run -d --name c1 --network none bb sleep 1000
unit=libpod-$(podman inspect --format '{{.Id}}' c1).scope
check 'the scope is in its slice' 0 $slice systemctl $bus show --property Slice --value "$unit"
check 'the scope is delegated' 0 yes systemctl $bus show --property Delegate --value "$unit"
check 'exec' 0 hi podman exec c1 echo hi
check 'exec passes the status' 9 '' podman exec c1 sh -c 'exit 9'
check 'pause' 0 '*' podman pause c1
check 'its status' 0 paused podman inspect --format '{{.State.Status}}' c1
check 'unpause' 0 '*' podman unpause c1
check 'update' 0 '*' podman update --memory 32m --memory-swap 32m c1
check 'the new limit' 0 33554432 podman exec c1 cat /sys/fs/cgroup/memory.max
check 'systemd knows the new limit' 0 33554432 systemctl $bus show --property MemoryMax --value "$unit"
check 'top' 0 '*' podman top c1
check 'stats' 0 '*' podman stats --no-stream c1
check 'stop' 0 '*' podman stop --time 1 c1
check 'start again' 0 '*' podman start c1
check 'rm --force' 0 '*' podman rm --force --time 0 c1
check 'the scope is gone' 0 not-found systemctl $bus show --property LoadState --value "$unit"
check 'a read-only root with a tmpfs' 0 yes "${run[@]}" --read-only --tmpfs /tmp bb sh -c 'touch /tmp/x && ! touch /x 2>/dev/null && echo yes'
check 'a volume' 0 there "${run[@]}" --volume "$work/image/etc:/mnt:ro" bb sh -c 'test -e /mnt/passwd && echo there'
check 'a container with the default network' 0 '*' podman run --rm bb ip address
if [ "$(id -u)" -ne 0 ]; then
  check 'userns keep-id' 0 1000 "${run[@]}" --userns keep-id bb id -u
fi
check 'a pod' 0 '*' sh -c 'podman pod create --name p1 --network none --infra-image bb --infra-command "/bin/sleep 1000" &&
  podman run --rm --pod p1 bb true && podman pod rm --force --time 0 p1'
check 'a healthcheck' 0 '*' sh -c 'podman run -d --name h1 --network none --health-cmd "true" --health-interval disable bb sleep 1000 &&
  podman healthcheck run h1 && podman rm --force --time 0 h1'
finish
