# Sourced by every script of this folder, as: source "$(dirname "$0")/lib.sh"
#
# Runs the script in the sandbox of the integration tests (in-private, VIEW: see there), with a
# network namespace and a /run of its own, so that a real engine can be started in it: nothing of
# the machine's is touched, and whatever is left running dies with the sandbox. Gives the words that
# the scenarios are written in. RUNTIME names the runtime under test (default: build/myrt);
# deviations/NAME says what a peer is known to do otherwise. E2E=fast leaves out what is slow.
# Prints `ok NAME`, `ok NAME # why it is excused` or `not ok NAME` and what was seen.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_dir=$(cd "$here/../.." && pwd)
RUNTIME=$(type -P "${RUNTIME:-$source_dir/build/myrt}") || {
  echo "there is no runtime at ${RUNTIME:-$source_dir/build/myrt}" >&2
  exit 2
}
RUNTIME=$(realpath -s "$RUNTIME")
export RUNTIME
if [ -z "${MYRT_PRIVATE_VIEW:-}" ]; then
  exec "$here/../integration/in-private" "${VIEW:-auto}" unshare --net bash "$0" "$@"
fi

runtime_name=$(basename "$RUNTIME")
work=$MYRT_PRIVATE_DIR
passed=0 failed=0 excused=0
declare -A daemons=()
# The runtimes' default state roots, and what engines and monitors keep there. Sockets' names may
# not be long, so that what is the engine's lies in /run.
mount -t tmpfs -o mode=755 tmpfs /run || exit 2
# Engines keep keys and networks there whatever they are told, and scenarios have users of their own.
mkdir -p "$work/home" /run/tmp
chmod 1777 /run/tmp
{ cp -a /etc "$work/etc" && mount --bind "$work/etc" /etc; } || exit 2
for engine_state in /var/lib/{docker,containerd,containers,cni}; do
  [ ! -d "$engine_state" ] || mount -t tmpfs tmpfs "$engine_state" || exit 2
done
ip link set lo up
export HOME=$work/home TMPDIR=/run/tmp LC_ALL=C
unset XDG_RUNTIME_DIR NOTIFY_SOCKET LISTEN_FDS LISTEN_PID DOCKER_HOST CONTAINERD_NAMESPACE

# --- running -------------------------------------------------------------------------------------

# try COMMAND...: leaves its answer in $status, $out and $err. Never fails.
try() {
  status=0
  "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
  out=$(<"$work/out")
  err=$(<"$work/err")
}

# split_at_dashes OPTIONS... -- COMMAND...: leaves them in the caller's arrays $options and $command.
split_at_dashes() {
  options=() command=()
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  command=("${@:2}")
}

# in_terminal [OPTIONS] COMMAND...: runs it in a terminal (see tests/support/in-terminal).
in_terminal() { "$source_dir/tests/support/in-terminal" "$@"; }

# within SECONDS COMMAND...: asks until the command says yes.
within() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >"$work/asked" 2>&1; do
    if [ $SECONDS -ge $deadline ]; then
      echo "waited in vain for: $*"
      cat "$work/asked"
      return 1
    fi
    sleep 0.1
  done
}

# is TEXT COMMAND...: whether that is all the command prints.
is() {
  local wanted=$1 got
  shift
  got=$("$@" 2>&1) || :
  echo "$got"
  [ "$got" = "$wanted" ]
}

# start_daemon NAME COMMAND...: in a session of its own; its words go to $work/NAME.log.
start_daemon() {
  local name=$1
  shift
  setsid "$@" >>"$work/$name.log" 2>&1 </dev/null &
  daemons[$name]=$!
  disown $!
}

# stop_daemon NAME [SIGNAL]: stops what start_daemon started, by its pid, and waits for its end.
stop_daemon() {
  local pid=${daemons[$1]:-}
  [ -n "$pid" ] || return 0
  unset "daemons[$1]"
  kill -"${2:-TERM}" "$pid" 2>/dev/null
  within 30 is_gone "$pid" || kill -KILL "$pid"
  return 0
}
is_gone() { [ ! -e "/proc/$1/stat" ] || grep -q ') Z ' "/proc/$1/stat"; }

stop_daemons() {
  local name
  for name in "${!daemons[@]}"; do stop_daemon "$name"; done
}
trap stop_daemons EXIT

# --- what is seen --------------------------------------------------------------------------------

pass() {
  passed=$((passed + 1))
  echo "ok $1"
}

# no NAME TEXT: a failure, unless the peer is excused.
no() {
  local reason
  if reason=$(deviation "$1"); then
    excused=$((excused + 1))
    echo "ok $1 # $runtime_name:$reason"
    return
  fi
  failed=$((failed + 1))
  echo "not ok $1"
  sed 's/^/    /' <<<"$2"
}

