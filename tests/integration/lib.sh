# Sourced by every script of this folder, as: source "$(dirname "$0")/lib.sh"
#
# Runs the script inside in-private (VIEW, default auto: see there), makes the rootfs, and gives the
# words that the cases are written in. RUNTIME names the runtime under test (default: build/myrt);
# deviations/NAME lists what a peer is known to do otherwise. CASE=text runs the cases whose name
# has that text. Prints `ok NAME`, `ok NAME # skip why` or `not ok NAME` and why.
set -uo pipefail
script_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_dir=$(cd "$script_dir/../.." && pwd)
RUNTIME=$(type -P "${RUNTIME:-$source_dir/build/myrt}") || {
  echo "there is no runtime at ${RUNTIME:-$source_dir/build/myrt}" >&2
  exit 2
}
case $RUNTIME in /*) ;; *) RUNTIME=$PWD/$RUNTIME ;; esac
export RUNTIME
if [ -z "${MYRT_PRIVATE_VIEW:-}" ]; then
  exec "$script_dir/in-private" "${VIEW:-auto}" bash "$0" "$@"
fi

runtime_name=$(basename "$RUNTIME")
work=$MYRT_PRIVATE_DIR
state_root=$work/state
rootfs=$work/rootfs
cgroup_root=/sys/fs/cgroup
passed=0 failed=0 skipped=0 next=0
mkdir -p "$work/cases"

case $MYRT_PRIVATE_VIEW in
  v2) cgroup_version=2 ;;
  *) cgroup_version=1 ;;
esac

# make_rootfs DIR: busybox and its names, hard links of one file.
make_rootfs() {
  mkdir -p "$1"/{bin,dev,etc,proc,root,sys,tmp,var}
  cp "$(type -P busybox)" "$1/bin/busybox"
  "$1/bin/busybox" --install "$1/bin"
  printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n' >"$1/etc/passwd"
  printf 'root:x:0:\nuser:x:1000:\n' >"$1/etc/group"
}
make_rootfs "$rootfs"

# --- bundles -------------------------------------------------------------------------------------

# new_bundle [COMMAND...]: a new bundle in $bundle with a new container id in $id, whose process is
# COMMAND (default: sleep for as long as the script lives).
new_bundle() {
  next=$((next + 1))
  id=${case_tag:-c}-$next
  bundle=$work/cases/$id
  mkdir -p "$bundle"
  [ $# -gt 0 ] || set -- sleep 1000
  jq --arg rootfs "$rootfs" --arg id "$id" \
    '.root.path = $rootfs | .linux.cgroupsPath = "/cases/" + $id | .process.args = $ARGS.positional' \
    "$script_dir/config.json" --args -- "$@" >"$bundle/config.json"
}

# own_rootfs: gives the bundle a rootfs that the case may change.
own_rootfs() {
  cp -al "$rootfs" "$bundle/rootfs"
  edit '.root.path = "rootfs"'
}

# edit FILTER [jq options]: changes the bundle's configuration with jq.
edit() {
  local filter=$1
  shift
  jq "$@" "$filter" "$bundle/config.json" >"$bundle/config.new"
  mv "$bundle/config.new" "$bundle/config.json"
}

# shell TEXT: lets the container's process be sh -c TEXT.
shell() { edit '.process.args = ["sh", "-c", $text]' --arg text "$1"; }

new_namespace() { edit '.linux.namespaces += [{"type": $type}]' --arg type "$1"; }
without_namespace() { edit '.linux.namespaces |= map(select(.type != $type))' --arg type "$1"; }

# --- the runtime ---------------------------------------------------------------------------------

runtime() { "$RUNTIME" --root "$state_root" "$@"; }

# try COMMAND...: runs it and leaves its answer in $status, $out and $err. Never fails.
try() {
  status=0
  "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
  out=$(<"$work/out")
  err=$(<"$work/err")
}

# must COMMAND...: runs it and fails the case with all that it said when it does not succeed.
must() {
  try "$@"
  [ "$status" -eq 0 ] || fail "exit status $status of: ${*//$RUNTIME --root $state_root/}" "$out" "$err"
}

# in_terminal [OPTIONS] COMMAND...: runs it in a terminal (see tests/support/in-terminal).
in_terminal() { "$source_dir/tests/support/in-terminal" "$@"; }

create() { must runtime create --bundle "$bundle" "$@" "$id"; }
start() { must runtime start "$id"; }
run_detached() { must runtime run --detach --bundle "$bundle" "$@" "$id" ; }
run() { try runtime run --bundle "$bundle" "$@" "$id"; }
# run_ok: a foreground run that has to end with 0.
run_ok() {
  run "$@"
  [ "$status" -eq 0 ] || fail "exit status $status of run" "$out" "$err"
}
state_of() { runtime state "${2:-$id}" | jq -r ".$1"; }

# refused TEXT...: the bundle has to be refused by create, with every TEXT in the message, and
# nothing may be left of the attempt.
refused() {
  local before text
  before=$(snapshot)
  # With a log the text on stderr is plain, without quoting.
  try runtime --log "$work/refused.log" create --bundle "$bundle" "$id"
  [ "$status" -eq 1 ] || fail "create of a bad bundle has exit status $status" "$err"
  [ -n "$err" ] || fail 'no message'
  for text in "$@"; do contains "$err" "$text"; done
  same "$(snapshot)" "$before" 'what is left behind'
}

