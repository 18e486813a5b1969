#!/bin/bash
# Podman on this runtime: what a user types, with output and exit codes.
source "$(dirname "$0")/podman_lib.sh"

foreground() {
  expect 'run prints' 0 hi run echo hi
  expect 'run ends with 42' 42 '' run sh -c 'exit 42'
  expect 'run of a missing command ends with 127' 127 '' run no-such-program
  expect 'run of a missing path ends with 127' 127 '' run /no/such/program
  expect 'run of a directory ends with 126' 126 '' run /etc
  expect 'run with a bad option ends with 125' 125 '' podman run --no-such-option bb true
  expect 'run of a missing image ends with 125' 125 '' podman run --pull=never no-such-image true
  expect 'run as a user' 0 1000 with --user 1000 -- id -u
  expect 'run in a directory with an environment' 0 /tmp:set \
    podman run --rm --network none -w /tmp -e WORD=set bb sh -c 'echo $PWD:$WORD'
  expect 'run with a read-only root' 1 '' podman run --rm --network none --read-only bb touch /x
  expect 'run with a volume' 0 text \
    podman run --rm --network none -v "$work/volume:/v:ro" bb cat /v/file
  expect 'run with a tmpfs' 0 tmpfs \
    podman run --rm --network none --tmpfs /t bb sh -c 'grep " /t " /proc/mounts | cut -d" " -f3'
  expect 'run privileged' 0 '*' podman run --rm --network none --privileged bb true
  expect 'run with the host'\''s pids' 0 '*' podman run --rm --network none --pid=host bb true
  expect 'run with --init off and a hostname' 0 named podman run --rm --network none --hostname named bb hostname
  # Pid 1 only waits here: a shell in the middle of making a pipe has more descriptors.
  expect 'the process has three descriptors' 0 $'0\n1\n2' run sh -c 'ls /proc/1/fd; exit 0'
  expect 'the process has default signals' 0 $'SigIgn:\t0000000000000000' run grep SigIgn /proc/self/status
  expect 'the default seccomp profile' 0 $'Seccomp:\t2' run grep Seccomp: /proc/self/status
  expect 'the ulimit of containers.conf' 0 1024:2048 run sh -c 'echo $(ulimit -Sn):$(ulimit -Hn)'
  expect 'a killed process ends with 137' 137 '' \
    podman run --rm --network none --pid=host bb sh -c 'kill -9 $$'
}

streams() {
  expect_pipe 'run -i reads a pipe' through podman run --rm -i --network none bb cat
  # Podman sets the size some time after the start.
  expect 'run -it has a terminal of its size and passes the status' 3 $'/dev/pts/0\r\n20 70\r' \
    in_terminal --size 20x70 "${podman_command[@]}" run --rm -it --network none bb \
    sh -c 'tty; until stty size 2>/dev/null | grep -v "^0"; do sleep 0.05; done; exit 3'
}

limits() {
  # On v2 this depends on what the view has, and the integration tests look at it.
  [ "$MYRT_PRIVATE_VIEW" != v2 ] || return 0
  expect 'a memory limit' 0 67108864 with -m 64m -- cat /sys/fs/cgroup/memory/memory.limit_in_bytes
  expect 'a CPU limit' 0 50000 with --cpus 0.5 -- cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us
  expect 'a pids limit' 0 33 with --pids-limit 33 -- cat /sys/fs/cgroup/pids/pids.max
  podman run -d --name oom --network none -m 20m bb tail /dev/zero >/dev/null
  expect 'out of memory ends with 137' 0 137 timeout 60 "${podman_command[@]}" wait oom
}

executions() {
  expect 'run -d' 0 '*' podman run -d --name c1 --network none bb sleep 1000
  expect 'exec prints' 0 hi podman exec c1 echo hi
  expect 'exec ends with 9' 9 '' podman exec c1 sh -c 'exit 9'
  expect 'exec of a missing command ends with 127' 127 '' podman exec c1 no-such-program
  expect 'exec of a directory ends with 126' 126 '' podman exec c1 /etc
  expect 'exec with user, directory, environment' 0 1000:/tmp:set \
    podman exec -u 1000 -w /tmp -e WORD=set c1 sh -c 'echo $(id -u):$PWD:$WORD'
  expect_pipe 'exec -i reads a pipe' through podman exec -i c1 cat
  expect 'exec -d' 0 '*' podman exec -d c1 sh -c 'echo done >/tmp/detached'
  holds 'exec -d ran' within 20 is done podman exec c1 cat /tmp/detached
  expect 'exec -it has a terminal and passes the status' 6 $'/dev/pts/*\r' \
    in_terminal "${podman_command[@]}" exec -it c1 sh -c 'tty; exit 6'
  expect 'top lists the process' 0 '*sleep*' podman top c1 pid comm
}

