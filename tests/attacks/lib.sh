# Sourced by every script of this folder. The words of tests/integration/lib.sh, and those for attacks:
# what a case finds is `breached`, which is not the same as a case that did not work (`fail`).
#   RUNTIME         the runtime that is attacked (default: build/myrt)
#   ATTACK_RUNTIME  a myrt that can be stopped and weakened (default: build/test-gcc/tests/attacks/myrt); see sys/weakness.h
#   RACER           default: next to it
#   ROUNDS          of each free race (default: 10000)
#   RESULTS         a file that gets a line for every attack
attacks_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$attacks_dir/../integration/lib.sh"
build_dir=$source_dir/build/test-gcc/tests/attacks
ATTACK_RUNTIME=$(realpath -m "${ATTACK_RUNTIME:-$build_dir/myrt}")
RACER=$(realpath -m "${RACER:-$build_dir/racer}")
ROUNDS=${ROUNDS:-10000}
RESULTS=${RESULTS:-/dev/null}
attacked=$RUNTIME
peer=no
case $runtime_name in myrt*) ;; *) peer=yes ;; esac
for program in $RACER $([ $peer = yes ] || echo "$ATTACK_RUNTIME"); do
  [ -x "$program" ] || { echo "$program is missing: tests/attacks/run builds it" >&2; exit 2; }
done

# --- words for the attacks -----------------------------------------------------------------------

# The attack has succeeded.
breached() {
  printf 'BREACHED: %s\n' "$@"
  exit 99
}
is_peer() { [ $peer = yes ]; }
# What only this runtime promises: a peer may say it differently.
of_myrt() { is_peer || "$@"; }

# A directory next to the rootfs that must stay as it is.
canary=this-is-the-hosts
outside_bundle() {
  new_bundle "$@"
  own_rootfs
  outside=$bundle/outside
  mkdir -p "$outside/b" "$bundle/data"
  echo $canary >"$outside/keep"
  echo data >"$bundle/data/file"
  untouched=$(find "$outside" -printf '%P %y %m %U %s\n' | sort)
}
outside_holds() {
  [ "$(<"$outside/keep")" = $canary ] || breached "the host's file: $(<"$outside/keep")"
  local now
  now=$(find "$outside" -printf '%P %y %m %U %s\n' | sort)
  [ "$now" = "$untouched" ] || breached "the host's directory is:" "$now" "and was:" "$untouched"
  [ ! -s "$bundle/leaked" ] || breached "mounted outside: $(<"$bundle/leaked")"
}
# Nothing of the image's /dev is covered: it is what the attacker made of it.
dev_of_the_image() { edit '.mounts |= map(select(.destination | startswith("/dev") | not))'; }
# at_hook ACTION: the attacker acts when the root is built, and not yet entered, masked and read-only.
at_hook() { edit '.hooks.createRuntime = [{path: "/bin/bash", args: ["bash", "-c", $text]}]' --arg text "cd '$bundle'; $1"; }
# Shows mounts outside of the root while they can be seen: in the container's mount namespace, before
# it enters its root. Every runtime offers that moment, as the createContainer hooks.
watch_mounts() {
  edit '.hooks.createContainer = [{path: "/bin/sh", args: ["sh", "-c", $text]}]' \
    --arg text "grep -F ' $outside' /proc/self/mountinfo >'$bundle/leaked'; :"
}
# A peer may hang where it is attacked.
run() { try timeout --kill-after=5 60 "$RUNTIME" --root "$state_root" run --bundle "$bundle" "$@" "$id"; }
# by run|create: the bundle's program from its beginning to its end; what it says is in $out and $err.
by() {
  if [ "$1" = run ]; then
    run
    return
  fi
  : >"$work/err"
  status=0
  timeout --kill-after=5 60 "$RUNTIME" --root "$state_root" create --bundle "$bundle" "$id" >"$work/said" 2>>"$work/err" </dev/null || status=$?
  if [ "$status" -eq 0 ]; then
    timeout --kill-after=5 60 "$RUNTIME" --root "$state_root" start "$id" >/dev/null 2>>"$work/err" </dev/null || status=$?
    # A peer may hang where it is attacked; what its container has said by then is what counts.
    if [ "$status" -eq 0 ] && is_peer; then (wait_status stopped) || :; fi
    if [ "$status" -eq 0 ] && ! is_peer; then wait_status stopped; fi
  fi
  runtime delete --force "$id" >/dev/null 2>&1 || :
  out=$(<"$work/said")
  err=$(<"$work/err")
}
# attempt run|create|create-start: by this command; whether it succeeds is not the question.
attempt() {
  local how=$1
  shift
  try timeout --kill-after=5 60 "$RUNTIME" --root "$state_root" ${how%-start} --bundle "$bundle" "$@" "$id"
  if [ "$status" -eq 0 ] && [ "$how" = create-start ]; then try runtime start "$id"; fi
  runtime delete --force "$id" >/dev/null 2>&1 || :
}
# at_stop POINT ACTION RUNTIME-ARGUMENTS...: the command is stopped there, and the attacker acts. It is
# an error of the test when the point is not reached.
at_stop() {
  local point=$1 action=$2
  shift 2
  try "$RACER" stop "$point" "$action" "$RUNTIME" --root "$state_root" "$@"
  contains "$err" stopped
  lacks "$err" 'the action failed'
}

