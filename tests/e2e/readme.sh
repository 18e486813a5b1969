#!/bin/bash
# README's configuration of each engine, word for word, on engines that have nothing but their
# package's own: what a new user does. The runtime is where README says, in a sandbox of its own.
source "$(dirname "$0")/lib.sh"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin

# block TEXT: the indented block of README.md after the line that has TEXT.
block() {
  awk -v text="$1" 'index($0, text) { found = 1; next }
    found && /^    / { sub(/^    /, ""); print; printed = 1; next }
    found && printed && !/^$/ { exit }' "$source_dir/README.md"
}

install_runtime() {
  mount -t tmpfs -o mode=755 tmpfs /usr/local/bin
  cp "$RUNTIME" /usr/local/bin/myrt
  make_image_root "$work/image"
}

podman_engine() {
  mkdir -p /etc/containers/containers.conf.d
  block '/etc/containers/containers.conf' >/etc/containers/containers.conf
  # Only a root without CAP_SYS_RESOURCE needs these; there is no systemd here.
  cat >/etc/containers/containers.conf.d/machine.conf <<'CONF'
[containers]
default_ulimits = ["nofile=1024:2048", "nproc=1024:2048"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
  holds 'podman: README'\''s configuration is there' test -s /etc/containers/containers.conf
  tar -C "$work/image" -c . | podman import - bb >/dev/null 2>&1
  expect 'podman: runs' 0 hi podman run --rm --network none bb echo hi
  expect 'podman: on myrt' 0 /usr/local/bin/myrt podman info -f '{{.Host.OCIRuntime.Path}}'
  expect 'podman: missing program' 127 '' podman run --rm --network none bb nosuch
}

docker_engine() {
  mkdir -p /etc/docker
  block '/etc/docker/daemon.json' >/etc/docker/daemon.json
  start_daemon dockerd dockerd
  holds 'docker: README'\''s configuration is taken' within 60 docker version
  tar -C "$work/image" -c . | docker import - bb >/dev/null 2>&1
  expect 'docker: runs' 0 hi docker run --runtime myrt --ulimit nofile=1024:2048 --rm bb echo hi
  expect 'docker: knows it' 0 '*myrt*' docker info -f '{{json .Runtimes}}'
  stop_daemon dockerd
}

containerd_engine() {
  block '/etc/containerd/config.toml' >>/etc/containerd/config.toml
  start_daemon containerd containerd
  holds 'containerd: README'\''s configuration is taken' within 60 ctr version
  holds 'containerd: the CRI plugin has the runtime' sh -c \
    "containerd config dump | grep -A30 'runtimes.myrt' | grep -F 'BinaryName = \"/usr/local/bin/myrt\"'"
  stop_daemon containerd
}

install_runtime
part podman_engine
part docker_engine
part containerd_engine
finish
