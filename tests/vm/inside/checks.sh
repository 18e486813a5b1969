# Sourced by the scripts of this folder that drive an engine: a work directory, a little image, and
# the words of their checks. RUNTIME names the runtime, DRIVER the cgroup driver. Prints `ok NAME`
# and `not ok NAME`.
set -uo pipefail
work=$(mktemp -d)
passed=0 failed=0

# check NAME STATUS TEXT COMMAND...: status and the whole of stdout (`*`: any).
check() {
  local name=$1 wanted=$2 text=$3 status=0 out bound=(timeout "${PATIENCE:-120}")
  shift 3
  if declare -F "$1" >/dev/null; then bound=(); fi # functions have one of their own
  out=$("${bound[@]}" "$@" 2>"$work/err" </dev/null) || status=$?
  if [ "$status" -eq "$wanted" ] && { [ "$text" = '*' ] || [ "$out" = "$text" ]; }; then
    passed=$((passed + 1))
    echo "ok $name"
  else
    failed=$((failed + 1))
    printf 'not ok %s\n    status %s, expected %s; stdout: %s; stderr: %s\n' "$name" "$status" "$wanted" "$out" "$(tail -c 600 "$work/err")"
  fi
}

# wait_for COMMAND...: until it succeeds, PATIENCE seconds at most.
wait_for() {
  local deadline=$((SECONDS + ${PATIENCE:-120}))
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.1
  done
}

# make_image FILE: busybox and its names, as a tar archive.
make_image() {
  mkdir -p "$work/image"/{bin,etc,tmp}
  cp "$(type -P busybox)" "$work/image/bin/"
  "$work/image/bin/busybox" --install "$work/image/bin"
  printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/:/bin/sh\n' >"$work/image/etc/passwd"
  tar -C "$work/image" -cf "$1" .
}

finish() {
  echo "# $(basename "$0"): $passed passed, $failed failed"
  [ $failed -eq 0 ] && [ $passed -gt 0 ]
  exit
}