# --- the table -----------------------------------------------------------------------------------

# judged FUNCTION RUNTIME WEAKNESS: sets $verdict.
judged() {
  local result
  # Not as part of a condition: there bash takes no notice of -e.
  (
    set -eE
    trap 'echo "at ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND" >&2' ERR
    export MYRT_WEAKEN=$3
    RUNTIME=$2
    "$1"
  ) >"$work/log" 2>&1 </dev/null
  result=$?
  case $result in
    0) verdict=held ;;
    77) verdict="n/a: $(<"$work/skip")" ;;
    99) verdict=BREACHED ;;
    *) verdict='FAILED' ;;
  esac
  RUNTIME=$2 delete_everything
}

# published ROW: the peer has an advisory about this version (runc 1.1.5 and crun 1.8.1 are Debian 12's, crun
# 1.28 was sid's), and it was seen by hand: CVE-2026-41579 in runc before 1.3.6, its counterpart CVE-2026-47766 in crun;
# CVE-2026-88264 and CVE-2026-88265 in crun before 1.30. What the tests see beyond that is no finding: they were
# written with the promises of myrt in mind.
published() {
  case "$runtime_name $1" in
    'runc CVE-2026-41579' | 'crun CVE-2026-41579' | 'crun CVE-2026-88264' | 'crun CVE-2026-88265') ;;
    *) return 1 ;;
  esac
}

# attack ROW KIND WHAT FUNCTION WEAKNESS: one attack, and its control: without the mitigation the
# attack has to succeed.
#   static  the image or the request is the attack: any runtime can be tried
#   stop    the attacker acts at a stop point: only this runtime has them
#   race    no stops, ROUNDS rounds; what it can find has a control of kind stop
# WEAKNESS is one name, or several with commas between them where one rule stands behind another.
attack() {
  local row=$1 kind=$2 what=$3 function=$4 weakness=${5:-} victim=$attacked control='' good=1
  case "$row $what" in *"${CASE:-}"*) ;; *) return 0 ;; esac
  [ $kind = race ] || [ -n "$weakness" ] || { echo "$row, $what: has no control" >&2; exit 2; }
  case_tag=${function//_/-}
  if [ "$kind" = stop ]; then
    is_peer && return 0
    victim=$ATTACK_RUNTIME
  fi
  rm -f "$work/note"
  judged "$function" "$victim" ''
  local outcome=$verdict note=''
  if is_peer && { [ "$outcome" = FAILED ] || { [ "$outcome" = BREACHED ] && ! published "$row"; }; }; then
    outcome='n/a: not comparable'
  fi
  [ ! -s "$work/note" ] || note=$(<"$work/note")
  [ "$outcome" = held ] || cp "$work/log" "$work/log.kept"
  if ! is_peer && [ -n "$weakness" ] && [ "$outcome" = held ]; then
    judged "$function" "$ATTACK_RUNTIME" "$weakness"
    case $verdict in
      BREACHED) control=caught ;;
      *) control="MISSED ($verdict)" ;;
    esac
  fi
  printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$row" "$kind" "$what" "$outcome" "$control" "$note" >>"$RESULTS"
  case "$outcome $control" in
    'held ' | 'held caught') ;;
    n/a*) good=77 ;;
    *) good=0 ;;
  esac
  is_peer && [ "$outcome" = BREACHED ] && good=1
  if [ $good = 0 ]; then
    failed=$((failed + 1))
    echo "not ok $row, $kind: $what: $runtime_name $outcome${control:+, control $control}"
    if [ "$outcome" = held ]; then cut -c1-400 "$work/log"; else cut -c1-400 "$work/log.kept"; fi | sed 's/^/    /'
    return
  fi
  if [ $good = 77 ]; then skipped=$((skipped + 1)); else passed=$((passed + 1)); fi
  echo "ok $row, $kind: $what: $runtime_name $outcome${control:+, control $control}${note:+ ($note)}"
}
