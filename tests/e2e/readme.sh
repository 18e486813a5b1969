#!/bin/bash
# README's configuration of each engine, word for word, on engines that have nothing but their
# package's own: what a new user does. The runtime is where README says, in a sandbox of its own.
source "$(dirname "$0")/containerd_lib.sh"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin

# block TEXT: the indented block of README.md after the line that has TEXT.
block() {
  awk -v text="$1" 'index($0, text) { found = 1; next }
    found && /^    / { sub(/^    /, ""); print; printed = 1; next }
    found && printed && !/^$/ { exit }' "$source_dir/README.md"
}

# Without its peers no engine can have taken another runtime than README's.
install_runtime() {
  mount -t tmpfs -o mode=755 tmpfs /usr/local/bin
  cp "$RUNTIME" /usr/local/bin/myrt
  make_image_root "$work/image"
  local peer
  printf '#!/bin/sh\necho "a peer was run" >&2\nexit 1\n' >"$work/no-peer"
  chmod +x "$work/no-peer"
  for peer in runc crun; do
    # dockerd does not start without a runc, though it runs none.
    if peer=$(type -P $peer); then mount --bind "$work/no-peer" "$peer"; fi
  done
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

buildah_engine() {
  local by
  mkdir -p "$work/context"
  printf 'FROM localhost/bb\nRUN echo built >/file\n' >"$work/context/Dockerfile"
  for by in file environment; do
    if [ $by = environment ]; then
      rm /etc/containers/containers.conf
      eval "$(block 'or, in the environment:')"
    fi
    says "buildah: builds, by the $by" 0 '' buildah bud --isolation oci --network none --ulimit nofile=1024:2048 -t "by-$by" "$work/context"
    expect "buildah: what it has built, by the $by" 0 built sh -c \
      "cat \"\$(buildah mount \"\$(buildah from localhost/by-$by)\")/file\""
  done
  unset BUILDAH_ISOLATION BUILDAH_RUNTIME
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

# A pod, as the kubelet asks for one with a RuntimeClass.
containerd_engine() {
  local pod
  # Only a root without CAP_SYS_RESOURCE needs this.
  sed -i '/io.containerd.grpc.v1.cri"\]$/a restrict_oom_score_adj = true' /etc/containerd/config.toml
  block '/etc/containerd/config.toml' >>/etc/containerd/config.toml
  start_daemon containerd containerd
  holds 'containerd: README'\''s configuration is taken' within 60 ctr version
  image_archive registry.k8s.io/pause:3.6 sleep 1000000 | ctr --namespace k8s.io image import - >/dev/null
  image_archive docker.io/library/bb:latest sh | ctr image import - >/dev/null
  export CRI_SOCKET=$CONTAINERD_ADDRESS CRI_STUBS=$work/stubs
  mkdir -p "$CRI_STUBS"
  within 30 "$here/cri/call" Status
  expect 'containerd: a pod with the handler myrt runs' 0 '*pod_sandbox_id*' "$here/cri/call" RunPodSandbox '{"runtime_handler": "myrt",
    "config": {"metadata": {"name": "pod", "uid": "pod", "namespace": "tests"},
      "linux": {"security_context": {"namespace_options": {"network": "NODE", "pid": "CONTAINER"}}}}}'
  pod=$(jq -r .pod_sandbox_id <<<"$out")
  expect 'containerd: and goes' 0 '{}' "$here/cri/call" RemovePodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
  expect 'containerd: ctr runs' 0 hi ctr run --rm --runc-binary /usr/local/bin/myrt docker.io/library/bb:latest c1 echo hi
  stop_daemon containerd
}

# There is no CRI-O in Debian: what it would make of its file, given to conmon.
crio_engine() {
  local path root
  block '/etc/crio/crio.conf.d/myrt.conf' >"$work/crio.conf"
  read -r path root < <(python3 -c '
import sys, tomllib
table = tomllib.load(open(sys.argv[1], "rb"))["crio"]["runtime"]["runtimes"]["myrt"]
assert table["runtime_type"] == "oci"
print(table["runtime_path"], table["runtime_root"])' "$work/crio.conf")
  mkdir -p "$work/bundle" "$work/exits"
  jq --arg rootfs "$work/image" '.root.path = $rootfs | .linux.cgroupsPath = "/kubepods/crio-c1" |
    .process.args = ["sh", "-c", "echo hi; exit 3"]' "$here/../integration/config.json" >"$work/bundle/config.json"
  mkdir -p "$work/image"/{dev,proc,sys}
  (cd "$work" && conmon -c c1 -n c1 -u c1 -r "$path" --runtime-arg --root="$root" -b "$work/bundle" -p "$work/c1.pid" \
    -l "$work/c1.log" --exit-dir "$work/exits" -P "$work/c1.conmon" --socket-dir-path "$work")
  holds 'CRI-O: conmon creates with README'\''s path and root' within 20 sh -c "'$path' --root '$root' state c1 | grep created"
  expect 'CRI-O: start' 0 '' "$path" --root "$root" start c1
  holds 'CRI-O: the status' within 20 is 3 cat "$work/exits/c1"
  holds 'CRI-O: the log' grep -q 'stdout F hi' "$work/c1.log"
  expect 'CRI-O: delete' 0 '' "$path" --root "$root" delete c1
}

install_runtime
part podman_engine
part buildah_engine
part docker_engine
part containerd_engine
part crio_engine
finish
