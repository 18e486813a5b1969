# Sourced by the Docker scripts: a dockerd of our own, with the runtime under test as its default.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Debian's, whatever else may be installed by hand.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
export DOCKER_HOST=unix:///run/docker.sock DOCKER_CONFIG=$work/home/.docker
docker_root=$work/docker
mkdir -p "$DOCKER_CONFIG" "$docker_root"

# write_daemon_json [JQ-FILTER]: Docker's own limits are more than a machine may allow whose root
# lacks CAP_SYS_RESOURCE. The name `runc` would be Docker's own idea of it.
write_daemon_json() {
  jq --null-input --arg path "$RUNTIME" '{
      "runtimes": {"tested": {"path": $path}}, "default-runtime": "tested",
      "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}}
    }'" | ${1:-.}" >"$work/daemon.json"
}

# start_docker [OPTIONS]: and waits until it answers.
start_docker() {
  start_daemon dockerd dockerd --config-file "$work/daemon.json" --data-root "$docker_root" \
    --exec-root /run/docker --pidfile /run/docker.pid --host "$DOCKER_HOST" "$@"
  within 60 docker version >/dev/null || {
    no 'dockerd starts' "$(tail -30 "$work/dockerd.log")"
    finish
  }
}

import_image() {
  make_image_root "$work/image"
  tar -C "$work/image" -c . | docker import - bb >/dev/null 2>"$work/err" || {
    no 'docker import' "$(<"$work/err")"
    finish
  }
}

# run [OPTIONS] COMMAND...: in a container without a network, which takes a third of the time.
run() { docker run --rm --network none bb "$@"; }
with() { # OPTIONS... -- COMMAND...
  local options command
  split_at_dashes "$@"
  docker run --rm --network none "${options[@]}" bb "${command[@]}"
}
inspect() { docker inspect -f "$1" "$2"; }
status_is() { is "$1" inspect '{{.State.Status}}' "$2"; }

no_containers_left() {
  docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1
  # The shims end after their containers.
  holds 'no shim is left' within 20 sh -c '! pgrep -x containerd-shim'
  holds 'no process of a container is left' within 20 sh -c '! pgrep -x "sleep|httpd|tini|docker-init"'
  # `buildkit` is a parent that BuildKit names; no runtime may remove it.
  holds 'no cgroup is left' sh -c '! find /sys/fs/cgroup -type d -path "*/docker/*" ! -name buildkit | grep .'
  holds 'no state is left' sh -c '! find /run/docker/runtime-runc/moby -mindepth 1 | grep .'
  holds 'no mount is left' sh -c "! grep -E 'containerd.*/rootfs|overlay2/.*/merged|/run/docker/netns/[^d]' /proc/self/mountinfo"
}
