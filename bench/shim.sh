#!/bin/bash
# shim.sh [NAME...]: what containerd's shim costs, ours beside containerd-shim-runc-v2 with runc and with crun, in turn on
# one private containerd. Prints tables in Markdown. Needs root, and the packages of scripts/install-packages e2e bench.
# NAME is `myrt`, `runc` or `crun`; default: those that are here. Five minutes on two quiet CPUs.
#   SHIM     ours (default: build/containerd-shim-myrt-v2)
#   VIEW     of the cgroups (default: v1, for crun refuses a hybrid host)
#   PODS     how many pods at once (default: 100)
#   PROBES   how many exec probes, one after the other, in turn over all pods (default: 1000)
#   RUNS     how many `ctr run` (default: 30)
#   PUBLISH=docs/shim.md   puts the tables into that document
SHIM=$(realpath "${SHIM:-$(dirname "$0")/../build/containerd-shim-myrt-v2}") || exit 2
[ -z "${PUBLISH:-}" ] || PUBLISH=$(realpath "$PUBLISH") || exit 2
RUNTIME=${RUNTIME:-$(dirname "$SHIM")/myrt} # unused by our shim, but the words of tests/e2e want one
VIEW=${VIEW:-v1}
export SHIM RUNTIME VIEW PUBLISH
# shellcheck source=tests/e2e/containerd_lib.sh
source "$(dirname "$0")/../tests/e2e/containerd_lib.sh"

# A handler for each of them, so that one containerd has them all.
add_handlers() {
  local name
  for name in runc crun; do
    cat >>"$work/containerd.toml" <<CONF
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.$name]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.$name.options]
        BinaryName = "$(type -P "$name")"
CONF
  done
  cat >>"$work/containerd.toml" <<CONF
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.myrt]
      runtime_type = "io.containerd.myrt.v2"
CONF
}

write_containerd_config
add_handlers
start_containerd
import_images default
import_images k8s.io
export CRI_STUBS=$work/stubs CONTAINERD_PID=${daemons[containerd]} WORK=$work
mkdir "$CRI_STUBS"
names=("$@")
if [ $# -eq 0 ]; then
  names=(myrt)
  for name in runc crun; do if type -P "$name" >/dev/null; then names+=("$name"); fi; done
fi
/usr/bin/python3 -B "$source_dir/bench/shim.py" "${names[@]}"