control() {
  if has_controller memory; then
    expect 'stats has numbers' 0 'c1 *B / *B' podman stats --no-stream --format '{{.Name}} {{.MemUsage}}' c1
  fi
  expect 'pause' 0 '*' podman pause c1
  expect 'a paused container says so' 0 paused podman inspect -f '{{.State.Status}}' c1
  expect 'exec in a paused container fails' 255 '' podman exec c1 true
  expect 'unpause' 0 '*' podman unpause c1
  expect 'exec after unpause' 0 hi podman exec c1 echo hi
  expect 'stop -t 0 kills' 0 '*' podman stop -t 0 c1
  expect 'the status is 137' 0 137 podman inspect -f '{{.State.ExitCode}}' c1
  expect 'start again' 0 '*' podman start c1
  expect 'exec after start' 0 hi podman exec c1 echo hi
  expect 'kill' 0 '*' podman kill c1
  expect 'wait' 0 137 podman wait c1
  expect 'rm' 0 '*' podman rm c1
  expect 'a graceful stop' 0 '*' podman run -d --name c2 --network none bb \
    sh -c 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done'
  holds 'it runs' within 20 is up podman logs c2
  expect 'stop' 0 '*' podman stop -t 20 c2
  expect 'the status is the program'\''s' 0 5 podman inspect -f '{{.State.ExitCode}}' c2
  expect 'rm -f of a running one' 0 '*' podman run -d --name c3 --network none bb sleep 1000
  expect 'rm -f' 0 '*' podman rm -f -t 0 c3 c2
  expect 'logs' 0 '*' podman run --name c4 --network none bb sh -c 'echo logged'
  expect 'logs has what was printed' 0 logged podman logs c4
  expect 'rm of all' 0 '*' podman rm -f -a -t 0
}

# What Podman makes of the runtime's answers, and all that it hands over in other ways.
answers() {
  expect "$way: run prints" 0 hi run echo hi
  expect "$way: run ends with 42" 42 '' run sh -c 'exit 42'
  expect "$way: run of a missing command ends with 127" 127 '' run no-such-program
  expect "$way: run of a directory ends with 126" 126 '' run /etc
  says "$way: a failed create says what failed" 127 'no_such' with --sysctl net.no_such=1 -- true
  podman run -d --name u1 --network none bb sleep 1000 >/dev/null
  expect "$way: exec of a missing command ends with 127" 127 '' podman exec u1 no-such-program
  updates
  podman rm -f -t 0 u1 >/dev/null 2>&1
  without_cgroups
}

# updated WANTED FILE OPTIONS...: of a running container.
updated() {
  local wanted=$1 file=$2
  shift 2
  expect "$way: update $*" 0 '*' podman update "$@" u1
  holds "$way: update $*: it is there" is "$wanted" podman exec u1 cat "/sys/fs/cgroup/$file"
}
updates() {
  # On v2 this depends on what the view has, and the virtual machine looks at it.
  [ "$MYRT_PRIVATE_VIEW" != v2 ] || return 0
  updated 50000 cpu/cpu.cfs_quota_us --cpus 0.5
  updated 20000 cpu/cpu.cfs_quota_us --cpu-period 50000 --cpu-quota 20000
  updated 512 cpu/cpu.shares --cpu-shares 512
  updated 0 cpuset/cpuset.cpus --cpuset-cpus 0
  updated 67108864 memory/memory.limit_in_bytes --memory 64m --memory-swap 128m
  updated 33554432 memory/memory.soft_limit_in_bytes --memory-reservation 32m
  holds "$way: what is not named in an update stays" is 134217728 \
    podman exec u1 cat /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes
  expect "$way: the devices are still there" 0 4 podman exec u1 sh -c 'head -c 4 /dev/zero | wc -c'
  says "$way: an update that cannot be says why" 125 'cpuset.cpus' podman update --cpuset-cpus 7777 u1
}

