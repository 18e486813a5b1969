#!/bin/bash
# Hostile processes and requests: what a container can do to a process that enters it, and what a
# request can carry.
source "$(dirname "$0")/lib.sh"

all_capabilities() {
  edit '.process.capabilities |= with_entries(.value = $all) | .process.noNewPrivileges = false' \
    --argjson all '["CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_DAC_READ_SEARCH","CAP_KILL","CAP_SYS_PTRACE","CAP_SETUID","CAP_SETGID","CAP_SYS_ADMIN"]'
}
user_namespace() {
  new_namespace user
  edit '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
  chmod 711 "$work" "$work/cases"
}

# --- the runtime's binary ------------------------------------------------------------------------

# libraries_of PROGRAM: into the rootfs, for a peer that is not static.
libraries_of() {
  local library
  for library in $(ldd "$1" 2>/dev/null | grep -o '/[^ )]*' || :); do
    install -D "$library" "$bundle/rootfs$library"
  done
}

# What the container does: takes hold of the binary that executes /evil, lets it end, and writes.
takes_hold='
for i in $(seq 600); do
  for p in /proc/[0-9]*; do
    grep -q /evil "$p/cmdline" 2>/dev/null && grep -q -- --unheard-of "$p/cmdline" && break 2
  done
  usleep 50000
done
exec 9<"$p/exe" || exit 3
cat /pipe >/dev/null 2>&1 &
while [ -e "$p/exe" ] && readlink "$p/exe" >/dev/null; do usleep 10000; done
for i in 1 2 3 4 5 6 7 8 9 10; do
  echo overwritten 2>/dev/null >/proc/self/fd/9 && exit 0
  usleep 20000
done
exit 4'

binary_overwritten() {
  # CVE-2019-5736. The payload is the runtime itself, which stays for as long as its error cannot be
  # written: stderr is a pipe that is full.
  local how before copy
  for how in exec run create; do
    outside_bundle
    copy=$bundle/$runtime_name
    cp "$RUNTIME" "$copy"
    before=$(sha256sum <"$copy")
    libraries_of "$copy"
    printf '#!/proc/self/exe --unheard-of\n' >"$bundle/rootfs/evil"
    chmod 755 "$bundle/rootfs/evil"
    mkfifo "$bundle/rootfs/pipe"
    exec 8<>"$bundle/rootfs/pipe"
    head -c 65536 /dev/zero >&8
    edit '.process.env += ["HOME=/root"]'
    run_detached
    local first=$id pid
    pid=$(state_of pid)
    if [ $how = exec ]; then
      timeout 60 "$copy" --root "$state_root" exec --detach "$id" /evil 2>&8 8<&- || fail 'no exec of /evil'
    else
      # A container of the same pod.
      edit '.process.args = ["/evil"] | .linux.cgroupsPath += "-second"
        | .linux.namespaces |= map(if .type == "pid" then .path = $path else . end)' --arg path "/proc/$pid/ns/pid"
      id=$id-second
      if [ $how = run ]; then
        timeout 60 "$copy" --root "$state_root" run --detach --bundle "$bundle" "$id" 2>&8 8<&- || fail 'no run of /evil'
      else
        timeout 60 "$copy" --root "$state_root" create --bundle "$bundle" "$id" 2>&8 8<&- || fail 'no create of /evil'
        timeout 60 "$copy" --root "$state_root" start "$id" 8<&- || fail 'no start of /evil'
      fi
    fi
    try timeout 60 "$RUNTIME" --root "$state_root" exec "$first" sh -c "$takes_hold"
    [ "$(sha256sum <"$copy")" = "$before" ] || breached "$how: the binary is now: $(head -c 40 "$copy")"
    is_status 4
    runtime delete --force "$id" >/dev/null 2>&1 || :
    id=$first
    runtime delete --force "$id" >/dev/null 2>&1 || :
  done
}

# What a process in the container sees of one of ours that is in its pid namespace.
looks_for="
for p in /proc/[0-9]*; do
  [ \$p != /proc/\$\$ ] && grep -qa -- --root \$p/cmdline 2>/dev/null || continue
  echo found
  readlink \$p/exe && echo reached-its-binary
  ls \$p/root/etc && echo reached-its-root
  grep -ac = <\$p/environ && echo reached-its-environment
  ls -l \$p/fd/ && echo reached-its-fds
