#!/bin/bash
# What CRI-O does: conmon by its older interface (no --api-version), and direct calls beside it.
source "$(dirname "$0")/lib.sh"

root=/run/crio-tests
mkdir -p "$work/exits" "$work/sockets"
runtime() { "$RUNTIME" --root="$root" "$@"; }
# CRI-O's own environment has next to nothing.
bare() { env -i PATH=/usr/bin:/bin "$@"; }

# new_bundle ID COMMAND...
new_bundle() {
  local id=$1
  shift
  bundle=$work/bundles/$id
  mkdir -p "$bundle"
  jq --arg rootfs "$work/rootfs" --arg id "$id" \
    '.root.path = $rootfs | .linux.cgroupsPath = "/kubepods/crio-" + $id | .process.args = $ARGS.positional' \
    "$here/../integration/config.json" --args -- "$@" >"$bundle/config.json"
}

# conmon ID OPTIONS...: starts conmon as CRI-O does and prints what it sends to the sync pipe:
# {"pid": N} of create, {"exit_code": N} of exec -e --sync.
conmon() {
  local id=$1 sync
  shift
  sync=$work/sync-$id
  _OCI_SYNCPIPE=5 _OCI_STARTPIPE=6 bare env _OCI_SYNCPIPE=5 _OCI_STARTPIPE=6 conmon -c "$id" -n "$id" -u "$id" \
    -r "$RUNTIME" --runtime-arg --root="$root" -l "$work/$id.log" --exit-dir "$work/exits" \
    --socket-dir-path "$work/sockets" -P "$work/$id.conmon-pid" --log-level info "$@" \
    5>"$sync" 6<<<'' >/dev/null 2>&1 </dev/null
  within 20 test -s "$sync" >/dev/null
  cat "$sync"
}
create() { conmon "$1" -b "$work/bundles/$1" -p "$work/$1.pid" --persist-dir "$work/bundles/$1" "${@:2}"; }
exec_sync() { # ID COMMAND...
  local id=$1
  shift
  jq '.process | .terminal = false | .args = $ARGS.positional' "$work/bundles/$id/config.json" --args -- "$@" >"$work/process.json"
  rm -f "$work/exec.log" "$work/exec.pid"
  conmon "$id" -b "$work/bundles/$id" -p "$work/exec.pid" -e --sync --exec-process-spec "$work/process.json" -l "$work/exec.log" |
    jq -r .exit_code
}
exit_file_is() { is "$1" cat "$work/exits/$2"; }
state_is() { is "$1" sh -c "'$RUNTIME' --root=$root state $2 | jq -r .status"; }

lifecycle() {
  new_bundle c1 sh -c 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done'
  holds 'create tells the pid' sh -c "echo '$(create c1)' | jq -e '.pid > 0'"
  holds 'state: created' state_is created c1
  expect 'start' 0 '' bare "$RUNTIME" --root="$root" start c1
  holds 'state: running' state_is running c1
  holds 'state has the fields that CRI-O decodes' state_fields c1
  holds 'the log is there' within 20 grep -q 'stdout F up' "$work/c1.log"
  expect 'exec --sync ends with 4' 0 4 exec_sync c1 sh -c 'exit 4'
  expect 'exec --sync of a missing program fails' 0 -1 exec_sync c1 nosuch
  holds 'and left no pid file' test ! -e "$work/exec.pid"
  expect 'a direct exec has stdio and the status' 9 out exec_directly c1 sh -c 'echo out; exit 9'
  says 'a direct exec that fails ends with 255' 255 'executable file not found in $PATH' exec_directly c1 nosuch
  expect 'a direct exec in a terminal' 6 $'/dev/pts/*\r' exec_in_terminal c1 sh -c 'tty; exit 6'
  expect 'update reads stdin' 0 '' update c1 '{"memory":{"limit":67108864},"cpu":{"shares":512},"devices":[{"allow":false,"access":"rwm"}]}'
  if has_controller memory; then
    holds 'the limit is there' is 67108864 sh -c 'cat /sys/fs/cgroup/memory/kubepods/crio-c1/memory.limit_in_bytes /sys/fs/cgroup/kubepods/crio-c1/memory.max 2>/dev/null'
  fi
  expect 'the devices are still there' 0 0 exec_sync c1 sh -c 'head -c 4 /dev/zero'
  expect 'pause' 0 '' runtime pause c1
  holds 'state: paused' state_is paused c1
  expect 'resume' 0 '' runtime resume c1
  expect 'kill by a name' 0 '' runtime kill c1 TERM
  holds 'conmon has the status' within 20 exit_file_is 5 c1
  holds 'state: stopped' within 20 state_is stopped c1
  says 'kill of a stopped one' 1 'container not running' runtime kill c1 15
  expect 'kill -a of a stopped one' 0 '' runtime kill -a c1 9
  expect 'delete --force' 0 '' runtime delete --force c1
  expect 'delete --force again' 0 '' runtime delete --force c1
  says 'delete of what is not there' 1 'does not exist' runtime delete c1
}
state_fields() {
  runtime state "$1" | jq -e '(.ociVersion | type) == "string" and (.id | type) == "string" and
    (.pid | type) == "number" and (.bundle | type) == "string" and (.created | type) == "string" and
    ([has("started", "finished", "exitCode", "oomKilled", "error", "initPid")] | any | not)'
}
process_of() { # ID COMMAND...
  local id=$1
  shift
  jq '.process | .args = $ARGS.positional' "$work/bundles/$id/config.json" --args -- "$@" >"$work/process.json"
}
exec_directly() {
  process_of "$@"
  bare "$RUNTIME" --root "$root" exec --process "$work/process.json" "$1"
}
exec_in_terminal() {
  process_of "$@"
  jq '.terminal = true' "$work/process.json" >"$work/process.tty.json"
  in_terminal "$RUNTIME" --root "$root" exec --process "$work/process.tty.json" "$1"
}
update() { printf '%s' "$2" | "$RUNTIME" --root "$root" update --resources - "$1"; }

