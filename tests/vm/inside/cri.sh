#!/bin/bash
# Run inside the machine as root: containerd's CRI plugin, as the kubelet calls it, with this runtime
# as a handler and the systemd cgroup driver. CONTAINERD names the folder of its programs (default:
# /usr/bin); it runs beside the one that is installed, with everything of its own. SHIM: the folder of
# containerd-shim-myrt-v2, which is used instead of containerd's own shim with RUNTIME.
source "$(dirname "$0")/checks.sh"
here=$(cd "$(dirname "$0")" && pwd)
bin=${CONTAINERD:-/usr/bin}
socket=$work/containerd.sock
slice=kubepods-test.slice
service=cri-test-$$.service
clean_up() {
  [ -z "${pod:-}" ] || { cri StopPodSandbox "{\"pod_sandbox_id\": \"$pod\"}" && cri RemovePodSandbox "{\"pod_sandbox_id\": \"$pod\"}"; } >/dev/null 2>&1
  systemctl stop "$service" $slice 2>/dev/null
  rm -rf "$work"
}
trap clean_up EXIT
cri() { timeout "${PATIENCE:-120}" python3 -B "$here/cri.py" "$socket" "$@"; }

[ -x "$bin/containerd" ] || {
  echo "not ok there is no containerd in $bin: see tests/vm/build"
  exit 1
}
version=$("$bin/containerd" --version | sed -n 's/.* v\?\([0-9]\)\.[0-9.]*.*/\1/p')
case $version in
  1) format=2 table='plugins."io.containerd.grpc.v1.cri".containerd' sandbox='plugins."io.containerd.grpc.v1.cri"' key=sandbox_image ;;
  *) format=3 table='plugins."io.containerd.cri.v1.runtime".containerd' sandbox='plugins."io.containerd.cri.v1.images".pinned_images' key=sandbox ;;
esac
# What the kubelet's drivers want is said to containerd's shim in its own options, to ours in a file.
if [ -n "${SHIM:-}" ]; then
  echo 'SystemdCgroup = true' >"$work/shim.toml"
  type=io.containerd.myrt.v2 options="ConfigPath = \"$work/shim.toml\""
else
  type=io.containerd.runc.v2 options="BinaryName = \"$RUNTIME\"
  SystemdCgroup = true"
fi
cat >"$work/config.toml" <<CONF
version = $format
root = "$work/root"
state = "$work/state"
[grpc]
  address = "$socket"
[$sandbox]
  $key = "localhost/pause:1"
[$table]
  default_runtime_name = "myrt"
[$table.runtimes.myrt]
  runtime_type = "$type"
[$table.runtimes.myrt.options]
  $options
CONF
systemd-run --quiet --unit "$service" --property Delegate=yes --property KillMode=process --setenv PATH="${SHIM:+$SHIM:}$bin:$PATH" \
  "$bin/containerd" --config "$work/config.toml"
wait_for cri Version '{}' || journalctl --unit "$service" --no-pager | grep -v 'loading plugin' | tail -20
check 'containerd answers' 0 containerd cri Version '{}'
echo "# $("$bin/containerd" --version)"
make_image "$work/image.tar"
podman import --quiet --change 'ENTRYPOINT ["/bin/sleep","100000"]' "$work/image.tar" localhost/pause:1 >/dev/null 2>&1
podman save --quiet --format oci-archive --output "$work/pause.oci" localhost/pause:1
check 'the image' 0 '*' "$bin/ctr" --address "$socket" --namespace k8s.io image import "$work/pause.oci"

# The pod uses the host's network: no CNI plugin is needed.
sandbox='{"metadata": {"name": "pod1", "uid": "u1", "namespace": "default"}, "log_directory": "'$work'",
  "linux": {"cgroup_parent": "'$slice'", "security_context": {"namespace_options": {"network": 2}}}}'