# wait_until COMMAND...: waits, PATIENCE (default: 30) seconds at most, for something that has no file descriptor to wait on.
wait_until() {
  local deadline=$((SECONDS + ${PATIENCE:-30}))
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || fail "waited in vain for: $*"
    sleep 0.02
  done
}
status_is() { [ "$(state_of status "${2:-$id}")" = "$1" ]; }
wait_status() { wait_until status_is "$@"; }

# --- what to expect ------------------------------------------------------------------------------

fail() {
  printf '%s\n' "$@"
  exit 1
}
same() { [ "$1" = "$2" ] || fail "${3:-value}: got and expected:" "$1" "---" "$2"; }
differs() { [ "$1" != "$2" ] || fail "${3:-value} is still $2"; }
contains() { case $1 in *"$2"*) ;; *) fail "no \`$2\` in:" "$1" ;; esac; }
lacks() { case $1 in *"$2"*) fail "\`$2\` in:" "$1" ;; esac; }
matches() { [[ $1 =~ $2 ]] || fail "no match of /$2/ in:" "$1"; }
is_status() { [ "$status" -eq "$1" ] || fail "exit status $status, expected $1" "$out" "$err"; }
skip() {
  echo "$*" >"$work/skip"
  exit 77
}
needs_v1() { [ "$cgroup_version" = 1 ] || skip 'cgroup v1 only'; }
needs_v2() { [ "$cgroup_version" = 2 ] || skip 'cgroup v2 only'; }
needs_controller() { # NAME
  if [ "$cgroup_version" = 1 ]; then
    [ -d "$cgroup_root/$1" ] || skip "no $1 controller"
  else
    grep -qw "$1" $cgroup_root/cgroup.controllers || skip "no $1 controller in this view"
  fi
}

apparmor_is_on() { [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; }
needs_apparmor() { apparmor_is_on && type -P apparmor_parser >/dev/null || skip 'no AppArmor'; }

# cgroup_dir CONTROLLER [CGROUP]: where a container's cgroup is.
cgroup_dir() {
  local group=${2:-/cases/$id}
  if [ "$cgroup_version" = 1 ]; then echo "$cgroup_root/$1$group"; else echo "$cgroup_root$group"; fi
}

# snapshot: everything that a runtime could leave behind.
snapshot() {
  echo 'cgroups:'
  # A parent that did not exist is the caller's to keep or to remove.
  find $cgroup_root -mindepth 1 -type d | grep -v '/cases$' | sort || :
  echo "mounts: $(wc -l </proc/self/mountinfo)"
  echo 'state:'
  ls -A "$state_root" 2>/dev/null || :
  echo 'processes:'
  # The sandbox's own are all bash, and what $() and pipes start here.
  ps -e -o comm= | grep -vxE 'bash|ps|grep|sort|find|wc|timeout|in-private' | sort || :
}

# --- cases ---------------------------------------------------------------------------------------

deviation() { # NAME: why the peer under test is excused, if it is
  local list=$script_dir/deviations/$runtime_name pattern reason
  [ -e "$list" ] || return 1
  while IFS='|' read -r pattern reason; do
    case $pattern in '' | '#'*) continue ;; esac
    case $(basename "$0" .sh)": $1" in *"$pattern"*) echo "$reason" && return 0 ;; esac
  done <"$list"
  return 1
}

delete_everything() {
  local container
  for container in $(ls "$state_root" 2>/dev/null); do
    runtime resume "$container" || :
    runtime delete --force "$container" || :
  done >/dev/null 2>&1 </dev/null
  rm -rf "$work/cases" "$state_root"
  mkdir -p "$work/cases"
}

# it NAME FUNCTION: runs one case, in a subshell of its own that stops at the first failure.
it() {
  local name=$1 function=$2 reason result
  case $name in *"${CASE:-}"*) ;; *) return 0 ;; esac
  if reason=$(deviation "$name"); then
    skipped=$((skipped + 1))
    echo "ok $name # skip $runtime_name:$reason"
    return 0
  fi
  case_tag=${function//_/-}
  # Not as part of a condition: there bash takes no notice of -e.
  (
    set -eE
    trap 'echo "at ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND" >&2' ERR
    "$function"
  ) >"$work/log" 2>&1 </dev/null
  result=$?
  if [ $result -eq 0 ]; then
    passed=$((passed + 1))
    echo "ok $name"
  elif [ $result -eq 77 ]; then
    skipped=$((skipped + 1))
    echo "ok $name # skip $(<"$work/skip")"
  else
    failed=$((failed + 1))
    echo "not ok $name"
    sed 's/^/    /' "$work/log"
  fi
  delete_everything
}

# The last line of every script.
finish() {
  echo "# $(basename "$0") $MYRT_PRIVATE_VIEW $runtime_name: $passed passed, $failed failed, $skipped skipped"
  [ $failed -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
  exit
}
