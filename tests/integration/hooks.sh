#!/bin/bash
# The six kinds of hooks: when, where, with what, and what their failure does.
source "$(dirname "$0")/lib.sh"

# hook KIND TEXT [jq filter on the hook]: appends a hook that runs `sh -c TEXT` on the host.
hook() {
  edit '.hooks[$kind] += [{"path": "/bin/sh", "args": ["sh", "-c", $text]} | '"${3:-.}"']' \
    --arg kind "$1" --arg text "$2"
}

# record KIND WORD: appends a hook that notes the word.
record() { hook "$1" "echo $2 >>$bundle/notes"; }

kinds_and_order() {
  new_bundle
  own_rootfs
  shell 'echo program >>/notes; sleep 1000'
  local kind
  for kind in prestart createRuntime createContainer poststart poststop; do
    record $kind "$kind-1"
    record $kind "$kind-2"
  done
  edit '.hooks.startContainer = [{"path": "/bin/sh", "args": ["sh", "-c", "echo startContainer >>/notes"]}]'
  create
  same "$(<"$bundle/notes")" "prestart-1
prestart-2
createRuntime-1
createRuntime-2
createContainer-1
createContainer-2" 'after create'
  [ ! -e "$bundle/rootfs/notes" ] || fail 'startContainer hooks belong to start'
  : >"$bundle/notes"
  start
  same "$(<"$bundle/notes")" "poststart-1
poststart-2" 'after start'
  wait_until grep -q program "$bundle/rootfs/notes"
  same "$(<"$bundle/rootfs/notes")" "startContainer
program" 'inside'
  : >"$bundle/notes"
  must runtime kill "$id" KILL
  wait_status stopped
  same "$(<"$bundle/notes")" '' 'before delete'
  must runtime delete "$id"
  same "$(<"$bundle/notes")" "poststop-1
poststop-2" 'after delete'
}

state_on_stdin() {
  new_bundle
  own_rootfs
  edit '.annotations = {"org.example.key": "value"}'
  local kind
  for kind in prestart createRuntime createContainer poststart poststop; do
    hook $kind "cat >$bundle/$kind.json"
  done
  edit '.hooks.startContainer = [{"path": "/bin/sh", "args": ["sh", "-c", "cat >/startContainer.json"]}]'
  create
  local pid
  pid=$(state_of pid)
  start
  must runtime delete --force "$id"
  mv "$bundle/rootfs/startContainer.json" "$bundle/"
  for kind in prestart createRuntime createContainer startContainer poststart poststop; do
    same "$(jq -r '.id' "$bundle/$kind.json")" "$id" "$kind id"
    same "$(jq -r '.bundle' "$bundle/$kind.json")" "$bundle" "$kind bundle"
    same "$(jq -r '.annotations["org.example.key"]' "$bundle/$kind.json")" value "$kind annotations"
    same "$(jq -r '.ociVersion | type' "$bundle/$kind.json")" string "$kind ociVersion"
  done
  for kind in prestart createRuntime poststart; do
    same "$(jq -r '.pid' "$bundle/$kind.json")" "$pid" "$kind pid"
  done
  for kind in prestart=creating createRuntime=creating createContainer=creating \
    startContainer=created poststart=running poststop=stopped; do
    same "$(jq -r '.status' "$bundle/${kind%=*}.json")" "${kind#*=}" "${kind%=*} status"
  done
}

pid_inside() {
  new_bundle
  own_rootfs
  edit '.hooks.startContainer = [{"path": "/bin/sh", "args": ["sh", "-c", "cat >/state.json"]}]'
  run_detached
  same "$(jq -r '.pid' "$bundle/rootfs/state.json")" 1
}