done
:"
judge_looking() {
  grep -q found "$bundle/seen" || fail 'the stopped process is not there' "$(<"$bundle/seen")"
  ! grep reached "$bundle/seen" || breached "$(<"$bundle/seen")"
}

exec_within_reach() {
  outside_bundle
  all_capabilities
  user_namespace
  run_detached
  at_stop exec-joined "'$RUNTIME' --root '$state_root' exec '$id' sh -c \"\$LOOKS\" >'$bundle/seen' 2>&1 || :" exec "$id" true
  judge_looking
}

init_within_reach() {
  outside_bundle
  all_capabilities
  user_namespace
  run_detached
  local pid first=$id
  pid=$(state_of pid)
  edit '.linux.namespaces |= map(if .type == "pid" or .type == "user" then .path = "/proc/\($pid)/ns/\(.type)" else . end)
    | .linux.cgroupsPath += "-second" | .process.args = ["true"] | del(.linux.uidMappings, .linux.gidMappings)' --arg pid "$pid"
  local how
  for how in run create; do
    at_stop init-joined "'$RUNTIME' --root '$state_root' exec '$first' sh -c \"\$LOOKS\" >'$bundle/seen' 2>&1 || :" \
      $how --bundle "$bundle" "$id-second"
    judge_looking
    runtime delete --force "$id-second" >/dev/null 2>&1 || :
  done
}

# --- descriptors and the working directory -------------------------------------------------------

reaches_outside='cat keep 2>/dev/null; cat "../../../../../../../../../..$1/keep" 2>/dev/null; cat "..$1/keep" 2>/dev/null; :'
judge_reach() {
  case $out in *"$canary"*) breached "$1: read the host's file" ;; esac
}
cwd_of_the_host() {
  outside_bundle sh -c "$reaches_outside" sh "$work/cases/cwd"
  edit '.process.args[3] = $dir' --arg dir "$outside"
  exec 7<"$outside" 33<"$outside"
  local number
  for number in $(seq 3 ${HIGHEST_FD:-64}); do
    edit '.process.cwd = "/proc/self/fd/'$number'"'
    run
    judge_reach "run, cwd of fd $number"
  done
  ln -s /proc/self/fd/7 "$bundle/rootfs/work"
  edit '.process.cwd = "/work"'
  run
  judge_reach 'run, a link to an fd'
  attempt create-start
  edit '.process.cwd = "/" | .process.args = ["sleep", "1000"]'
  run_detached
  for number in $(seq 3 ${HIGHEST_FD:-64}); do
    try timeout 60 "$RUNTIME" --root "$state_root" exec --cwd /proc/self/fd/$number "$id" sh -c "$reaches_outside" sh "$outside"
    judge_reach "exec, cwd of fd $number"
  done
}

# What CVE-2024-21626 began with: a descriptor that was nobody's business.
census_of() {
  [ "$1" = '0 1 2 ' ] || breached "$2 has descriptors $1"
}
fds_in_the_payload() {
  outside_bundle sh -c 'ls /proc/1/fd; :'
  exec 5<"$outside" 33<"$outside" 77</etc/passwd
  run_ok
  census_of "$(tr '\n' ' ' <<<"$out")" run
  edit '.process.args = ["sleep", "1000"]'
  create
  local pid
  pid=$(state_of pid)
  start
  wait_until sh -c "tr '\0' ' ' </proc/$pid/cmdline | grep -q ^sleep"
  census_of "$(ls "/proc/$pid/fd" | sort -n | tr '\n' ' ')" 'create and start'
  try timeout 60 "$RUNTIME" --root "$state_root" exec "$id" sh -c 'ls /proc/$$/fd; :'
  census_of "$(tr '\n' ' ' <<<"$out")" exec
}

# --- capabilities, users, groups -----------------------------------------------------------------

