#!/bin/bash
# The annotations of crun's that engines use.
source "$(dirname "$0")/lib.sh"

annotate() { edit '.annotations[$name] = $value' --arg name "$1" --arg value "$2"; } # NAME VALUE

hook() { # KIND WORD: a hook that says WORD to both of its streams
  edit '.hooks[$kind] = [{"path": "/bin/sh", "args": ["sh", "-c", "echo \($word)-out; echo \($word)-err >&2"]}]' \
    --arg kind "$1" --arg word "$2"
}

hook_output() {
  new_bundle true
  local kind
  # startContainer hooks are looked up inside, where there is a /bin/sh, too.
  for kind in prestart createRuntime createContainer startContainer poststart poststop; do hook $kind $kind; done
  annotate run.oci.hooks.stdout "$bundle/out"
  annotate run.oci.hooks.stderr "$bundle/err"
  echo before >"$bundle/out"
  create
  start
  wait_status stopped
  must runtime delete "$id"
  same "$(<"$bundle/out")" $'before\nprestart-out\ncreateRuntime-out\ncreateContainer-out\nstartContainer-out\npoststart-out\npoststop-out'
  same "$(<"$bundle/err")" $'prestart-err\ncreateRuntime-err\ncreateContainer-err\nstartContainer-err\npoststart-err\npoststop-err'
  same "$(stat -c %a "$bundle/err")" 600
}

hook_output_does_not_leak() {
  new_bundle
  shell 'ls /proc/1/fd; :'
  hook startContainer x
  annotate run.oci.hooks.stdout "$bundle/out"
  run_ok
  same "$(tr '\n' ' ' <<<"$out")" '0 1 2 '
}

hook_error_still_tells() {
  # Only one of the streams is redirected: the other is part of the error.
  new_bundle
  edit '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "echo said; echo why >&2; exit 3"]}]'
  annotate run.oci.hooks.stdout "$bundle/out"
  refused 'exit status 3: why'
  same "$(<"$bundle/out")" said
}

hook_file_missing() {
  new_bundle
  hook createRuntime x
  annotate run.oci.hooks.stdout "$bundle/no/such/directory"
  refused 'no such file or directory'
}

original_groups() {
  new_bundle sh -c 'grep ^Groups: /proc/self/status'
  edit '.process.user.additionalGids = [7]'
  run_ok
  same "$out" $'Groups:\t7 '
  annotate run.oci.keep_original_groups 1
  try setpriv --groups 40,41 "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id"
  is_status 0
  same "$out" $'Groups:\t40 41 '
  edit '.process.args = ["sleep", "1000"]'
  must setpriv --groups 40 "$RUNTIME" --root "$state_root" run --detach --bundle "$bundle" "$id"
  must setpriv --groups 42 "$RUNTIME" --root "$state_root" exec "$id" grep ^Groups: /proc/self/status
  same "$out" $'Groups:\t42 '
}

original_groups_in_user_namespace() {
  new_bundle sh -c 'grep ^Groups: /proc/self/status'
  chmod 711 "$work" "$work/cases"
  new_namespace user
  edit '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
  annotate run.oci.keep_original_groups 1
  try setpriv --groups 100005,41 "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id"
  is_status 0
  same "$out" $'Groups:\t65534 5 '
}

pidfd() {
  new_bundle
  annotate run.oci.pidfd_receiver "$bundle/pidfd.sock"
  timeout 30 python3 -c '
import re, socket, sys
listener = socket.socket(socket.AF_UNIX); listener.bind(sys.argv[1]); listener.listen(1)
connection, _ = listener.accept()
_, fds, _, _ = socket.recv_fds(connection, 4096, 4)
print(re.search(r"^Pid:\s*(\d+)$", open(f"/proc/self/fdinfo/{fds[0]}").read(), re.M)[1])' "$bundle/pidfd.sock" >"$bundle/pidfd" &
  local receiver=$!
  wait_until test -S "$bundle/pidfd.sock"
  create
  wait $receiver
  same "$(<"$bundle/pidfd")" "$(state_of pid)"
}

context_type() {
  [ ! -d /sys/fs/selinux/class ] || skip 'SELinux is on'
  new_bundle
  annotate run.oci.mount_context_type elsewhere
  refused 'unknown context type `elsewhere`'
  annotate run.oci.mount_context_type rootcontext
  create # without a label there is nothing to do
}

not_supported() {
  local name
  for name in run.oci.handler run.oci.seccomp_bpf_data run.oci.seccomp.plugins run.oci.delegate-cgroup; do
    new_bundle
    annotate $name krun
    refused "annotation \`$name\` is not supported"
  done
}

listed_by_features() {
  must runtime features
  contains "$(jq -r '.potentiallyUnsafeConfigAnnotations[]' <<<"$out")" run.oci.hooks.stdout
  contains "$(jq -r '.potentiallyUnsafeConfigAnnotations[]' <<<"$out")" run.oci.keep_original_groups
}

it 'run.oci.hooks.stdout and stderr: files for the output of hooks' hook_output
it 'the files of hooks are not the container'\''s' hook_output_does_not_leak
it 'what is not redirected is part of the error' hook_error_still_tells
it 'a file that cannot be made fails create' hook_file_missing
it 'run.oci.keep_original_groups: the groups of the caller' original_groups
it 'run.oci.keep_original_groups in a user namespace' original_groups_in_user_namespace
it 'run.oci.pidfd_receiver: a pidfd of init' pidfd
it 'run.oci.mount_context_type: a word of SELinux'\'' mount options' context_type
it 'what would make another container of it is refused' not_supported
it 'features lists them' listed_by_features
finish
