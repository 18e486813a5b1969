#!/bin/bash
# Run inside the machine: dockerd with this runtime and the systemd cgroup driver; as an ordinary
# user, rootless dockerd under rootlesskit.
source "$(dirname "$0")/checks.sh"
make_image "$work/image.tar"
jq -n --arg path "$RUNTIME" --arg driver "${DRIVER:-systemd}" '{"runtimes": {"myrt": {"path": $path}},
  "default-runtime": "myrt", "exec-opts": ["native.cgroupdriver=" + $driver], "storage-driver": "overlay2"}' >"$work/daemon.json"

if [ "$(id -u)" -eq 0 ]; then
  bus=--system slice=system.slice
  mkdir -p /etc/docker
  cp "$work/daemon.json" /etc/docker/daemon.json
  clean_up() {
    docker ps --all --quiet | xargs -r docker rm --force >/dev/null 2>&1
    systemctl stop docker.service docker.socket
    rm -rf "$work"
  }
  trap clean_up EXIT
  systemctl start docker.service
else
  bus=--user slice=user.slice
  export XDG_RUNTIME_DIR=/run/user/$(id -u) PATH=$PATH:/usr/sbin:/sbin:/usr/share/docker.io/contrib
  export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
  export DOCKER_HOST=unix://$XDG_RUNTIME_DIR/docker.sock
  clean_up() {
    docker ps --all --quiet | xargs -r docker rm --force >/dev/null 2>&1
    systemctl --user stop rootless-docker.service
    podman unshare rm -rf "$work" # with files of sub-ids
  }
  trap clean_up EXIT
  # The kernel modules of iptables cannot be loaded from a user namespace: no bridge.
  systemd-run --user --quiet --unit rootless-docker --property Delegate=yes --setenv PATH="$PATH" \
    --setenv DOCKERD_ROOTLESS_ROOTLESSKIT_NET=slirp4netns dockerd-rootless.sh \
    --config-file "$work/daemon.json" --iptables=false --ip6tables=false --bridge=none --data-root "$work/data"
fi
wait_for docker version || {
  check 'dockerd starts' 0 '' false
  journalctl $bus --unit 'docker*' --unit 'rootless-docker*' --no-pager 2>&1 | tail -20
  finish
}
docker import "$work/image.tar" bb >/dev/null 2>&1
run=(docker run --rm --network none)

check 'the cgroup driver' 0 "${DRIVER:-systemd}" docker info --format '{{.CgroupDriver}}'
check 'the runtime' 0 myrt docker info --format '{{.DefaultRuntime}}'
check 'run' 0 hi "${run[@]}" bb echo hi
check 'run passes the status' 42 '' "${run[@]}" bb sh -c 'exit 42'
check 'run of a missing command' 127 '' "${run[@]}" bb no-such-program
check 'limits' 0 $'67108864\n33\n50000 100000' "${run[@]}" --memory 64m --pids-limit 33 --cpus 0.5 bb \
  sh -c 'cd /sys/fs/cgroup && cat memory.max pids.max cpu.max'
check 'an OOM kill' 137 '' "${run[@]}" --memory 16m --memory-swap 16m bb tail /dev/zero
check 'run -d' 0 '*' docker run -d --name c1 --network none bb sleep 1000
unit=docker-$(docker inspect --format '{{.Id}}' c1).scope
check 'the scope is in its slice' 0 $slice systemctl $bus show --property Slice --value "$unit"
check 'exec' 0 hi docker exec c1 echo hi
check 'pause' 0 c1 docker pause c1
check 'unpause' 0 c1 docker unpause c1
check 'update' 0 c1 docker update --memory 32m --memory-swap 32m c1
check 'the new limit' 0 33554432 docker exec c1 cat /sys/fs/cgroup/memory.max
check 'systemd knows the new limit' 0 33554432 systemctl $bus show --property MemoryMax --value "$unit"
if [ "$(id -u)" -eq 0 ]; then
  check 'docker-default by AppArmor' 0 'docker-default (enforce)' docker exec c1 cat /proc/self/attr/current
  check 'a denied device after daemon-reload' 1 '*' sh -c 'systemctl daemon-reload; docker exec c1 sh -c "mknod /tmp/kmsg c 1 11 && : </tmp/kmsg"'
  check 'an allowed device after daemon-reload' 0 '' docker exec c1 sh -c ': </dev/zero'
fi
check 'top' 0 '*' docker top c1
check 'stop' 0 c1 docker stop -t 1 c1
check 'start again' 0 c1 docker start c1
check 'rm --force' 0 c1 docker rm --force c1
wait_for sh -c "[ \"\$(systemctl $bus show --property LoadState --value '$unit')\" = not-found ]"
check 'the scope is gone' 0 not-found systemctl $bus show --property LoadState --value "$unit"
finish