inheritable() {
  local how
  for how in run create; do
    outside_bundle sh -c 'grep CapInh /proc/self/status'
    by $how
    is_status 0
    [[ $out == *0000000000000000 ]] || breached "$how: $out"
  done
  edit '.process.args = ["sleep", "1000"]'
  run_detached
  local cap
  for cap in CAP_NET_BIND_SERVICE CAP_NET_RAW CAP_CHOWN; do
    must runtime exec --cap $cap "$id" grep CapInh /proc/self/status
    [[ $out == *0000000000000000 ]] || breached "exec --cap $cap: $out"
  done
}

# 174 texts for a user, and what each has to be.
user_strings() {
  python3 - <<'PYTHON'
import itertools
ids = ["0", "1", "7", "1000", "65534", "4294967294"]
good = ids + [f"{a}:{b}" for a, b in itertools.product(ids, ids)] + ["00", "01", "0001000", "1:01"]
marks = ["", " ", "\t", "+", "-", "x", "0x", ".", ",", "e1", "a", "root", "%", "/", "--"]
bad = [m + i for m in marks[1:] for i in ids[:3]] + [i + m for m in marks[1:] for i in ids[:3]]
bad += [f"1:{m}1" for m in marks[1:]] + [f"1:1{m}" for m in marks[1:]] + [f"{m}:1" for m in marks]
bad += ["1:", ":", "1:2:3", "4294967295", "4294967296", "18446744073709551616", "1:4294967295", "-1", "1:-1", "user", "user:user"]
# "-x" is an option, and never comes this far.
for text in list(dict.fromkeys(good + [b for b in bad if not b.startswith("-")]))[:200]:
    parts = text.split(":")
    valid = len(parts) < 3 and all(p.isascii() and p.isdigit() and int(p) < 2**32 - 1 for p in parts)
    print(text + "|" + (":".join(str(int(p)) for p in parts) if valid else "refused"))
PYTHON
}
users() {
  outside_bundle
  run_detached
  local text expected count=0
  while IFS='|' read -r text expected; do
    try timeout 60 "$RUNTIME" --root "$state_root" exec --user "$text" "$id" sh -c 'echo "$(id -u):$(id -g)"'
    count=$((count + 1))
    case $expected in *:* | refused) ;; *) expected=$expected:0 ;; esac
    [ "$status" -eq 0 ] || out=refused
    if [ "$expected" = refused ] && [ "$out" != refused ]; then breached "\`$text\` became $out"; fi
    if [ "$out" != refused ] && [ "$out" != "$expected" ]; then breached "\`$text\` became $out, not $expected"; fi
    of_myrt same "$out" "$expected" "$text"
  done < <(user_strings)
  [ $count -ge 170 ] || fail "only $count texts"
}

groups_denied() {
  # CVE-2014-8989: who may drop a group can read what is forbidden to it.
  outside_bundle sh -c 'cat /proc/self/setgroups'
  chmod 711 "$work" "$work/cases" "$bundle"
  chown -R 1000:1000 "$bundle/rootfs"
  mkdir -m 700 "$work/cases/user"
  chown 1000:1000 "$work/cases/user"
  user_namespace
  edit '.linux.uidMappings = [{"containerID": 0, "hostID": 1000, "size": 1}] | .linux.gidMappings = .linux.uidMappings
    | del(.linux.cgroupsPath, .linux.resources) | .mounts |= map(select(.destination | startswith("/dev/pts") | not))
    | .mounts |= map(select(.destination != "/sys"))
    | .linux.namespaces |= map(select(.type != "network" and .type != "cgroup"))'
  by_user() {
    try env -u XDG_RUNTIME_DIR timeout 60 setpriv --reuid 1000 --regid 1000 --groups 40 "$RUNTIME" --root "$work/cases/user" "$@"
  }
  by_user run --bundle "$bundle" "$id"
  if is_peer && [ "$status" -ne 0 ]; then skip "does not run rootless here: ${err##*msg=}"; fi
  [ "$out" = deny ] || breached "setgroups: \`$out\` $err"
  edit '.process.args = ["sleep", "1000"]'
  by_user create --bundle "$bundle" "$id"
  is_status 0
  by_user start "$id"
  is_status 0
  by_user exec "$id" cat /proc/1/setgroups /proc/self/setgroups
  local answer=$out
  by_user delete --force "$id"
  [ "$answer" = $'deny\ndeny' ] || breached "setgroups of create and exec: \`$answer\` $err"
}