terminal() {
  new_bundle t1 sh -c 'tty; sleep 1000'
  jq '.process.terminal = true' "$work/bundles/t1/config.json" >"$work/t1.json"
  mv "$work/t1.json" "$work/bundles/t1/config.json"
  holds 'create with a terminal' sh -c "echo '$(create t1 -t)' | jq -e '.pid > 0'"
  expect 'start it' 0 '' runtime start t1
  holds 'what it shows is in the log' within 20 grep -q 'stdout F /dev/pts/0' "$work/t1.log"
  expect 'kill by number' 0 '' runtime kill t1 9
  holds 'conmon has 137' within 20 exit_file_is 137 t1
  expect 'delete it' 0 '' runtime delete t1
}

failures() {
  new_bundle f1 nosuch
  holds 'create of a missing program: conmon tells why' failed_create f1 'executable file not found in $PATH'
  jq '.mounts += [{"destination": "/x", "type": "nosuchfs", "source": "none"}]' "$work/bundles/f1/config.json" >"$work/f1.json"
  mv "$work/f1.json" "$work/bundles/f1/config.json"
  holds 'create with a bad mount: conmon tells why' failed_create f1 'no such device'
  holds 'and nothing is left' sh -c "! '$RUNTIME' --root=$root list -q | grep ."
}
failed_create() {
  local answer
  answer=$(create "$1")
  echo "$answer"
  jq -e '.pid < 0' <<<"$answer" && grep -qF "$2" <<<"$answer"
}

# conmon-rs gives globals twice and no document to exec: all comes from the container's own.
conmon_rs() {
  new_bundle r1 sleep 1000
  jq '.process.env += ["WORD=own"] | .process.cwd = "/tmp"' "$work/bundles/r1/config.json" >"$work/r1.json"
  mv "$work/r1.json" "$work/bundles/r1/config.json"
  local twice=(bare "$RUNTIME" --root="$root" --root="$root")
  expect 'conmon-rs: create' 0 '' "${twice[@]}" create --bundle "$work/bundles/r1" --pid-file "$work/r1.pid" r1
  expect 'conmon-rs: start' 0 '' "${twice[@]}" start r1
  expect 'conmon-rs: exec -d' 0 '' "${twice[@]}" exec -d --pid-file="$work/r1-exec.pid" r1 sh -c 'echo $WORD:$PWD >/tmp/said; exec sleep 1000'
  holds 'conmon-rs: in the environment of the container' within 20 is own:/tmp cat "$work/rootfs/tmp/said"
  holds 'conmon-rs: its pid is in the file' grep -q sleep "/proc/$(cat "$work/r1-exec.pid")/comm"
  expect 'conmon-rs: delete --force' 0 '' "${twice[@]}" delete --force r1
}

# What NVIDIA's runtime does: it edits the configuration that --bundle names and runs the real one.
wrapped() {
  new_bundle w1 sh -c 'echo $ADDED; exit 3'
  cat >"$work/wrapper" <<'WRAPPER'
#!/bin/bash
for argument; do
  case $previous in --bundle | -b) bundle=$argument ;; esac
  previous=$argument
done
if [ -n "${bundle:-}" ]; then
  jq '.process.env += ["ADDED=by the wrapper"]' "$bundle/config.json" >"$bundle/edited" && mv "$bundle/edited" "$bundle/config.json"
fi
WRAPPER
  echo "exec '$RUNTIME' \"\$@\"" >>"$work/wrapper"
  chmod +x "$work/wrapper"
  holds 'a wrapper: create' sh -c "echo '$(create w1 -r "$work/wrapper")' | jq -e '.pid > 0'"
  expect 'a wrapper: start' 0 '' "$work/wrapper" --root "$root" start w1
  holds 'a wrapper: the status' within 20 exit_file_is 3 w1
  holds 'a wrapper: its change is seen' grep -q 'stdout F by the wrapper' "$work/w1.log"
  expect 'a wrapper: delete' 0 '' "$work/wrapper" --root "$root" delete w1
}

# The probes that CRI-O makes of a runtime.
probes() {
  expect 'version' 0 '* version *' runtime --version
  holds 'features is JSON with nothing beside it' sh -c "'$RUNTIME' features 2>&1 | jq -e .ociVersionMax"
}

cd "$work" # conmon leaves a file where it is started
make_image_root "$work/rootfs"
mkdir -p "$work/rootfs"/{dev,proc,sys}
part lifecycle
part terminal
part failures
part conmon_rs
part wrapped
[ "$runtime_name" = crun ] || part probes
holds 'no process is left' within 20 sh -c '! pgrep -x "conmon|sleep"'
holds 'no state is left' sh -c "! find $root -mindepth 1 2>/dev/null | grep ."
holds 'no cgroup is left' sh -c '! find /sys/fs/cgroup -type d -name "crio-*" | grep .'
finish