namespaces_of_hooks() {
  new_bundle
  own_rootfs
  local kind
  for kind in prestart createRuntime createContainer poststart; do
    hook $kind "readlink /proc/self/ns/mnt >$bundle/$kind.mnt; readlink /proc/self/ns/net >$bundle/$kind.net"
  done
  run_detached
  local inside outside
  inside=$(readlink "/proc/$(state_of pid)/ns/mnt")
  outside=$(readlink /proc/self/ns/mnt)
  same "$(<"$bundle/prestart.mnt")" "$outside"
  same "$(<"$bundle/createRuntime.mnt")" "$outside"
  same "$(<"$bundle/createContainer.mnt")" "$inside"
  same "$(<"$bundle/poststart.mnt")" "$outside"
  same "$(<"$bundle/createRuntime.net")" "$(readlink /proc/self/ns/net)"
}

container_network_is_there() {
  # What network plugins do: createRuntime works on /proc/PID/ns/net.
  new_bundle
  hook createRuntime "pid=\$(sed -E 's/.*\"pid\": ?([0-9]+).*/\1/') && nsenter --net=/proc/\$pid/ns/net ip link add v0 type veth peer name v1"
  edit '.process.args = ["ls", "/sys/class/net"]'
  run_ok
  contains "$out" v0
}

environment() {
  new_bundle
  hook createRuntime "env >$bundle/env" '.env = ["ONE=1", "PATH=/usr/bin:/bin"]'
  export LEAK=leak
  create
  same "$(grep -vE '^(PWD|SHLVL|_)=' "$bundle/env" | sort)" "ONE=1
PATH=/usr/bin:/bin"
}

environment_of_the_program() {
  new_bundle true
  own_rootfs
  edit '.process.env = ["PATH=/bin", "ONE=1"] | .hooks.startContainer = [
    {"path": "/bin/sh", "args": ["sh", "-c", "echo $ONE $HOME >/env"]},
    {"path": "/bin/sh", "args": ["sh", "-c", "echo $ONE $TWO >>/env"], "env": ["TWO=2"]}]'
  run_ok
  same "$(<"$bundle/rootfs/env")" $'1 /root\n2'
}

create_container_in_root() {
  new_bundle true
  own_rootfs
  hook createContainer 'touch made-by-hook'
  run_ok
  [ -e "$bundle/rootfs/made-by-hook" ] || fail 'not in the root file system'
}

arguments() {
  new_bundle
  edit '.hooks.createRuntime = [
    {"path": "/bin/sh", "args": ["called", "-c", "echo $0 $1 >'"$bundle"'/args", "zero", "one two"]}]'
  create
  same "$(<"$bundle/args")" 'zero one two'
}

no_arguments() {
  new_bundle
  printf '#!/bin/sh\necho "$0 $#" >%s/args\n' "$bundle" >"$bundle/plain"
  chmod +x "$bundle/plain"
  edit '.hooks.createRuntime = [{"path": $path}]' --arg path "$bundle/plain"
  create
  same "$(<"$bundle/args")" "$bundle/plain 0"
}

unread_stdin() {
  new_bundle
  # More than a pipe holds, and a hook that does not look at it.
  edit '.annotations = {"big": ("x" * 300000)}'
  hook createRuntime 'exec <&-; exit 0'
  hook poststop 'exit 0'
  create
  must runtime delete --force "$id"
}

timeout_kills() {
  new_bundle
  hook createRuntime "echo \$\$ >$bundle/pid; exec sleep 1000" '.timeout = 1'
  refused timeout
  [ ! -d "/proc/$(<"$bundle/pid")" ] || fail 'the hook lives on'
}

timeout_kept() {
  new_bundle
  hook createRuntime 'exit 0' '.timeout = 30'
  create
}

failing_create_hook() {
  local kind
  for kind in prestart createRuntime createContainer; do
    new_bundle
    hook $kind 'echo the-reason >&2; exit 3'
    record $kind 'not-reached'
    record poststop poststop-ran
    refused the-reason
    same "$(<"$bundle/notes")" poststop-ran "$kind"
  done
}