# --- exec into a container that has changed its /proc and /dev ------------------------------------

# changed_container TEXT: runs, has CAP_SYS_ADMIN, and has done that.
changed_container() {
  outside_bundle
  all_capabilities
  edit '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
  run_detached
  must runtime exec "$id" sh -c "$1"
}
exec_with_a_fake_procfs() {
  # Labels, the oom score and the sysctls of a joined namespace are files of /proc.
  changed_container 'mount -t tmpfs none /proc && for p in self thread-self 1 2 3 4 5 6 7 8 9; do
      mkdir -p /proc/$p/attr /proc/$p/fd; echo untouched | tee /proc/$p/oom_score_adj /proc/$p/attr/exec /proc/$p/uid_map; done'
  jq '.process | .args = ["sleep", "1000"] | .oomScoreAdj = 321' "$bundle/config.json" >"$bundle/process.json"
  try timeout 60 "$RUNTIME" --root "$state_root" exec --detach --pid-file "$bundle/exec-pid" --process "$bundle/process.json" "$id"
  local pid
  pid=$(state_of pid)
  [ "$(cat "/proc/$pid/root/proc/"*/{oom_score_adj,attr/exec,uid_map} | sort -u)" = untouched ] || breached 'exec wrote into the files of the container'
  of_myrt is_status 0
  [ "$status" -ne 0 ] || [ "$(<"/proc/$(<"$bundle/exec-pid")/oom_score_adj")" = 321 ] || breached 'the oom score is not what was asked for'
}
exec_with_a_fake_devpts() {
  changed_container 'mount -t tmpfs none /dev/pts && ln -s /proc/1/attr/exec /dev/pts/ptmx && echo attack | tee /dev/pts/0 /dev/pts/1 && chmod 666 /dev/pts/?'
  exec_with_a_terminal
  of_myrt contains "$err" 'open `/dev/pts/ptmx`'
  runtime delete --force "$id"
  # The true ptmx, beside files with the names of terminals: what is opened by its name is given to the
  # user. For a ptmx elsewhere the kernel looks for its devpts at `pts`, next to it.
  changed_container 'mkdir -p /tmp/pts && mount --move /dev/pts /tmp/pts && mount -t tmpfs none /dev/pts && mkdir /dev/pts/pts &&
    mount --move /tmp/pts /dev/pts/pts && touch /dev/pts/ptmx && mount --bind /dev/pts/pts/ptmx /dev/pts/ptmx &&
    chmod 666 /dev/pts/ptmx && echo attack | tee /dev/pts/0 /dev/pts/1 && chmod 666 /dev/pts/?'
  exec_with_a_terminal --user 1000:1000
  of_myrt is_status 0
}
exec_with_a_terminal() {
  rm -f "$bundle/console.sock"
  "$script_dir/console-socket" "$bundle/console.sock" >"$bundle/console.text" 2>&1 &
  wait_until test -S "$bundle/console.sock"
  try timeout 60 "$RUNTIME" --root "$state_root" exec --detach --tty --console-socket "$bundle/console.sock" --pid-file "$bundle/exec-pid" "$@" "$id" sleep 1000
  local seen=$status said=$err
  if [ "$status" -eq 0 ]; then
    [ "$(stat -L -c %t "/proc/$(<"$bundle/exec-pid")/fd/0")" = 88 ] || breached 'its terminal is no terminal'
  fi
  must runtime exec "$id" sh -c 'cat /dev/pts/0 /dev/pts/1; stat -c %u /dev/pts/0 /dev/pts/1'
  [ "$out" = $'attack\nattack\n0\n0' ] || breached "exec changed the files of the container: $out"
  status=$seen err=$said
}

# --- requests ------------------------------------------------------------------------------------

