#!/bin/bash
# checkpoint and restore, with the CRIU that is in PATH: every case is skipped where there is none
# that works on this kernel.
source "$(dirname "$0")/lib.sh"
source "$source_dir/tests/support/criu.sh"

# Everything of mountinfo that a restore has to keep: place, per-mount options, filesystem.
mounts_of() { awk '{ for (i = 7; $i != "-"; i++); print $5, $6, $(i + 1) }' "/proc/$1/mountinfo" | sed 's/,relatime//' | sort; }
unknown() { ! runtime state "$id"; }

saved_and_continued() {
  needs_criu
  counting_bundle
  before=$(snapshot)
  run_counting
  mounts=$(mounts_of "$(state_of pid)")
  checkpoint
  must unknown
  same "$(snapshot)" "$before" 'what is left of the saved container'
  number=$(count)
  [ -s "$images/descriptors.json" ] && [ -s "$images/myrt-checkpoint.json" ] || fail 'documents are missing'
  [ -s "$bundle/work/dump.log" ] || fail 'no dump.log'
  rm "$shared/count"
  restore --pid-file "$bundle/pid"
  same "$(state_of status)" running
  same "$(<"$bundle/pid")" "$(state_of pid)" 'the pid file'
  counts_on
  [ "$(count)" -ge "$number" ] || fail "counts from $(count), not from $number"
  same "$(mounts_of "$(state_of pid)")" "$mounts" 'the mounts'
  must runtime exec "$id" true
  must runtime kill "$id" KILL
  wait_status stopped
  must runtime delete "$id"
  same "$(snapshot)" "$before" 'what is left of the restored container'
}

left_running() {
  needs_criu
  counting_bundle
  run_counting
  pid=$(state_of pid)
  checkpoint --leave-running
  same "$(state_of pid)" "$pid"
  counts_on
}

paused() {
  needs_criu
  [ "$MYRT_PRIVATE_VIEW" != hybrid ] || skip 'CRIU does not see what has paused it'
  counting_bundle
  run_counting
  must runtime pause "$id"
  checkpoint --leave-running
  same "$(state_of status)" paused
  must runtime resume "$id"
  counts_on
}

pre_dumped() {
  needs_criu
  counting_bundle
  run_counting
  try runtime checkpoint --pre-dump --image-path "$bundle/first" --work-path "$bundle/work" "$id"
  case $err in *CONFIG_MEM_SOFT_DIRTY*) skip 'this kernel cannot track changed memory' ;; esac
  is_status 0
  same "$(state_of status)" running
  counts_on
  number=$(count)
  checkpoint --parent-path ../first
  [ -e "$images/parent" ] || fail 'the images have no parent'
  restore
  counts_on
  [ "$(count)" -gt "$number" ] || fail "counts from $(count), not from $number"
}

another_id() {
  needs_criu
  counting_bundle
  run_counting
  checkpoint
  id=$id-again
  edit '.linux.cgroupsPath = "/cases/" + $id' --arg id "$id"
  restore
  counts_on
  [ -d "$(cgroup_dir pids)" ] || [ -d "$(cgroup_dir freezer)" ] || fail 'the new id has no cgroup'
  grep -q "/cases/$id\$" "/proc/$(state_of pid)/cgroup" || fail "$(cat "/proc/$(state_of pid)/cgroup")"
}

