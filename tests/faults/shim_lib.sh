# Sourced by tests/faults/shim: containerd, a container's life, its clean-up and the census after it.
# shellcheck shell=bash disable=SC2034,SC2154

control=$work/control # kill_at's files
image=docker.io/library/bb:latest
id=killed
bound=30 # seconds for any command
bundles=/run/containerd/io.containerd.runtime.v2.task/default
declare -A kills=([process]=0 [server]=0 [containerd]=0 [init]=0)
missed=0 failures=0 wrong='' hit_during='' needed=''
declare -A needs=([other]=0 [restart]=0)

# --- containerd ----------------------------------------------------------------------------------

start_world() {
  local program
  program=$(realpath "${KILL_AT:-$source_dir/build/dev/tests/kill_at}")
  if [ ! -x "$program" ] || [ ! -x "$SHIM" ]; then
    echo "a program is missing: $SHIM, $program" >&2
    exit 2
  fi
  mkdir "$control"
  ln -s "$SHIM" "$control/shim"
  export KILL_AT=$control
  echo none 0 none >"$control/point"
  ctr_runtime=(--runtime "$program")
  root_options=()
  write_containerd_config
  # It is started a thousand times: this one takes most of the time, and has nothing to do here.
  sed -i '1a disabled_plugins = ["io.containerd.grpc.v1.cri"]' "$work/containerd.toml"
  raise_containerd
  import_images default
  touch "$work/before"
  live whole none 0 none # what is made once: the parents of the cgroups
  try_clean_up
  settle
}

raise_containerd() {
  local deadline=$((SECONDS + bound))
  start_daemon containerd containerd --log-level info --config "$work/containerd.toml"
  echo "${daemons[containerd]}" >"$control/containerd"
  until command ctr version >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || { echo "containerd does not start: $(tail -30 "$work/containerd.log")" && exit 2; }
    sleep 0.02
  done
}
# As systemd does it.
have_containerd() { ! is_gone "${daemons[containerd]}" 2>/dev/null || raise_containerd; }

# ctr, bounded: a command that hangs is a failure. It is not 137 that says so: ctr ends with what a container has ended with.
ctr() {
  local status=0
  timeout --kill-after=1 $bound ctr "$@" || status=$?
  [ $status -ne 124 ] || { echo "\`ctr $*\` took longer than $bound s; what waits:" && what_waits; } >>"$work/hung"
  return $status
}
what_waits() {
  local directory pid
  for directory in /proc/[0-9]*; do
    pid=${directory#/proc/}
    case $(cat "$directory/comm" 2>/dev/null) in
      '' | bash | cat | timeout | unshare | in-private) ;;
      *) echo "$pid $(tr '\0' ' ' <"$directory/cmdline" | cut -c-120): $(awk '/^State/ { print $2 }' "$directory/status") in" \
        "$(cat "$directory/wchan"), call $(cut -d' ' -f1 "$directory/syscall")" ;;
    esac
  done 2>/dev/null
}

# --- a life --------------------------------------------------------------------------------------

# live LIFE ROLE NUMBER VICTIM: what came before the kill has to succeed, and nothing may hang.
live() {
  local step steps=(run exec pause resume kill delete remove)
  [ "$1" = whole ] || steps=(run kill_shim find_nothing remove)
  rm -f "$control"/{hit,server,init,calls,over} "$work/hung"
  hit_during=''
  echo "$2 $3 $4" >"$control/point"
  for step in "${steps[@]}"; do
    have_containerd
    status=0
    "step_$step" >"$work/said" 2>&1 </dev/null || status=$?
    # When only a `delete` is traced nobody has seen what the job has made.
    [ "$step" != run ] || [ -e "$control/init" ] || cp "$bundles/$id/init.pid" "$control/init" 2>/dev/null
    if [ -e "$control/hit" ]; then
      hit_during=${hit_during:-$step}
    elif [ $status -ne 0 ]; then
      wrong+="without a kill, \`$step\` ended with $status: $(<"$work/said")"$'\n'
    fi
  done
  # containerd's own clean-up comes after the answer to the delete.
  case $2 in delete | all) within 5 test -e "$control/over" >/dev/null || : ;; esac
}