without_cgroups() {
  expect "$way: --cgroups=disabled: which it sees and may not write" 1 '*/cgroup.procs*' \
    with --cgroups=disabled -- sh -c 'find /sys/fs/cgroup -maxdepth 2 -name cgroup.procs; mkdir /sys/fs/cgroup/x /sys/fs/cgroup/memory/x'
  expect "$way: --cgroups=disabled: run of a missing command ends with 127" 127 '' with --cgroups=disabled -- nosuch
  podman run -d --name n1 --cgroups=disabled --network none bb sh -c 'trap "exit 5" TERM; while :; do sleep 0.1; done' >/dev/null
  # On v2 the container sees itself in a cgroup namespace.
  expect "$way: --cgroups=disabled: the process stays in the caller's" 0 "$(cat /proc/self/cgroup)" \
    cat "/proc/$(podman inspect -f '{{.State.Pid}}' n1)/cgroup"
  expect "$way: --cgroups=disabled: exec" 0 hi podman exec n1 echo hi
  expect "$way: --cgroups=disabled: stop" 0 n1 podman stop -t 20 n1
  expect "$way: --cgroups=disabled: the status" 0 5 podman inspect -f '{{.State.ExitCode}}' n1
  podman rm -f -t 0 n1 >/dev/null
}

both_ways_of_answers() { both_ways answers; }

# What init leaves behind in the host's pid namespace has to end with the container.
leftovers() {
  expect "the host's pids: run ends" 4 '' with --pid=host -- sh -c 'sleep 2001 & sleep 0.3; exit 4'
  holds "the host's pids: what init left ends with it" within 20 sh -c '! pgrep -f "^sleep 2001"'
  podman run -d --name p1 --pid=host --network none bb sh -c 'sleep 2002 & wait' >/dev/null
  holds "the host's pids: a child runs" within 20 pgrep -f '^sleep 2002'
  expect "the host's pids: kill" 0 p1 podman kill p1
  holds "the host's pids: kill ends the child too" within 20 sh -c '! pgrep -f "^sleep 2002"'
  podman run -d --name p2 --pid=host --network none bb sh -c 'sleep 2003 & wait' >/dev/null
  holds "the host's pids: another child runs" within 20 pgrep -f '^sleep 2003'
  expect "the host's pids: rm -f" 0 p2 podman rm -f -t 0 p2
  holds "the host's pids: rm -f ends the child too" within 20 sh -c '! pgrep -f "^sleep 2003"'
  podman rm -f -t 0 p1 >/dev/null
}

# What Podman configures is what the kernel applies: no false alarm on a fresh container.
inspection() {
  local limit=()
  if has_controller memory; then limit=(--memory 64m); fi
  fresh -v "$work/volume:/data:ro" --tmpfs /t "${limit[@]}"
  fresh --privileged --user 1000
  fresh --read-only --cap-drop all --cap-add net_bind_service --security-opt no-new-privileges --user 1000 --ulimit nofile=512:1024 --ulimit nproc=512:1024
  fresh --pid host --ipc host --uts host --security-opt seccomp=unconfined --device /dev/null:/dev/given
  fresh --uidmap 0:100000:5000 --gidmap 0:100000:5000
  fresh --cgroupns host --sysctl net.ipv4.ip_default_ttl=33 --shm-size 4m
  fresh --cgroups=disabled
  as_configured 'fresh containers are as Podman has configured them'
  holds 'metrics: knows them' sh -c "'$RUNTIME' metrics | grep -q 'myrt_container_status{.*status=\"running\"} 1'"
  podman rm -f -a -t 0 >/dev/null 2>&1
}
fresh() { podman run -d --network none "$@" bb sleep 1000 >/dev/null 2>"$work/err" || no "a fresh container: $*" "$(<"$work/err")"; }

mkdir "$work/volume"
echo text >"$work/volume/file"
import_image
part foreground
part streams
part limits
executions
part control
part both_ways_of_answers
part leftovers
part inspection
nothing_left
finish