in_network_of_others() {
  needs_criu
  counting_bundle
  unshare --net --fork --kill-child sleep 1000 &
  holder=$!
  has_child() { net=$(pgrep -P $holder | head -1) && [ "$(readlink "/proc/$net/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
  wait_until has_child
  edit '(.linux.namespaces[] | select(.type == "network")).path = $path' --arg path "/proc/$net/ns/net"
  grep -q '"network"' "$bundle/config.json" ||
    edit '.linux.namespaces += [{type: "network", path: $path}]' --arg path "/proc/$net/ns/net"
  run_counting
  same "$(readlink "/proc/$(state_of pid)/ns/net")" "$(readlink "/proc/$net/ns/net")"
  checkpoint
  restore
  same "$(readlink "/proc/$(state_of pid)/ns/net")" "$(readlink "/proc/$net/ns/net")"
  counts_on
  kill $holder
}

with_terminal() {
  needs_criu
  counting_bundle
  edit '.process.terminal = true'
  shell 'n=0; while read -r line; do n=$((n+1)); echo "$n heard $line"; done'
  "$script_dir/console-socket" "$bundle/first.sock" --type $'one\n' >"$bundle/first" 2>&1 &
  first=$!
  wait_until test -S "$bundle/first.sock"
  run_detached --console-socket "$bundle/first.sock"
  wait_until grep -q '1 heard one' "$bundle/first"
  checkpoint
  wait $first || :
  "$script_dir/console-socket" "$bundle/second.sock" --type $'two\n' >"$bundle/second" 2>&1 &
  second=$!
  wait_until test -S "$bundle/second.sock"
  restore --console-socket "$bundle/second.sock"
  wait_until grep -q '2 heard two' "$bundle/second"
  must runtime delete --force "$id"
  wait $second || :
}

through_pipes() {
  needs_criu
  counting_bundle
  shell 'n=0; while read -r line; do n=$((n+1)); echo "$n heard $line"; [ "$line" != end ] || exit 7; done'
  mkfifo "$bundle/in"
  exec 8<>"$bundle/in"
  "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$id" < <(cat "$bundle/in") > >(cat >"$bundle/out") &
  front=$!
  wait_status running
  echo one >&8
  wait_until grep -q '1 heard one' "$bundle/out"
  checkpoint
  wait $front || :
  status=0
  { sleep 0.1; echo two; echo end; } | "$RUNTIME" --root "$state_root" restore --bundle "$bundle" \
    --image-path "$images" "$id" 2>"$bundle/err" | cat >"$bundle/again" || status=${PIPESTATUS[1]}
  same "$status" 7 "the status of a foreground restore ($(<"$bundle/err"))"
  same "$(<"$bundle/again")" $'2 heard two\n3 heard end'
  must unknown
}

crafted_symlinks() { # CVE-2026-119101
  needs_criu
  counting_bundle
  own_rootfs
  mkdir -p "$bundle"/{mine,readonly} "$bundle"/rootfs/{real,elsewhere/b}
  echo mine >"$bundle/mine/name"
  echo readonly >"$bundle/readonly/name"
  ln -s real "$bundle/rootfs/link"
  edit '.root.readonly = false |
    .mounts += [{destination: "/link/b", type: "bind", source: $r, options: ["bind", "ro"]},
                {destination: "/a", type: "bind", source: $m, options: ["bind", "rw"]}]' \
    --arg r "$bundle/readonly" --arg m "$bundle/mine"
  run_counting
  # What the container can do: now the name of the read-only mount leads to its writable one.
  must runtime exec "$id" sh -c 'rm /link && ln -s /elsewhere /link && rmdir /elsewhere/b && ln -s /a /elsewhere/b'
  mounts=$(mounts_of "$(state_of pid)")
  checkpoint
  restore
  same "$(mounts_of "$(state_of pid)")" "$mounts" 'the mounts'
  same "$(runtime exec "$id" cat /a/name)" mine
  same "$(runtime exec "$id" cat /real/b/name)" readonly
  try runtime exec "$id" sh -c 'echo changed >/real/b/name'
  same "$(<"$bundle/readonly/name")" readonly 'the file of a read-only mount'
}

crafted_names() { # CVE-2026-119101
  needs_criu
  counting_bundle
  own_rootfs
  mkdir -p "$bundle/rootfs/x]:/etc"
  ln -s 'x]:/etc' "$bundle/rootfs/data"
  edit '.mounts += [{destination: "/data", type: "bind", source: $m, options: ["bind"]}]' --arg m "$shared"
  run_counting
  try runtime checkpoint --image-path "$images" "$id"
  is_status 1
  contains "$err" ']:'
  counts_on
  [ ! -e "$images/inventory.img" ] || fail 'it was saved all the same'
}

changed_documents() {
  needs_criu
  counting_bundle
  mkdir "$bundle/readonly"
  edit '.mounts += [{destination: "/ro", type: "bind", source: $m, options: ["bind", "ro"]}]' --arg m "$bundle/readonly"
  run_counting
  checkpoint
  # The document of somebody else gives the writable mount point the source of the read-only one.
  document=$images/myrt-checkpoint.json
  cp "$document" "$bundle/document"
  jq '[.externalMounts[] | select(.destination == "/ro")][0] as $ro |
    (.externalMounts[] | select(.destination == "/shared")) |= ($ro + {key})' "$bundle/document" >"$document"
  before=$(snapshot)
  try runtime restore --detach --bundle "$bundle" --image-path "$images" "$id"
  is_status 1
  same "$(snapshot)" "$before" 'what is left of a refused restore'
  jq '(.externalMounts[] | select(.destination == "/ro")).destination = "/other"' "$bundle/document" >"$document"
  try runtime restore --detach --bundle "$bundle" --image-path "$images" "$id"
  is_status 1
  contains "$err" '/other'
  cp "$bundle/document" "$document"
  # ... and a config that makes read-only what was not.
  edit '(.mounts[] | select(.destination == "/shared")).options = ["bind", "ro"]'
  try runtime restore --detach --bundle "$bundle" --image-path "$images" "$id"
  is_status 1
  contains "$err" 'is not `ro`'
  same "$(snapshot)" "$before" 'what is left of a refused restore'
}

damaged_images() {
  needs_criu
  counting_bundle
  run_counting
  checkpoint
  before=$(snapshot)
  for image in "$images"/core-*.img; do echo damaged >"$image"; done
  try runtime --log "$bundle/log" restore --detach --bundle "$bundle" --image-path "$images" --work-path "$bundle/work" "$id"
  is_status 1
  contains "$err" 'criu failed: type '
  contains "$err" "log file: $bundle/work/restore.log"
  contains "$err" 'Error ('
  same "$(snapshot)" "$before" 'what is left of a failed restore'
}

preflight() {
  needs_criu
  counting_bundle
  create
  try runtime checkpoint --image-path "$images" "$id"
  contains "$err" 'cannot checkpoint a container in the created state'
  start
  counts_on
  pid=$(state_of pid)
  must runtime exec --detach "$id" sh -c 'nc -l -p 77 </dev/zero >/dev/null & while :; do sleep 1; done | until nc 127.0.0.1 77; do sleep 0.1; done'
  connected() { awk '$4 == "01" { n++ } END { exit !n }' "/proc/$pid/net/tcp"; }
  wait_until connected
  try runtime checkpoint --image-path "$images" "$id"
  is_status 1
  contains "$err" 'needs --tcp-established'
  [ ! -e "$images" ] || fail 'something was written'
  same "$(state_of pid)" "$pid"
  for wrong in --manage-cgroups-mode=all --network-lock=none --empty-ns=pid --page-server=nowhere; do
    try runtime checkpoint --image-path "$images" --tcp-established "$wrong" "$id"
    is_status 1
    contains "$err" "${wrong#*=}"
  done
  counts_on
}

without_criu() {
  counting_bundle
  run_detached
  mkdir "$bundle/empty"
  for directory in /usr/local/{s,}bin /usr/{s,}bin /{s,}bin; do
    [ ! -x $directory/criu ] || skip "criu is in $directory"
  done
  try env PATH="$bundle/empty" "$RUNTIME" --root "$state_root" checkpoint --image-path "$images" "$id"
  is_status 1
  contains "$err" 'criu: executable file not found in $PATH'
  same "$(state_of status)" running
}

ended_before_criu() { # SIGNAL PROCESS|GROUP
  # A CRIU that waits, and a runtime that ends: whoever deletes the container would kill what CRIU traces.
  counting_bundle
  mkdir "$bundle/bin"
  mkfifo "$bundle/go-on"
  printf '#!/bin/sh\n: >%s\nread -r line <%s\n' "$bundle/begun" "$bundle/go-on" >"$bundle/bin/criu"
  chmod 755 "$bundle/bin/criu"
  run_counting
  # A session of its own, and no signal ignored, as a terminal would have it.
  PATH="$bundle/bin:$PATH" setsid env --default-signal "$RUNTIME" --root "$state_root" checkpoint --image-path "$images" "$id" &
  local checkpoint=$!
  wait_until test -e "$bundle/begun"
  case $2 in
    PROCESS) kill -"$1" $checkpoint ;;
    GROUP) kill -"$1" -- -$checkpoint ;;
  esac
  wait $checkpoint || :
  ! flock --nonblock "$state_root/$id" true || fail 'the container can be deleted while CRIU works on it'
  counts_on
  echo end >"$bundle/go-on"
  must flock --timeout "${PATIENCE:-10}" "$state_root/$id" true
  must runtime exec "$id" true
  must runtime delete --force "$id"
}

