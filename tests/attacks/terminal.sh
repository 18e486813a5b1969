#!/bin/bash
# Hostile terminals: what lies at /dev/console and /dev/pts, or is put there while a container starts.
source "$(dirname "$0")/lib.sh"

console_link() {
  local how
  for how in create 'run --detach'; do
    outside_bundle true
    ln -s "$outside/console" "$bundle/rootfs/dev/console"
    edit '.process.terminal = true'
    # A devpts is needed for a terminal; /dev itself stays the image's.
    edit '.mounts |= map(select(.destination as $d | ["/dev", "/dev/shm", "/dev/mqueue"] | index($d) | not))'
    "$script_dir/console-socket" "$bundle/console.sock" >"$bundle/console.text" 2>&1 &
    wait_until test -S "$bundle/console.sock"
    # shellcheck disable=SC2086
    attempt $how --console-socket "$bundle/console.sock"
    outside_holds
  done
}

# /dev is a volume that the attacker has too: which directory `pts` is, is his choice.
console_bundle() {
  outside_bundle sh -c 'stat -c "console %t:%T" /dev/console >/result'
  mkdir -p "$bundle/volume/pts" "$bundle/volume/evil"
  echo attack >"$bundle/volume/evil/0"
  edit '.process.terminal = true
    | .mounts |= map(if .destination == "/dev" then {destination: "/dev", type: "bind", source: "volume", options: ["bind"]} else . end)'
  "$script_dir/console-socket" "$bundle/console.sock" >"$bundle/console.text" 2>&1 &
  wait_until test -S "$bundle/console.sock"
}
start_and_see_console() {
  if [ "$status" -eq 0 ] && status_is created; then try timeout 30 "$RUNTIME" --root "$state_root" start "$id"; fi
  [ "$status" -ne 0 ] || wait_status stopped
  if [ -s "$bundle/rootfs/result" ]; then
    grep -q 'console 88:' "$bundle/rootfs/result" || breached "/dev/console: $(<"$bundle/rootfs/result")"
  fi
}
console_exchange() {
  local how
  for how in create 'run --detach'; do
    console_bundle
    # shellcheck disable=SC2086
    at_stop console "'$RACER' swap '$bundle/volume/pts' '$bundle/volume/evil'" \
      $how --bundle "$bundle" --console-socket "$bundle/console.sock" "$id"
    start_and_see_console
    [ -s "$bundle/rootfs/result" ] || fail 'the container says nothing' "$err"
  done
}
pts_exchange() {
  pts_is_a_link
  pts_is_a_node
}
pts_is_a_link() {
  console_bundle
  ln -s /proc/1/attr/exec "$bundle/volume/evil/ptmx"
  at_hook "'$RACER' swap volume/pts volume/evil"
  start_with_a_terminal
}
# A node that leads to the true devpts, beside files with the names of terminals: what is opened by its
# name is given to the container's user.
pts_is_a_node() {
  console_bundle
  edit '.process.user = {"uid": 1000, "gid": 1000}'
  mknod -m 666 "$bundle/volume/evil/ptmx" c 5 2
  at_hook "mv volume/pts volume/former && mv volume/evil volume/pts && mv volume/former volume/pts/pts"
  start_with_a_terminal
  [ -c "$bundle/volume/pts/ptmx" ] || fail 'the hook has not exchanged anything' "$err"
  [ "$(stat -c %u "$bundle/volume/pts/0")" = 0 ] || breached "a file named as a terminal was given to $(stat -c %u "$bundle/volume/pts/0")"
  [ "$(<"$bundle/volume/pts/0")" = attack ] || breached "a file named as a terminal was written to: $(<"$bundle/volume/pts/0")"
}
start_with_a_terminal() {
  try timeout 60 "$RUNTIME" --root "$state_root" create --bundle "$bundle" --console-socket "$bundle/console.sock" "$id"
  start_and_see_console
}

attack CVE-2025-52565 stop '/dev/pts is exchanged before the console' console_exchange without-console-fd
attack CVE-2025-52565 static '/dev/pts is exchanged before the terminal is opened' pts_exchange without-devpts-check,without-terminal-peer
attack CVE-2026-88264 static '/dev/console is a link' console_link without-nofollow
finish
