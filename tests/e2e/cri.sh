#!/bin/bash
# The CRI plugin of containerd on this runtime, called over gRPC as the kubelet does.
source "$(dirname "$0")/containerd_lib.sh"
export CRI_SOCKET=$CONTAINERD_ADDRESS CRI_STUBS=$work/stubs
mkdir -p "$CRI_STUBS" "$work/logs"
cri() { "$here/cri/call" "$@"; }

# sandbox_config NAME: a pod in the node's network, with a cgroup as the kubelet makes it.
sandbox_config() {
  jq -n --arg name "$1" --arg logs "$work/logs" '{
    metadata: {name: $name, uid: $name, namespace: "tests"}, log_directory: $logs,
    linux: {cgroup_parent: "/kubepods/\($name)", security_context: {namespace_options: {network: "NODE", pid: "CONTAINER"}}}
  }'
}

# new_sandbox NAME [JQ-FILTER]: leaves its configuration in $config and its id in $sandbox.
new_sandbox() {
  config=$(sandbox_config "$1" | jq "${2:-.}")
  mkdir -p "/sys/fs/cgroup/memory/kubepods/$1" 2>/dev/null
  sandbox=$(cri RunPodSandbox "$(jq -n --argjson config "$config" '{config: $config}')" | jq -re .pod_sandbox_id)
}

# new_container NAME JQ-FILTER COMMAND...: created in $sandbox; its id is in $container.
new_container() {
  local name=$1 filter=$2
  shift 2
  container=$(cri CreateContainer "$(jq -n --arg sandbox "$sandbox" --argjson config "$config" --arg name "$name" '{
      pod_sandbox_id: $sandbox, sandbox_config: $config,
      config: {metadata: {name: $name}, image: {image: "docker.io/library/bb:latest"}, command: $ARGS.positional,
        log_path: "\($name).log", linux: {resources: {}, security_context:
          {namespace_options: {network: "NODE", pid: "CONTAINER"}, seccomp: {profile_type: "Unconfined"}}}}
    }' --args -- "$@" | jq ".config |= (${filter:-.})")" | jq -re .container_id)
}
with_id() { # METHOD ID [JQ-FILTER]
  cri "$1" "$(jq -n --arg id "$2" "{container_id: \$id} | ${3:-.}")"
}
start() { with_id StartContainer "$1"; }
run() { new_container "$@" && start "$container" >/dev/null; }
remove() { with_id RemoveContainer "$1" >/dev/null; }
status_of() { # ID FIELD...: state, exit code and reason
  with_id ContainerStatus "$1" | jq -r '.status | "\(.state // "CREATED") \(.exit_code // 0) \(.reason // "")"'
}
exec_sync() { # ID SECONDS COMMAND...: prints stdout|stderr|status
  local id=$1 seconds=$2
  shift 2
  cri ExecSync "$(jq -n --arg id "$id" --argjson seconds "$seconds" \
    '{container_id: $id, timeout: $seconds, cmd: $ARGS.positional}' --args -- "$@")" |
    jq -r '"\(.stdout // "" | @base64d)|\(.stderr // "" | @base64d)|\(.exit_code // 0)"'
}
stop_and_remove_sandbox() {
  expect "$1: the pod stops" 0 '{}' cri StopPodSandbox "{\"pod_sandbox_id\": \"$sandbox\"}"
  expect "$1: and goes" 0 '{}' cri RemovePodSandbox "{\"pod_sandbox_id\": \"$sandbox\"}"
}