killed_before_criu() { ended_before_criu KILL PROCESS; }
interrupted() { ended_before_criu INT GROUP; }

criu_speaks_to_a_terminal() {
  # Whoever is in no foreground process group is stopped there for what it writes.
  counting_bundle
  mkdir "$bundle/bin"
  printf '#!/bin/sh\necho a word >&2\n: >%s\n' "$bundle/spoken" >"$bundle/bin/criu"
  chmod 755 "$bundle/bin/criu"
  run_counting
  try in_terminal --bound "${PATIENCE:-10}" sh -c \
    "stty tostop; PATH=$bundle/bin:\$PATH exec $RUNTIME --root $state_root checkpoint --image-path $images $id"
  is_status 1
  contains "$out" 'a word'
  [ -e "$bundle/spoken" ] || fail 'CRIU was stopped'
  counts_on
}

misunderstood_criu() {
  # One that says what nobody understands, and takes its time to let go of the processes.
  counting_bundle
  mkdir "$bundle/bin"
  cat >"$bundle/bin/criu" <<PYTHON
#!/usr/bin/env python3
import pathlib, socket, sys, time
peer = socket.socket(fileno=int(sys.argv[2]))
peer.recv(65536)
peer.send(b"\\x08\\x0a\\x10\\x01\\x52\\x04\\x08\\x04\\x10\\x02")  # VERSION, success, 4.2
peer.recv(65536)
peer.send(b"\\xff")
while peer.recv(65536):
    pass
time.sleep(0.3)
pathlib.Path("$bundle/let-go").touch()
PYTHON
  chmod 755 "$bundle/bin/criu"
  run_counting
  try env PATH="$bundle/bin:$PATH" "$RUNTIME" --root "$state_root" checkpoint --image-path "$images" "$id"
  is_status 1
  [ -e "$bundle/let-go" ] || fail 'CRIU was killed while it had the processes' "$err"
  counts_on
}

