#!/bin/bash
# Free races: no stops, ROUNDS rounds of each, against an attacker who exchanges names all the time.
# What they could find has a deterministic test, with its control, in the other scripts.
source "$(dirname "$0")/lib.sh"

# racing PAIR...: starts the racer on pairs of names; stop_racing counts what it has done.
racing() {
  "$RACER" exchange "$@" >"$bundle/racer" &
  racer=$!
  trap 'kill -KILL $racer 2>/dev/null || :' EXIT
  wait_until grep -q begun "$bundle/racer"
}
stop_racing() {
  kill -TERM $racer
  wait $racer || :
  trap - EXIT
  exchanged=$(tail -1 "$bundle/racer")
  [ "$exchanged" -gt $((ROUNDS * 2)) ] || fail "only $exchanged exchanges in $ROUNDS rounds: nothing was tried"
}
quietly() { timeout --kill-after=5 60 "$RUNTIME" --root "$state_root" "$@" </dev/null >"$bundle/out" 2>"$bundle/err"; }

race_of_a_start() {
  # Everything at once: destinations, their parents, devices, masks, /proc, the working directory.
  outside_bundle sh -c 'grep -q " /elsewhere " /elsewhere/self/mountinfo && echo landed; grep -q 1 /secret && echo unmasked; :'
  mkdir -p "$bundle/rootfs"/{a/b,elsewhere,devices,work}
  touch "$bundle/rootfs/a/keep"
  echo 1 >"$bundle/rootfs/secret"
  ln -s "$outside" "$bundle/rootfs/link"
  ln -s elsewhere "$bundle/rootfs/proc-link"
  ln -s "$outside" "$bundle/rootfs/devices-link"
  ln -s "$outside/cwd" "$bundle/rootfs/work-link"
  watch_mounts
  edit '.mounts += [{destination: "/a/b", type: "bind", source: "data", options: ["bind"]},
      {destination: "/a/new/d", type: "tmpfs", source: "tmpfs"},
      {destination: "/a/keep", type: "bind", source: "data/file", options: ["bind"]}]
    | .linux.devices = [{path: "/devices/null", type: "c", major: 1, minor: 3}]
    | .linux.maskedPaths += ["/secret"] | .process.cwd = "/work"'
  racing "$bundle/rootfs/a" "$bundle/rootfs/link" "$bundle/rootfs/proc" "$bundle/rootfs/proc-link" \
    "$bundle/rootfs/devices" "$bundle/rootfs/devices-link" "$bundle/rootfs/work" "$bundle/rootfs/work-link"
  local round started=0
  for round in $(seq "$ROUNDS"); do
    if quietly run --bundle "$bundle" "$id"; then started=$((started + 1)); else quietly delete --force "$id" || :; fi
    grep -qE 'landed|unmasked' "$bundle/out" && breached "round $round: $(<"$bundle/out")"
    [ ! -s "$bundle/leaked" ] || breached "round $round: $(<"$bundle/leaked")"
    if [ $((round % 50)) = 0 ]; then outside_holds; fi
  done
  outside_holds
  stop_racing
  echo "$started of $ROUNDS started, $exchanged exchanges" >"$work/note"
}

race_of_exec() {
  # A container that looks for the binary and the descriptors of whoever enters it.
  outside_bundle
  local copy=$bundle/$runtime_name before round
  cp "$RUNTIME" "$copy"
  before=$(sha256sum <"$copy")
  mkdir -p "$bundle/rootfs/work/there"
  ln -s "/proc/self/fd/7" "$bundle/rootfs/work-link"
  shell 'while :; do for p in /proc/[0-9]*; do [ $p = /proc/1 ] && continue
      (echo overwritten >$p/exe) 2>/dev/null; cat $p/root/../../..'"$outside"'/keep $p/cwd/keep 2>/dev/null >>/found; done; done'
  quietly run --detach --bundle "$bundle" "$id" || fail "$(<"$bundle/err")"
  racing "$bundle/rootfs/work" "$bundle/rootfs/work-link"
  for round in $(seq "$ROUNDS"); do
    timeout --kill-after=5 60 "$copy" --root "$state_root" exec --cwd /work "$id" cat keep 7<"$outside" </dev/null >"$bundle/out" 2>/dev/null || :
    ! grep -q $canary "$bundle/out" "$bundle/rootfs/found" 2>/dev/null || breached "round $round: read the host's file"
  done
  stop_racing
  [ "$(sha256sum <"$copy")" = "$before" ] || breached 'the binary was written to'
  outside_holds
  echo "$ROUNDS rounds, $exchanged exchanges" >"$work/note"
}

race_of_hot_mounts() {
  outside_bundle
  mkdir -p "$bundle/rootfs/a"
  ln -s /proc/1/attr "$bundle/rootfs/link"
  quietly run --detach --bundle "$bundle" "$id" || fail "$(<"$bundle/err")"
  echo '[{"destination": "/a", "source": "'"$bundle"'/data", "type": "bind", "options": ["bind"]}]' >"$bundle/mounts.json"
  quietly mounts add "$id" "$bundle/mounts.json" || { is_peer && skip 'has no hot mounts'; }
  quietly mounts remove "$id" "$bundle/mounts.json" || fail "$(<"$bundle/err")"
  racing "$bundle/rootfs/a" "$bundle/rootfs/link"
  local round added=0 pid
  pid=$(state_of pid)
  for round in $(seq "$ROUNDS"); do
    if quietly mounts add "$id" "$bundle/mounts.json"; then
      added=$((added + 1))
      ! grep -q ' /proc/1/attr ' "/proc/$pid/mountinfo" || breached "round $round: mounted over /proc"
      until quietly mounts remove "$id" "$bundle/mounts.json"; do :; done
    fi
  done
  stop_racing
  echo "$added of $ROUNDS added, $exchanged exchanges" >"$work/note"
}

attack CVE-2021-30465 race 'a start against four exchanged pairs' race_of_a_start
attack CVE-2019-5736 race 'exec against a container that looks for the binary' race_of_exec
attack hot-mounts race 'mounts add against an exchanged destination' race_of_hot_mounts
finish