pod() {
  holds 'RunPodSandbox' new_sandbox pod
  local shims
  holds 'three containers' three_containers
  shims=$(pgrep -c -x containerd-shim)
  holds 'one shim has the whole pod' test "$shims" -eq 1
  expect 'ExecSync has stdout, stderr and the status' 0 $'out\n|err\n|4' \
    exec_sync "$first" 0 sh -c 'echo out; echo err >&2; exit 4'
  says 'ExecSync of a missing program fails with its name' 1 \
    'exec: "nosuch": executable file not found in $PATH' exec_sync "$first" 0 nosuch
  says 'ExecSync ends at its timeout' 1 'DEADLINE_EXCEEDED' exec_sync "$first" 1 sleep 1000
  holds 'and its process is gone' within 20 is '0' exec_count 'sleep 1000'
  expect 'the log has the kubelet'\''s form' 0 '*stdout F said*' cat "$work/logs/second.log"
  expect 'ContainerStats has numbers' 0 true sh -c "$(stats_command "$first")"
  if has_controller memory; then update; fi
  expect 'StopContainer' 0 '{}' with_id StopContainer "$first" '.timeout = 30'
  expect 'a program that ends at TERM has its own status' 0 'EXITED 5 Error' status_of "$first"
  expect 'StopContainer of one that does not listen' 0 '{}' with_id StopContainer "$third" '.timeout = 1'
  expect 'it was killed' 0 'EXITED 137 Error' status_of "$third"
  stop_and_remove_sandbox pod
}
three_containers() {
  run first '.envs = [{key: "WORD", value: "set"}]' sh -c 'trap "exit 5" TERM; while :; do sleep 0.1; done' || return
  first=$container
  run second '' sh -c 'echo said; exec sleep 1000' || return
  second=$container
  run third '.linux.security_context.readonly_rootfs = true' sleep 1000 || return
  third=$container
  is "$(printf 'RUNNING 0 \nRUNNING 0 \nRUNNING 0 ')" sh -c "$(declare -f status_of with_id cri); here=$here; \
    status_of $first; status_of $second; status_of $third"
}
exec_count() { exec_sync "$first" 0 sh -c "ps | grep '$1' | grep -vc grep" | cut -d'|' -f1 | head -1; }
stats_command() {
  printf '%s' "$here/cri/call ContainerStats '{\"container_id\": \"$1\"}' |
    jq '(.stats.memory.working_set_bytes.value | tonumber) > 0 and (.stats.cpu.usage_core_nano_seconds.value | tonumber) > 0'"
}
# The document has zeros, and a rule that denies all devices (contract §0.16).
update() {
  expect 'UpdateContainerResources' 0 '{}' with_id UpdateContainerResources "$first" \
    '.linux = {memory_limit_in_bytes: 67108864, cpu_shares: 512}'
  expect 'the limit is there' 0 67108864 cgroup_file "$first" memory memory.limit_in_bytes memory.max
  expect 'and the devices are too' 0 $'4\n||0' exec_sync "$first" 0 sh -c 'head -c 4 /dev/zero | wc -c'
}
cgroup_file() { # CONTAINER CONTROLLER V1-FILE V2-FILE
  local directory=/sys/fs/cgroup/$2 file=$3
  if [ "$MYRT_PRIVATE_VIEW" = v2 ]; then directory=/sys/fs/cgroup file=$4; fi
  cat "$directory/kubepods/pod/$1/$file"
}

endings() {
  holds 'a second pod' new_sandbox endings
  if has_controller memory; then
    holds 'a container with a small limit' run oom '.linux.resources.memory_limit_in_bytes = 20971520' tail /dev/zero
    holds 'out of memory is told as such' within 60 is 'EXITED 137 OOMKilled' status_of "$container"
    remove "$container"
  fi
  holds 'a container that cannot start' new_container bad '' nosuch
  says 'StartContainer says why' 1 \
    'unable to start container process: exec: "nosuch": executable file not found in $PATH' start "$container"
  expect 'it has ended with 128' 0 'EXITED 128 StartError' status_of "$container"
  holds 'and is removed' remove "$container"
  holds 'a container that ends' run ended '' sh -c 'exit 42'
  holds 'its status is known' within 30 is 'EXITED 42 Error' status_of "$container"
  holds 'a complete one' run complete '' true
  holds 'is completed' within 30 is 'EXITED 0 Completed' status_of "$container"
  stop_and_remove_sandbox endings
}