judge_misreading() {
  [ "$status" -ne 0 ] || breached "$1: it started"
  case $err in *protocol* | *malformed* | *handshake* | *panic* | *'egmentation'*) breached "$1: the message was misread: ${err:0:300}" ;; esac
}
long_texts() {
  # Lengths that do not fit: the messages between the runtime and init, and the id maps.
  local how long
  for how in run create; do
    outside_bundle true
    edit '.process.args = ["/" + ("A" * 70000)]'
    by $how
    judge_misreading $how
    of_myrt contains "$err" 'unable to start container process: exec: \"/AAAA'
  done
  outside_bundle
  run_detached
  long=/$(head -c 70000 /dev/zero | tr '\0' A)
  try timeout 60 "$RUNTIME" --root "$state_root" exec "$id" "$long"
  judge_misreading exec
  outside_bundle sh -c 'cat /proc/self/uid_map | head -1; readlink /proc/self/ns/user'
  new_namespace user
  edit '.linux.uidMappings = [range(0; 5000) | {containerID: ., hostID: (100000 + . * 2), size: 1}] | .linux.gidMappings = .linux.uidMappings'
  run
  [ "$status" -ne 0 ] || breached "it started: $out"
  case $err in *panic* | *'egmentation'*) breached "${err:0:300}" ;; esac
}

helpers_of_the_image() {
  # CVE-2026-84042: what the image has under the name of a helper is not what is executed.
  outside_bundle true
  local name
  mkdir -p "$bundle/rootfs"/{usr/bin,usr/sbin,sbin,usr/local/bin}
  for name in newuidmap newgidmap criu passt pasta ip nft iptables mount umount systemd-run sh bash runc crun; do
    printf '#!/bin/busybox sh\necho %s >>/helped\nexit 1\n' $name >"$bundle/rootfs/usr/bin/$name"
    chmod 755 "$bundle/rootfs/usr/bin/$name"
    cp "$bundle/rootfs/usr/bin/$name" "$bundle/rootfs/usr/local/bin/$name"
  done
  rm "$bundle/rootfs/bin/sh"
  cp "$bundle/rootfs/usr/bin/sh" "$bundle/rootfs/bin/sh"
  edit '.process.env = ["PATH=/usr/bin:/usr/local/bin:/bin"] | .process.args = ["/bin/busybox", "true"]'
  # The control: a configuration that has one of them for a hook.
  if [ "$MYRT_WEAKEN" = a-hook-of-the-image ]; then
    edit '.hooks.startContainer = [{path: "/usr/bin/ip"}]'
  fi
  local how
  for how in run create-start; do
    attempt $how
    [ ! -e "$bundle/rootfs/helped" ] || breached "executed of the image: $(<"$bundle/rootfs/helped")"
  done
  edit '.process.args = ["/bin/busybox", "sleep", "1000"]'
  run_detached
  must runtime exec "$id" /bin/busybox true
  [ ! -e "$bundle/rootfs/helped" ] || breached "executed of the image: $(<"$bundle/rootfs/helped")"
}

export LOOKS=$looks_for
attack CVE-2019-5736 static 'the payload is /proc/self/exe, and its binary is written to' binary_overwritten without-seal
attack CVE-2019-5736 stop 'exec: the container looks at the process that joins' exec_within_reach without-undumpable
attack CVE-2021-43784 static 'texts and maps of more than 64 KiB' long_texts without-length-check
attack CVE-2022-29162 static 'exec --cap and inheritable capabilities' inheritable without-empty-inheritable
attack CVE-2024-21626 static 'a working directory below /proc/self/fd' cwd_of_the_host without-cwd-check
attack CVE-2024-21626 static 'descriptors in the payload' fds_in_the_payload without-close-range
attack CVE-2025-52565 static 'exec: the container has replaced /dev/pts' exec_with_a_fake_devpts without-terminal-peer
attack CVE-2025-52881 static 'exec: the container has replaced /proc' exec_with_a_fake_procfs without-early-attributes,without-private-procfs
attack CVE-2026-30892 static '174 texts for exec --user' users without-whole-ids
attack CVE-2026-84042 static 'helpers of the image' helpers_of_the_image a-hook-of-the-image
attack CVE-2014-8989 static 'rootless: setgroups' groups_denied without-setgroups-deny
attack hot-mounts stop 'create: a pod looks at an init that has joined it' init_within_reach without-undumpable
finish