step_run() {
  # Its source is in the root.
  [ "${ROOT:-container}" = container ] || root_options=(--mount "type=bind,src=$bundles/$id/rootfs/etc,dst=/mnt,options=rbind")
  ctr_run -d "${root_options[@]}" -- "$id" sleep 1000
}
step_exec() { ctr task exec --exec-id e1 "$id" true; }
step_pause() { ctr task pause "$id"; }
step_resume() { ctr task resume "$id"; }
step_kill() { ctr task kill -s KILL "$id"; }
step_remove() { ctr container delete "$id"; }
# The end comes a moment after the signal. ctr itself ends with what the container has ended with.
step_delete() {
  local deadline=$((SECONDS + 10)) said status
  while true; do
    status=0
    said=$(ctr task delete "$id" 2>&1) || status=$?
    case $said in *'must be stopped'* | *'still running'*) ;; *) break ;; esac
    [ $SECONDS -lt $deadline ] || break
    sleep 0.02
  done
  echo "$said"
  [ $status -eq 0 ] || [ $status -eq 137 ]
}
# What the `delete` is to do is left to it: containerd has heard of the end by itself.
step_kill_shim() {
  kill -KILL "$(pgrep -f "^$control/shim .*-id $id start")" && within 10 is_forgotten
}
step_find_nothing() { ! step_delete; }
is_forgotten() { ! ctr task list | grep -q "^$id "; }

# --- clean-up ------------------------------------------------------------------------------------

# What an administrator has: the same again, other containers, and at last a restart of containerd, which looks at every bundle
# then. A shim that nobody knows needs its time.
clean_up() {
  leave_nothing
  [ ! -e "$work/hung" ] || wrong+=$(<"$work/hung")$'\n'
}
leave_nothing() {
  echo none 0 none >"$control/point"
  have_containerd
  [ "$status" = 0 ] || try_clean_up
  ! within_census 2 || return 0
  needed=other
  try_clean_up
  run_another
  ! within_census 2 || return 0
  needed=restart
  stop_daemon containerd
  raise_containerd
  try_clean_up
  ! within_census 14 || return 0
  run_another
  ! within_census 5 || return 0
  wrong+="left ($(date +%T)):"$'\n'$(census | diff "$work/before" - | grep '^[<>]')$'\n'$(what_waits)$'\n'$(tail -8 "$work/containerd.log")$'\n'
}
# Its `delete` finds the sockets of the dead.
run_another() { ctr_run --rm -- another true >"$work/said" 2>&1 </dev/null; }
try_clean_up() {
  {
    step_kill
    step_delete
    step_remove
    command ctr snapshot remove "$id" # of a containerd that was killed between a container and its snapshot
  } >"$work/said" 2>&1 </dev/null
  # ctr's own: a client that is killed, or finds no task, leaves them.
  find /run/containerd/fifo -mindepth 1 -delete 2>/dev/null
}
# What is there when nothing has changed for a second is what the next lives are compared with.
settle() {
  local deadline=$((SECONDS + bound))
  while census >"$work/before"; do
    sleep 1
    ! census | cmp -s "$work/before" - || break
    [ $SECONDS -lt $deadline ] || break
  done
}
within_census() { # SECONDS
  local deadline=$((SECONDS + $1))
  until census | cmp -s "$work/before" -; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.03
  done
}

# Whatever could be left, but for the script's own processes.
census() {
  local file name
  {
    find /sys/fs/cgroup -mindepth 1 -type d
    find /run -path /run/containerd/fifo -prune -o -print
    cut -d' ' -f5 /proc/self/mountinfo
    for file in /proc/[0-9]*/comm; do
      { read -r name <"$file"; } 2>/dev/null || continue
      case $name in bash | find | cut | sort | cmp | diff | grep | cat | containerd | unshare | in-private | shim) ;; *) echo "process $name" ;; esac
    done
  } 2>/dev/null | sort
}
