#!/bin/bash
# What Docker's daemon does with this runtime: builds, user namespaces, its own restart, a swarm.
source "$(dirname "$0")/docker_lib.sh"

# BuildKit takes a program by the name of runc from dockerd's PATH, not the configured runtime.
put_runc_in_path() {
  mkdir "$work/bin"
  cat >"$work/bin/runc" <<WRAPPER
#!/bin/sh
echo "\$@" >>"$work/calls"
exec "$RUNTIME" "\$@"
WRAPPER
  chmod +x "$work/bin/runc"
  PATH=$work/bin:$PATH
}

# build [OPTIONS]: the Dockerfile on stdin; build_of TEXT: that text.
build() { DOCKER_BUILDKIT=1 docker build --progress plain --network none "$@" -; }
build_of() { printf '%s' "$1" | build; }
buildkit() {
  put_runc_in_path
  start_docker
  import_image
  holds 'BuildKit builds' build -t built <<'DOCKERFILE'
FROM bb
RUN echo one >/one && ls /proc/self/fd
RUN --mount=type=tmpfs,target=/t cat /one && grep " /t tmpfs " /proc/mounts
RUN --mount=type=cache,target=/c echo kept >/c/file
USER 1000
RUN id -u >/tmp/user
DOCKERFILE
  expect 'the built image runs' 0 $'one\n1000' docker run --rm --network none built cat /one /tmp/user
  holds 'the runtime under test ran the steps' grep -q ' run --bundle ' "$work/calls"
  says 'a step that fails fails the build with its status' 1 'exit code: 3' \
    build_of $'FROM bb\nRUN exit 3'
  says 'a step of a missing program fails the build' 1 'exit code: 127' build_of $'FROM bb\nRUN nosuch'
  expect 'the classic builder builds' 0 '*Successfully built*' \
    sh -c "printf 'FROM bb\nRUN echo classic >/classic\n' | DOCKER_BUILDKIT=0 docker build --network none -t classic -"
  expect 'its image runs' 0 classic docker run --rm --network none classic cat /classic
  no_containers_left
  stop_daemon dockerd
}

live_restore() {
  write_daemon_json '. + {"live-restore": true}'
  start_docker
  import_image
  docker run -d --name stays --network none bb sh -c 'trap "exit 4" TERM; while :; do sleep 0.1; done' >/dev/null
  docker run -d --name ends --network none bb sh -c 'while [ ! -e /tmp/go ]; do sleep 0.1; done; exit 6' >/dev/null
  local ended
  ended=$(inspect '{{.State.Pid}}' ends)
  stop_daemon dockerd "$1"
  holds "live-restore, SIG$1: the containers live without the daemon" test -e "/proc/$ended"
  touch "/proc/$ended/root/tmp/go"
  within 20 is_gone "$ended"
  start_docker
  holds "live-restore, SIG$1: what ended meanwhile has its status" within 20 is 'exited 6' inspect '{{.State.Status}} {{.State.ExitCode}}' ends
  expect "live-restore, SIG$1: exec in what lives" 0 hi docker exec stays echo hi
  expect "live-restore, SIG$1: stop reaches it" 0 stays docker stop -t 20 stays
  holds "live-restore, SIG$1: and its status is known" is 4 inspect '{{.State.ExitCode}}' stays
  docker rm stays ends >/dev/null
  no_containers_left
  stop_daemon dockerd
}
live_restore_term() { live_restore TERM; }
live_restore_kill() { live_restore KILL; }

