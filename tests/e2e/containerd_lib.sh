# Sourced by the containerd scripts: a containerd of our own, with an image or two.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export PATH=/usr/sbin:/usr/bin:/sbin:/bin
export CONTAINERD_ADDRESS=/run/containerd/containerd.sock
containerd_root=$work/containerd

# SHIM: containerd-shim-myrt-v2, which needs no runtime command, instead of containerd's own shim.
SHIM=${SHIM:+$(realpath "$SHIM")}
# What tells ctr, and the CRI plugin, of the runtime under test.
ctr_runtime=(--runc-binary "$RUNTIME")
cri_type=io.containerd.runc.v2
cri_runtime="[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.tested.options]
        BinaryName = \"$RUNTIME\""
if [ -n "$SHIM" ]; then
  ctr_runtime=(--runtime "$SHIM")
  # By its name in PATH: containerd 1.6 takes no notice of `runtime_path`.
  cri_type=io.containerd.myrt.v2
  cri_runtime=
  PATH=$(dirname "$SHIM"):$PATH
fi

# ctr_run [OPTIONS...] -- ID COMMAND...: ctr takes its options before the image.
ctr_run() {
  local options command
  split_at_dashes "$@"
  ctr run "${ctr_runtime[@]}" "${options[@]}" "$image" "${command[@]}"
}

# The kubelet asks for an oom_score_adj that root without CAP_SYS_RESOURCE may not set.
write_containerd_config() {
  cat >"$work/containerd.toml" <<CONF
version = 2
root = "$containerd_root"
state = "/run/containerd"
[grpc]
  address = "$CONTAINERD_ADDRESS"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/pause:latest"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "$work/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "tested"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tested]
      runtime_type = "$cri_type"
      $cri_runtime
CONF
}

start_containerd() {
  start_daemon containerd containerd --config "$work/containerd.toml"
  within 60 ctr version >/dev/null || {
    no 'containerd starts' "$(tail -30 "$work/containerd.log")"
    finish
  }
}

# image_archive NAME COMMAND...: on stdout, an image of busybox in Docker's archive format.
image_archive() {
  local name=$1 directory
  shift
  directory=$(mktemp -d)
  make_image_root "$directory/root"
  tar -C "$directory/root" -cf "$directory/layer.tar" .
  jq -n --arg layer "sha256:$(sha256sum "$directory/layer.tar" | cut -d' ' -f1)" --arg machine "$(machine)" \
    '{architecture: $machine, os: "linux", rootfs: {type: "layers", diff_ids: [$layer]},
      config: {Cmd: $ARGS.positional, Env: ["PATH=/bin"]}}' --args -- "$@" >"$directory/config.json"
  jq -n --arg name "$name" '[{Config: "config.json", RepoTags: [$name], Layers: ["layer.tar"]}]' \
    >"$directory/manifest.json"
  tar -C "$directory" -c manifest.json config.json layer.tar
  rm -r "$directory"
}
machine() { case $(uname -m) in x86_64) echo amd64 ;; aarch64) echo arm64 ;; *) uname -m ;; esac; }

import_images() { # NAMESPACE
  { image_archive docker.io/library/bb:latest sh | ctr --namespace "$1" image import - &&
    image_archive docker.io/library/pause:latest sleep 1000000 | ctr --namespace "$1" image import -; } \
    >/dev/null 2>"$work/err" || {
    no 'ctr image import' "$(<"$work/err")"
    finish
  }
}

nothing_left() { # NAMESPACE
  holds 'no shim is left' within 20 sh -c '! pgrep -x containerd-shim'
  holds 'no process of a container is left' within 20 sh -c '! pgrep -x sleep'
  holds 'no cgroup is left' sh -c "! find /sys/fs/cgroup -type d -path '*/$2/*' | grep ."
  holds 'no state is left' sh -c "! find /run/containerd/runc/$1 -mindepth 1 2>/dev/null | grep ."
  holds 'no bundle is left' sh -c "! find /run/containerd/io.containerd.runtime.v2.task/$1 -mindepth 1 2>/dev/null | grep ."
  [ -z "$SHIM" ] || holds 'no socket is left' sh -c '! find /run/containerd/s -mindepth 1 2>/dev/null | grep .'
  holds 'no mount is left' sh -c '! grep -E "containerd.*/rootfs" /proc/self/mountinfo'
}
