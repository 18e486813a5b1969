#!/bin/bash
# Run inside the machine as root: containerd and docker with this runtime, cgroupfs driver.
source "$(dirname "$0")/checks.sh"
skipped=0 began_docker=''
clean_up() {
  [ -z "$began_docker" ] || systemctl stop docker.service docker.socket
  rm -rf "$work"
}
trap clean_up EXIT
make_image "$work/image.tar"

containerd_cases() {
  local image=localhost/bb:latest
  podman import --quiet "$work/image.tar" bb >/dev/null 2>&1
  podman save --quiet --format oci-archive --output "$work/bb.oci" bb
  ctr image import --base-name localhost/bb "$work/bb.oci" >/dev/null 2>&1
  image=$(ctr image ls --quiet | head -1)
  local run=(ctr run --rm --runc-binary "$RUNTIME")
  check 'ctr run' 0 hi "${run[@]}" "$image" c1 echo hi
  check 'ctr run passes the status' 7 '' "${run[@]}" "$image" c2 sh -c 'exit 7'
  check 'ctr run with a memory limit' 0 67108864 "${run[@]}" --memory-limit 67108864 \
    --mount type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro "$image" c3 cat /sys/fs/cgroup/memory.max
  check 'ctr run --detach' 0 '' ctr run --detach --runc-binary "$RUNTIME" "$image" c4 sleep 1000
  check 'ctr task exec' 0 hi ctr task exec --exec-id e1 c4 echo hi
  check 'ctr task pause' 0 '' ctr task pause c4
  check 'ctr task resume' 0 '' ctr task resume c4
  check 'ctr task metrics' 0 '*' ctr task metrics c4
  check 'ctr task kill' 0 '' ctr task kill --signal SIGKILL c4
  sleep 2
  check 'ctr task delete' 0 '*' ctr task delete c4
  check 'ctr container delete' 0 '' ctr container delete c4
}

docker_cases() {
  if ! type -P dockerd >/dev/null || ! type -P docker >/dev/null; then
    skipped=$((skipped + 1))
    echo 'ok docker # skip docker.io is not in the image'
    return
  fi
  mkdir -p /etc/docker
  jq -n --arg path "$RUNTIME" '{"runtimes": {"myrt": {"path": $path}}, "default-runtime": "myrt",
    "exec-opts": ["native.cgroupdriver=cgroupfs"], "storage-driver": "overlay2"}' >/etc/docker/daemon.json
  began_docker=yes
  systemctl start docker.service || { check 'dockerd starts' 0 '' false; return; }
  docker import "$work/image.tar" bb >/dev/null 2>&1
  local run=(docker run --rm --network none)
  check 'docker run' 0 hi "${run[@]}" bb echo hi
  check 'docker run passes the status' 7 '' "${run[@]}" bb sh -c 'exit 7'
  check 'docker run of a missing command' 127 '' "${run[@]}" bb no-such-program
  check 'docker run with limits' 0 $'67108864\n33\n50000 100000' "${run[@]}" --memory 64m --pids-limit 33 --cpus 0.5 \
    bb sh -c 'cd /sys/fs/cgroup && cat memory.max pids.max cpu.max'
  check 'docker run in docker-default' 0 'docker-default (enforce)' "${run[@]}" bb cat /proc/self/attr/current
  check 'an OOM kill' 137 '' "${run[@]}" --memory 16m --memory-swap 16m bb tail /dev/zero
  check 'docker run -d' 0 '*' docker run -d --name d1 --network none bb sleep 1000
  check 'docker exec' 0 hi docker exec d1 echo hi
  check 'docker exec in docker-default' 0 'docker-default (enforce)' docker exec d1 cat /proc/self/attr/current
  check 'docker update' 0 d1 docker update --memory 32m --memory-swap 32m d1
  check 'the new limit' 0 33554432 docker exec d1 cat /sys/fs/cgroup/memory.max
  check 'docker pause' 0 d1 docker pause d1
  check 'docker unpause' 0 d1 docker unpause d1
  check 'docker top' 0 '*' docker top d1
  check 'docker stop' 0 d1 docker stop -t 1 d1
  check 'docker rm' 0 d1 docker rm d1
  check 'docker run on a bridge' 0 '*' docker run --rm bb ip address
}

containerd_cases
docker_cases
echo "# engines.sh: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