failing_start_hook() {
  new_bundle
  own_rootfs
  shell 'echo program >>/notes; sleep 1000'
  edit '.hooks.startContainer = [{"path": "/bin/sh", "args": ["sh", "-c", "echo the-reason >&2; exit 3"]}]'
  record poststop poststop-ran
  create
  try runtime start "$id"
  is_status 1
  contains "$err" the-reason
  [ ! -e "$bundle/rootfs/notes" ] || fail 'the program ran'
  # The container is stopped and destroyed, and poststop hooks ran.
  try runtime state "$id"
  is_status 1
  contains "$err" 'does not exist'
  same "$(<"$bundle/notes")" poststop-ran
}

failing_poststart() {
  new_bundle
  hook poststart 'echo the-reason >&2; exit 3'
  record poststop poststop-ran
  create
  try runtime start "$id"
  is_status 1
  contains "$err" the-reason
  try runtime state "$id"
  contains "$err" 'does not exist'
  same "$(<"$bundle/notes")" poststop-ran
}

failing_poststop() {
  new_bundle
  hook poststop 'exit 3'
  record poststop second-ran
  create
  must runtime delete --force "$id"
  same "$(<"$bundle/notes")" second-ran
  try runtime state "$id"
  contains "$err" 'does not exist'
}

killed_hook() {
  new_bundle
  hook createRuntime 'kill -SEGV $$'
  refused hook
}

missing_hook() {
  new_bundle
  edit '.hooks.createRuntime = [{"path": "/no/such/hook"}]'
  refused /no/such/hook 'no such file or directory'
}

no_leaked_fds() {
  new_bundle
  hook createRuntime "ls /proc/self/fd | wc -w >$bundle/fds"
  exec 7</dev/null
  create
  # 0, 1, 2 and the directory that ls reads.
  same "$(<"$bundle/fds")" 4
}

run_hooks_all() {
  new_bundle true
  local kind
  for kind in prestart createRuntime createContainer poststart poststop; do record $kind $kind; done
  run_ok
  same "$(tr '\n' ' ' <"$bundle/notes")" 'prestart createRuntime createContainer poststart poststop '
}

it 'each kind runs at its time, in the listed order [HOK-01,HOK-06,HOK-09..14]' kinds_and_order
it 'each hook reads the state with its status [HOK-07,HOK-08]' state_on_stdin
it 'startContainer reads the pid as seen inside [STA-07]' pid_inside
it 'each kind runs in its namespaces [HOK-09,HOK-10,HOK-11,HOK-13]' namespaces_of_hooks
it 'createRuntime finds the network namespace of the container [HOK-10]' container_network_is_there
it 'the environment is exactly the given one [HOK-04]' environment
it 'startContainer hooks without env have that of the program' environment_of_the_program
it 'createContainer hooks start in the root file system' create_container_in_root
it 'args are the whole argv [HOK-03]' arguments
it 'without args the path is argv[0] [HOK-03]' no_arguments
it 'a hook that does not read its stdin is no failure [HOK-07]' unread_stdin
it 'a hook that takes too long is killed and failed [HOK-05]' timeout_kills
it 'a timeout that is kept changes nothing [HOK-05]' timeout_kept
it 'a failing hook of create fails it, with its stderr, and poststop hooks run [LIF-05..07,HOK-15,HOK-16]' failing_create_hook
it 'a failing startContainer hook fails start and destroys the container [LIF-08]' failing_start_hook
it 'a failing poststart hook fails start and destroys the container [LIF-10]' failing_poststart
it 'a failing poststop hook is only a warning [LIF-12]' failing_poststop
it 'a hook that is killed is a failed one [HOK-15]' killed_hook
it 'a hook that does not exist is a failed one [HOK-15]' missing_hook
it 'hooks inherit the standard streams only' no_leaked_fds
it 'run runs all of them [HOK-01]' run_hooks_all
finish