# As the kubelet asks for them; and the pid namespace of the pod, where what init leaves behind is
# the shim's to kill with `kill --all`.
security() {
  holds 'a pod with a pid namespace' new_sandbox security \
    '.linux.security_context.namespace_options.pid = "POD" | .linux.sysctls = {"kernel.shm_rmid_forced": "1"}'
  holds 'restricted' run restricted ". | $restricted" sleep 1000
  expect 'it is' 0 $'1000 CapBnd: 0000000000000400 NoNewPrivs: 1 Seccomp: 2\n|touch: /x: Read-only file system\n|0' \
    exec_sync "$container" 0 sh -c \
    'echo $(id -u) $(grep -E "CapBnd|NoNewPrivs|Seccomp:" /proc/self/status); touch /x; true'
  holds 'one that leaves children behind' run parent \
    '.linux.security_context.namespace_options.pid = "POD"' sh -c 'sleep 2000 & sleep 0.5; exit 3'
  holds 'ends' within 30 is 'EXITED 3 Error' status_of "$container"
  holds 'and its children with it' within 20 sh -c '! pgrep -f "sleep 200[0]"'
  stop_and_remove_sandbox security
}
restricted='.linux.security_context |= (.run_as_user = {value: 1000} | .readonly_rootfs = true | .no_new_privs = true
  | .capabilities = {add_capabilities: ["NET_BIND_SERVICE"], drop_capabilities: ["ALL"]}
  | .seccomp = {profile_type: "RuntimeDefault"}
  | .masked_paths = ["/proc/kcore"] | .readonly_paths = ["/proc/sys"])'

# What the kubelet asks for is what the kernel applies: no false alarm in a fresh pod.
inspection() {
  holds 'a fresh pod' new_sandbox inspection '.linux.sysctls = {"kernel.shm_rmid_forced": "1"} | .linux.security_context |= (.privileged = true | .namespace_options.pid = "POD")'
  holds 'with a container' run plain '' sleep 1000
  holds 'a restricted one' run restricted ". | $restricted" sleep 1000
  holds 'and a privileged one' run privileged '.linux.security_context.privileged = true' sleep 1000
  if has_controller memory; then
    holds 'one with limits' run limited '.linux.resources = {memory_limit_in_bytes: 67108864, cpu_shares: 512, cpu_quota: 50000, cpu_period: 100000, oom_score_adj: 500}' sleep 1000
  fi
  as_configured 'a fresh pod is as CRI has configured it' "$RUNTIME" --root /run/containerd/runc/k8s.io
  stop_and_remove_sandbox inspection
}

# The shim of a pod is killed: the kubelet finds the pod not ready, and removes it.
shim_killed() {
  holds 'a pod whose shim dies' new_sandbox killed
  holds 'with a container' run only '' sleep 1000
  kill -KILL "$(pgrep -x containerd-shim)"
  holds 'its container has ended' within 30 sh -c "$(declare -f with_id cri status_of); here=$here; status_of $container | grep -q EXITED"
  stop_and_remove_sandbox 'shim kill -9'
}

restarted() {
  holds 'a pod that outlives containerd' new_sandbox restarted
  holds 'with a container in it' run only '' sh -c 'trap "exit 5" TERM; while :; do sleep 0.1; done'
  stop_daemon containerd "${1:-TERM}"
  start_containerd
  holds 'containerd restarted: the container runs' within 30 is 'RUNNING 0 ' status_of "$container"
  expect 'containerd restarted: ExecSync' 0 $'hi\n||0' exec_sync "$container" 0 echo hi
  expect 'containerd restarted: StopContainer' 0 '{}' with_id StopContainer "$container" '.timeout = 30'
  expect 'containerd restarted: the status' 0 'EXITED 5 Error' status_of "$container"
  stop_and_remove_sandbox restarted
}

write_containerd_config
start_containerd
import_images k8s.io
holds 'the plugin is ready' within 30 sh -c "$here/cri/call Status | jq -e '.status.conditions[] | select(.type == \"RuntimeReady\") | .status'"
part pod
part endings
part security
part inspection
part shim_killed
part restarted
nothing_left k8s.io 'kubepods/*' # the pods' own cgroups are the kubelet's
finish