user_namespace() {
  # A user of its own, so that what the machine's own may do plays no part.
  sed -i '/^remapped:/d' /etc/passwd /etc/group /etc/subuid /etc/subgid
  echo 'remapped:x:1999:1999::/nonexistent:/bin/false' >>/etc/passwd
  echo 'remapped:x:1999:' >>/etc/group
  echo 'remapped:200000:65536' | tee -a /etc/subuid >>/etc/subgid
  write_daemon_json '. + {"userns-remap": "remapped"}'
  start_docker
  import_image
  expect 'userns-remap: the ids are mapped' 0 '0 200000 65536' run sh -c 'echo $(cat /proc/self/uid_map)'
  expect 'userns-remap: root owns its files' 0 0 run stat -c %u /etc/passwd
  says 'userns-remap: root of the machine it is not' 1 'Permission denied' \
    with -v "$work/secret:/secret:ro" -- cat /secret/file
  docker run -d --name mapped --network none bb sleep 1000 >/dev/null
  expect 'userns-remap: exec is in the namespace' 0 '0 200000 65536' docker exec mapped sh -c 'echo $(cat /proc/self/uid_map)'
  expect 'userns-remap: and the host sees the user' 0 200000 stat -c %u "/proc/$(inspect '{{.State.Pid}}' mapped)"
  as_configured 'userns-remap: as Docker has configured it' "$RUNTIME" --root /run/docker/runtime-runc/moby
  expect 'userns-remap: the user is set' 0 1000 with --user 1000 -- id -u
  expect 'userns-remap: a terminal' 0 $'/dev/pts/0\r' in_terminal docker run --rm -it --network none bb tty
  expect 'userns-remap: the bridge' 0 '*eth0*' docker run --rm bb ip link
  expect 'userns=host leaves it' 0 '0 0 4294967295' with --userns host -- sh -c 'echo $(cat /proc/self/uid_map)'
  docker_root=$docker_root/200000.200000 no_containers_left
  stop_daemon dockerd
}

replicas() { docker ps --quiet --filter label=com.docker.swarm.service.name="$1" | wc -l; }
swarm() {
  write_daemon_json
  start_docker
  import_image
  holds 'swarm init' docker swarm init --advertise-addr 127.0.0.1 --listen-addr 127.0.0.1:2377
  holds 'a replicated service' docker service create --detach --quiet --name web --no-resolve-image \
    --network host --replicas 2 --stop-grace-period 1s bb sleep 1000
  holds 'it has two replicas' within 60 is 2 replicas web
  expect 'they run on this runtime' 0 tested \
    sh -c "docker ps -q | head -1 | xargs docker inspect -f '{{.HostConfig.Runtime}}'"
  holds 'scaled up' docker service scale --detach web=5
  holds 'it has five replicas' within 60 is 5 replicas web
  as_configured 'replicas are as the swarm has configured them' "$RUNTIME" --root /run/docker/runtime-runc/moby
  docker kill "$(docker ps -q | head -1)" >/dev/null
  holds 'a killed replica is replaced' within 60 sh -c "docker service ps web | grep -q 'exit (137)' && [ \"\$(docker ps -q | wc -l)\" = 5 ]"
  holds 'scaled down' docker service scale --detach web=1
  holds 'it has one replica' within 60 is 1 replicas web
  holds 'an update' docker service update --detach --quiet --env-add WORD=new --no-resolve-image web
  holds 'reaches the replica' within 60 is new \
    sh -c "docker exec \$(docker ps -q | head -1) sh -c 'echo \$WORD'"
  swarm_overlay
  docker service rm web >/dev/null
  holds 'the service goes' within 60 is 0 replicas web
  holds 'leaving the swarm' docker swarm leave --force
  no_containers_left
  stop_daemon dockerd
}

asked() { docker service logs --raw asks 2>&1 | tee /dev/stderr | grep -qx served; }
# Two containers of an overlay network reach each other by name. A service's virtual address, the
# default, needs a kernel with IPVS.
swarm_overlay() {
  holds 'an overlay network' docker network create --driver overlay net
  holds 'a service on it' docker service create --detach --quiet --name served --no-resolve-image --network net \
    --endpoint-mode dnsrr --stop-grace-period 1s bb sh -c 'echo served >/tmp/index.html; exec httpd -f -p 80 -h /tmp'
  holds 'runs' within 60 is 1 replicas served
  docker service create --detach --quiet --name asks --no-resolve-image --network net --restart-condition none \
    --stop-grace-period 1s bb sh -c 'until wget -qO- http://served/; do sleep 0.2; done' >/dev/null
  holds 'is reached by its name' within 60 asked
  docker service rm served asks >/dev/null
  within 60 is 0 replicas served
  within 60 docker network rm net
}

mkdir -m 700 "$work/secret"
echo secret >"$work/secret/file"
write_daemon_json
part buildkit
part live_restore_term
slow_part live_restore_kill
part user_namespace
part swarm
finish