deviation() { # NAME: why the peer under test is excused, if it is
  local list=$here/deviations/$runtime_name pattern reason
  [ -e "$list" ] || return 1
  while IFS='|' read -r pattern reason; do
    case $pattern in '' | '#'*) continue ;; esac
    case "$(basename "$0" .sh): $1" in *"$pattern"*) echo "$reason" && return 0 ;; esac
  done <"$list"
  return 1
}

# expect NAME STATUS OUTPUT COMMAND...: OUTPUT is the whole of stdout, or a pattern of the shell's
# when it contains `*`.
expect() {
  local name=$1 wanted=$2 text=$3
  shift 3
  try "$@"
  case $text in
    *'*'*) if [[ $out == $text ]]; then text=$out; fi ;;
  esac
  if [ "$status" -eq "$wanted" ] && [ "$out" = "$text" ]; then
    pass "$name"
  else
    no "$name" "$(printf 'status %s, expected %s; stdout:\n%s\nexpected:\n%s\nstderr:\n%s\n' \
      "$status" "$wanted" "$out" "$text" "$err")"
  fi
}

# says NAME STATUS TEXT COMMAND...: the command ends so, and TEXT is in what it wrote to stderr.
says() {
  local name=$1 wanted=$2 text=$3
  shift 3
  try "$@"
  if [ "$status" -eq "$wanted" ] && [[ $err == *"$text"* ]]; then
    pass "$name"
  else
    no "$name" "status $status, expected $wanted; stdout: $out; stderr: $err; expected: $text"
  fi
}

expect_pipe() { # NAME TEXT COMMAND...: TEXT goes in and comes out
  local name=$1 text=$2
  shift 2
  out=$(printf '%s\n' "$text" | "$@" 2>"$work/err")
  if [ "$out" = "$text" ]; then pass "$name"; else no "$name" "$out $(<"$work/err")"; fi
}

# holds NAME COMMAND...: passes when the command does.
holds() {
  local name=$1
  shift
  if "$@" >"$work/held" 2>&1; then pass "$name"; else no "$name" "$(<"$work/held")"; fi
}

# as_configured NAME [COMMAND...]: of every container that the runtime lists (and there is one), the
# kernel applies what the engine has asked for: `effective` gives no false alarm. COMMAND is the
# runtime with global options, where it needs some.
as_configured() {
  local name=$1
  shift
  [ $# -gt 0 ] || set -- "$RUNTIME"
  holds "effective: $name" nothing_differs "$@"
}
nothing_differs() {
  local id ids differs=0
  ids=$("$@" list --quiet) && [ -n "$ids" ] || { echo 'there is no container' && return 1; }
  for id in $ids; do
    "$@" effective --diff "$id" || differs=1
  done
  return $differs
}

# scenario NAME: makes a part of a script that can be run alone, with PART=name.
part() { case $1 in *"${PART:-}"*) "$1" ;; esac; }

# slow_part NAME: not in the fast run.
slow_part() { [ "${E2E:-all}" = fast ] || part "$1"; }

# The last line of every script.
finish() {
  local log
  stop_daemons
  if [ $failed -gt 0 ]; then
    for log in "$work"/*.log; do
      [ -e "$log" ] || continue
      echo "# the end of $(basename "$log"):"
      tail -n "${E2E_LOG_LINES:-15}" "$log" | sed 's/^/#   /'
    done
  fi
  echo "# $(basename "$0" .sh) $MYRT_PRIVATE_VIEW $runtime_name: $passed passed, $failed failed, $excused excused"
  [ $failed -eq 0 ] && [ $((passed + excused)) -gt 0 ]
  exit
}

# --- images and leftovers ------------------------------------------------------------------------

# make_image_root DIR: a root filesystem of busybox with its names.
make_image_root() {
  mkdir -p "$1"/{bin,etc,tmp}
  chmod 1777 "$1/tmp"
  cp "$(type -P busybox)" "$1/bin/busybox"
  "$1/bin/busybox" --install "$1/bin"
  printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n' >"$1/etc/passwd"
  printf 'root:x:0:\nuser:x:1000:\n' >"$1/etc/group"
}

has_controller() { # NAME
  if [ "$MYRT_PRIVATE_VIEW" = v2 ]; then
    grep -qw "$1" /sys/fs/cgroup/cgroup.controllers
  else
    [ -d "/sys/fs/cgroup/$1" ]
  fi
}

# snapshot: what a container could leave behind, apart from what is the engine's own.
snapshot() {
  echo cgroups:
  find /sys/fs/cgroup -mindepth 2 -type d -path "*${1:-}*" | sort
  echo mounts:
  awk '{print $5}' /proc/self/mountinfo | sort
  echo 'runtime state:'
  find /run/myrt /run/runc /run/crun "${2:-/nonexistent}" -mindepth 1 -maxdepth 1 2>/dev/null | sort
}