in_user_namespace() {
  needs_criu
  counting_bundle
  new_namespace user
  edit '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
  chown 100000:100000 "$shared"
  # CRIU opens the files that are its streams once more, as the container's root.
  touch "$work"/{out,err} && chmod 666 "$work"/{out,err}
  run_counting
  mounts=$(mounts_of "$(state_of pid)")
  checkpoint
  restore
  same "$(mounts_of "$(state_of pid)")" "$mounts" 'the mounts'
  same "$(awk '$1 == "Uid:" { print $2 }' "/proc/$(state_of pid)/status")" 100000
  counts_on
}

with_hooks() {
  needs_criu
  counting_bundle
  edit '.hooks = {prestart: [{path: "/bin/sh", args: ["sh", "-c", "cat >>" + $d + "/prestart"]}],
    createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "cat >>" + $d + "/createRuntime"]}],
    poststart: [{path: "/bin/sh", args: ["sh", "-c", "cat >>" + $d + "/poststart"]}],
    poststop: [{path: "/bin/sh", args: ["sh", "-c", "cat >>" + $d + "/poststop"]}]}' --arg d "$bundle"
  run_counting
  checkpoint
  [ -s "$bundle/poststop" ] || fail 'no poststop hook for the saved container'
  rm "$bundle"/{prestart,createRuntime,poststart}
  restore
  for hook in prestart createRuntime poststart; do
    [ -s "$bundle/$hook" ] || fail "no $hook hook"
    same "$(jq .pid "$bundle/$hook")" "$(state_of pid)" "the pid that $hook got"
  done
}

limits_are_the_bundles() {
  needs_criu
  needs_controller pids
  counting_bundle
  edit '.linux.resources.pids.limit = 30'
  run_counting
  checkpoint
  edit '.linux.resources.pids.limit = 40'
  restore
  same "$(cat "$(cgroup_dir pids)/pids.max")" 40
  counts_on
}

it 'a container is saved and continues where it was' saved_and_continued
it 'with --leave-running it runs on' left_running
it 'a paused container is saved and stays paused' paused
it 'memory is saved ahead, and the rest relative to it' pre_dumped
it 'it can be restored under another id' another_id
it 'a network namespace of others is joined again' in_network_of_others
it 'the terminal goes to the new console socket' with_terminal
it 'pipes are those of the restorer, and its status is the program'"'"'s' through_pipes
it 'symlinks of the image do not mix up mounts [CVE-2026-119101]' crafted_symlinks
it 'a mount whose name CRIU cannot read is refused [CVE-2026-119101]' crafted_names
it 'a changed document or config is refused before anything runs [CVE-2026-119101]' changed_documents
it 'damaged images: the error says what the log says, and nothing is left' damaged_images
it 'what will not work is said before anything is stopped' preflight
it 'without CRIU the error says so' without_criu
it 'CRIU keeps the lock of a container whose checkpoint was killed' killed_before_criu
it 'Ctrl-C ends a checkpoint, and not CRIU amid its work' interrupted
it 'CRIU may speak to a terminal that stops who does so in the background' criu_speaks_to_a_terminal
it 'CRIU lets go of the processes before an error of the conversation is said' misunderstood_criu
it 'a container with a user namespace is saved and restored' in_user_namespace
it 'hooks run around both' with_hooks
it 'limits come from the bundle that is restored' limits_are_the_bundles
finish