pod=$(cri RunPodSandbox "{\"config\": $sandbox, \"runtime_handler\": \"myrt\"}")
check 'RunPodSandbox' 0 "*" test ${#pod} -eq 64
[ ${#pod} -eq 64 ] || { echo "$pod"; finish; }
# container NAME RESOURCES COMMAND-JSON: creates and starts it, and says its id.
container() {
  local id
  id=$(cri CreateContainer "{\"pod_sandbox_id\": \"$pod\", \"sandbox_config\": $sandbox, \"config\": {\"metadata\": {\"name\": \"$1\"},
    \"image\": {\"image\": \"localhost/pause:1\"}, \"command\": $3, \"log_path\": \"$1.log\",
    \"linux\": {\"resources\": $2, \"security_context\": {\"namespace_options\": {\"network\": 2}}}}}") && echo "$id" &&
    cri StartContainer "{\"container_id\": \"$id\"}"
}
# The youngest: the machine's own containerd has none. Not by its name: it runs from a clone.
is_our_shim() { cmp "/proc/$(pgrep -n -x containerd-shim)/exe" "$SHIM/containerd-shim-myrt-v2"; }
exec_in() { cri ExecSync "{\"container_id\": \"$1\", \"cmd\": $2, \"timeout\": 60}"; }
state_is() { [[ $(cri ContainerStatus "{\"container_id\": \"$1\"}") = "$2"* ]]; }

c1=$(container c1 '{"memory_limit_in_bytes": 67108864, "cpu_quota": 50000, "cpu_period": 100000, "cpu_shares": 512}' \
  '["/bin/sh", "-c", "trap \"exit 5\" TERM; while :; do sleep 0.1; done"]')
check 'CreateContainer and StartContainer' 0 '*' test ${#c1} -eq 64
check 'it runs' 0 '*' state_is "$c1" running
[ -z "${SHIM:-}" ] || check 'on our shim' 0 '' is_our_shim
unit=cri-containerd-$c1.scope
check 'its scope is in the pod slice' 0 $slice systemctl show --property Slice --value "$unit"
check 'ExecSync' 0 hi exec_in "$c1" '["echo", "hi"]'
check 'ExecSync passes the status' 4 '' exec_in "$c1" '["sh", "-c", "exit 4"]'
check 'ExecSync of a missing program' 1 '*' exec_in "$c1" '["no-such-program"]'
check 'its limits' 0 $'67108864\n50000 100000' exec_in "$c1" '["cat", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/cpu.max"]'
check 'UpdateContainerResources' 0 '' cri UpdateContainerResources "{\"container_id\": \"$c1\", \"linux\": {\"memory_limit_in_bytes\": 33554432}}"
check 'the new limit' 0 33554432 exec_in "$c1" '["cat", "/sys/fs/cgroup/memory.max"]'
check 'systemd knows the new limit' 0 33554432 systemctl show --property MemoryMax --value "$unit"
systemctl daemon-reload
check 'it outlives daemon-reload' 0 33554432 exec_in "$c1" '["cat", "/sys/fs/cgroup/memory.max"]'
check 'its devices too' 0 '' exec_in "$c1" '["sh", "-c", ": </dev/zero"]'
check 'StopContainer' 0 '' cri StopContainer "{\"container_id\": \"$c1\", \"timeout\": 30}"
check 'the exit status' 0 'exited 5 Error' cri ContainerStatus "{\"container_id\": \"$c1\"}"
check 'RemoveContainer' 0 '' cri RemoveContainer "{\"container_id\": \"$c1\"}"
check 'the scope is gone' 0 not-found systemctl show --property LoadState --value "$unit"

# Not init itself: containerd 1.7 forgets an OOM kill that it hears of after the exit.
c2=$(container c2 '{"memory_limit_in_bytes": 16777216}' '["/bin/sh", "-c", "tail /dev/zero; code=$?; sleep 3; exit $code"]')
wait_for state_is "$c2" exited
check 'an OOM kill is seen' 0 'exited 137 OOMKilled' cri ContainerStatus "{\"container_id\": \"$c2\"}"
check 'a missing command is an error of StartContainer' 0 '*' grep -q 'no such file or directory' <(container c3 '{}' '["/no-such-program"]')
check 'StopPodSandbox' 0 '' cri StopPodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
check 'RemovePodSandbox' 0 '' cri RemovePodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
pod=''
check 'nothing is left in the slice' 0 '' find /sys/fs/cgroup/kubepods.slice/$slice -mindepth 1 -type d
if declare -F more_cases >/dev/null; then more_cases; fi
finish
