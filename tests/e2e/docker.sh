#!/bin/bash
# Docker on this runtime: what a user types, with output and exit codes.
source "$(dirname "$0")/docker_lib.sh"

foreground() {
  expect 'run prints' 0 hi run echo hi
  expect 'run ends with 42' 42 '' run sh -c 'exit 42'
  expect 'a killed process ends with 137' 137 '' with --pid=host -- sh -c 'kill -9 $$'
  says 'run of a missing command ends with 127' 127 \
    'unable to start container process: exec: "nosuch": executable file not found in $PATH' run nosuch
  says 'run of a missing path ends with 127' 127 \
    'unable to start container process: exec: "/no/such": stat /no/such: no such file or directory' run /no/such
  says 'run of a directory ends with 126' 126 \
    'unable to start container process: exec: "/etc": ' run /etc
  says 'run of a file that is no program ends with 126' 126 \
    'unable to start container process: exec: "/etc/passwd": permission denied' run /etc/passwd
  expect 'run as a user' 0 1000:1000 with --user 1000:1000 -- sh -c 'echo $(id -u):$(id -g)'
  expect 'run in a directory with an environment' 0 /tmp:set \
    with -w /tmp -e WORD=set -- sh -c 'echo $PWD:$WORD'
  expect 'run with a hostname' 0 named with --hostname named -- hostname
  expect 'run with a volume' 0 text with -v "$work/volume:/v:ro" -- cat /v/file
  expect 'a read-only volume is' 1 '' with -v "$work/volume:/v:ro" -- touch /v/x
  expect 'run with --init' 0 *docker-init* with --init -- sh -c 'tr "\\0" " " </proc/1/cmdline'
  expect 'run with the network of another' 0 '*eth0*' docker run --rm --network container:web bb ip link
  expect 'run with the pids of another' 0 '*httpd*' docker run --rm --network none --pid container:web bb ps
  # Pid 1 only waits here: a shell in the middle of making a pipe has more descriptors.
  expect 'the process has three descriptors' 0 $'0\n1\n2' run sh -c 'ls /proc/1/fd; exit 0'
  expect 'the process has default signals' 0 $'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000' \
    run grep -E 'SigIgn|SigBlk' /proc/self/status
}

# The bridge comes by a prestart hook of Docker's.
network() {
  expect 'run -d on the bridge' 0 '*' docker run -d --name web -p 127.0.0.1:8099:80 bb \
    sh -c 'echo served >/tmp/index.html; exec httpd -f -p 80 -h /tmp'
  local address
  address=$(inspect '{{.NetworkSettings.IPAddress}}' web)
  holds 'the bridge leads to the container' within 20 is served busybox wget -qO- "http://$address/"
  holds 'a published port leads to the container' within 20 is served busybox wget -qO- http://127.0.0.1:8099/
  expect 'one container reaches another' 0 served docker run --rm bb wget -qO- "http://$address/"
}

terminals() {
  expect_pipe 'run -i reads a pipe' through docker run --rm -i --network none bb cat
  expect 'run -t passes the status' 3 $'/dev/pts/0\r' \
    in_terminal docker run --rm -it --network none bb sh -c 'tty; exit 3'
  # The issue's own example: in an interactive shell, which is pid 1, ps shows only it and itself.
  try in_terminal --when '/ # ' 'type:ps -o pid,comm\n' --when '/ # ' 'type:exit 7\n' \
    docker run --rm -it --network none bb sh
  holds 'run -it: the shell is pid 1 and ps shows only it and itself' only_shell_and_ps 7 1
  expect 'run -it: a resize reaches the process' 0 $'*ready\r\n11 22\r' \
    in_terminal --size 20x70 --when ready resize:11x22 docker run --rm -it --network none bb \
    sh -c 'until [ "$(stty size 2>/dev/null)" = "20 70" ]; do sleep 0.05; done; echo ready
      until [ "$(stty size)" = "11 22" ]; do sleep 0.05; done; stty size'
  expect 'run -it: the interrupt key interrupts' 5 $'*interrupted\r' \
    in_terminal --when ready 'type:\x03' docker run --rm -it --network none bb \
    sh -c 'trap "echo interrupted; exit 5" INT; echo ready; while :; do sleep 0.05; done'
  try in_terminal --when '/ # ' 'type:ps -o pid,comm\n' --when '/ # ' 'type:exit 8\n' docker exec -it d1 sh
  holds 'exec -it: ps shows the container and the shell' exec_shell_and_ps 8
  expect 'exec -it passes the status' 6 $'/dev/pts/*\r' in_terminal docker exec -it d1 sh -c 'tty; exit 6'
}

# only_shell_and_ps STATUS: of the terminal's text in $out, the lines of ps.
only_shell_and_ps() {
  printf 'status %s, shown:\n%s\n' "$status" "$out"
  [ "$status" -eq "$1" ] &&
    [ "$(grep -cE '^ *[0-9]+ ' <<<"$out")" -eq 2 ] &&
    grep -qE '^ *1 sh' <<<"$out" && grep -qE '^ *[0-9]+ ps' <<<"$out"
}
exec_shell_and_ps() {
  printf 'status %s, shown:\n%s\n' "$status" "$out"
  [ "$status" -eq "$1" ] &&
    [ "$(grep -cE '^ *[0-9]+ ' <<<"$out")" -eq 3 ] &&
    grep -qE '^ *1 sleep' <<<"$out" && grep -qE '^ *[0-9]+ sh' <<<"$out"
}

security() {
  expect 'run with a read-only root' 1 '' with --read-only -- touch /x
  expect 'run with a tmpfs' 0 'tmpfs rw,nosuid,nodev,noexec,relatime,size=1024k*' with --tmpfs /t:size=1m -- \
    sh -c 'grep " /t " /proc/mounts | cut -d" " -f3,4'
  expect 'the default devices and no more' 0 \
    "$([ ! -e /proc/kcore ] || echo 'core ')"'fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero' run sh -c 'echo $(ls /dev)'
  expect 'a device that is given' 0 'character special file 1 3' \
    with --device /dev/null:/dev/given -- stat -c '%F %t %T' /dev/given
  says 'a device that is not given' 1 'Operation not permitted' \
    run sh -c 'mknod /tmp/mem c 1 1 && cat /tmp/mem'
  expect 'privileged has all capabilities, devices and no filter' 0 "*$(full_capabilities)*kmsg*Seccomp: 0*" \
    with --privileged -- sh -c 'grep CapEff /proc/self/status; ls /dev; echo $(grep Seccomp: /proc/self/status)'
  expect 'the default seccomp profile' 0 'Seccomp: 2' run sh -c 'echo $(grep Seccomp: /proc/self/status)'
  says 'the default profile forbids unshare' 1 'Operation not permitted' run unshare -U true
  expect 'and seccomp=unconfined allows it' 0 '' with --security-opt seccomp=unconfined -- unshare -U true
  expect 'the default capabilities' 0 'CapEff: 00000000a80425fb' run sh -c 'echo $(grep CapEff /proc/self/status)'
  expect 'cap-drop and cap-add' 0 'CapEff: 0000000000001000' \
    with --cap-drop ALL --cap-add NET_ADMIN -- sh -c 'echo $(grep CapEff /proc/self/status)'
  expect 'no-new-privileges' 0 'NoNewPrivs: 1' \
    with --security-opt no-new-privileges -- sh -c 'echo $(grep NoNewPrivs /proc/self/status)'
  expect 'masked paths are empty' 0 0 run sh -c 'cat /proc/kcore /proc/keys /proc/timer_list | wc -c'
  says 'proc/sys is read-only' 1 'Read-only file system' run sh -c 'echo 1 >/proc/sys/kernel/panic'
  expect 'a sysctl' 0 33 with --sysctl net.ipv4.ip_default_ttl=33 -- cat /proc/sys/net/ipv4/ip_default_ttl
  expect 'a ulimit' 0 512 with --ulimit nofile=512:1024 -- sh -c 'ulimit -n'
  expect 'the size of shm' 0 4096 with --shm-size 4m -- sh -c 'df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2'
}
# What Docker knows of what the machine's root has.
full_capabilities() {
  local mine
  mine=$(grep CapEff /proc/self/status | cut -f2)
  printf '%016x' $((0x$mine & 0x3fffffffff))  # 20.10 knows no CAP_PERFMON and later ones
}

# limit NAME WANTED V1-FILE V2-FILE OPTIONS...: what a container sees of a limit in /sys/fs/cgroup.
limit() {
  local name=$1 wanted=$2 v1=$3 v2=$4
  shift 4
  if [ "$MYRT_PRIVATE_VIEW" = v2 ]; then v1=$v2; fi
  expect "$name" 0 "$wanted" with "$@" -- cat "/sys/fs/cgroup/$v1"
}
limits() {
  if has_controller memory; then
    limit 'a memory limit' 67108864 memory/memory.limit_in_bytes memory.max -m 64m
    limit 'a memory reservation' 33554432 memory/memory.soft_limit_in_bytes memory.low --memory-reservation 32m
    out_of_memory
  fi
  if has_controller cpu; then
    if [ "$MYRT_PRIVATE_VIEW" = v2 ]; then
      limit 'a CPU limit' '50000 100000' '' cpu.max --cpus 0.5
    else
      limit 'a CPU limit' 50000 cpu/cpu.cfs_quota_us '' --cpus 0.5
      limit 'CPU shares' 512 cpu/cpu.shares '' --cpu-shares 512
    fi
  fi
  if has_controller cpuset; then limit 'a set of CPUs' 0 cpuset/cpuset.cpus cpuset.cpus --cpuset-cpus 0; fi
  if has_controller pids; then limit 'a pids limit' 33 pids/pids.max pids.max --pids-limit 33; fi
  if has_controller blkio && [ -b "$(block_device)" ]; then
    limit 'a limit of block I/O' "*:* 1048576" blkio/blkio.throttle.read_bps_device '' \
      --device-read-bps "$(block_device):1mb"
  fi
}
block_device() { find /dev -maxdepth 1 -type b | sort | head -1; }

out_of_memory() {
  docker run -d --name oom --network none -m 20m bb sh -c 'tail /dev/zero' >/dev/null
  expect 'out of memory ends with 137' 0 137 timeout 60 docker wait oom
  holds 'and is told as such' is true inspect '{{.State.OOMKilled}}' oom
}

executions() {
  expect 'run -d' 0 '*' docker run -d --name d1 --network none bb sleep 1000
  expect 'exec prints' 0 hi docker exec d1 echo hi
  expect 'exec ends with 9' 9 '' docker exec d1 sh -c 'exit 9'
  expect_pipe 'exec -i reads a pipe' through docker exec -i d1 cat
  expect 'exec with user, directory, environment' 0 1000:/tmp:set \
    docker exec -u 1000 -w /tmp -e WORD=set d1 sh -c 'echo $(id -u):$PWD:$WORD'
  # Docker 20.10 sends what the runtime says to stdout.
  expect 'exec of a missing command ends with 126' 126 \
    '*exec: "nosuch": executable file not found in $PATH*' docker exec d1 nosuch
  expect 'exec --privileged' 0 "*$(full_capabilities)*" docker exec --privileged d1 grep CapEff /proc/self/status
  expect 'exec -d' 0 '' docker exec -d d1 sh -c 'echo done >/tmp/detached'
  holds 'exec -d ran' within 20 is done docker exec d1 cat /tmp/detached
}

control() {
  expect 'pause' 0 d1 docker pause d1
  holds 'a paused container says so' is paused inspect '{{.State.Status}}' d1
  says 'exec in a paused container fails' 1 'is paused' docker exec d1 true
  expect 'unpause' 0 d1 docker unpause d1
  expect 'exec after unpause' 0 hi docker exec d1 echo hi
  expect 'top lists the process' 0 '*sleep 1000*' docker top d1
  expect 'stats has numbers' 0 'd1 *B / * 1' docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' d1
  if has_controller memory; then
    expect 'update' 0 d1 docker update -m 128m --memory-swap 256m d1
    holds 'the updated limit is seen' is 134217728 docker exec d1 sh -c \
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null'
    expect 'the container still has its devices' 0 4 docker exec d1 sh -c 'head -c 4 /dev/zero | wc -c'
  fi
  expect 'restart' 0 d1 docker restart -t 0 d1
  expect 'exec after restart' 0 hi docker exec d1 echo hi
  expect 'stop kills what does not listen' 0 d1 docker stop -t 1 d1
  holds 'the status is 137' is 137 inspect '{{.State.ExitCode}}' d1
  expect 'start again' 0 d1 docker start d1
  expect 'kill' 0 d1 docker kill d1
  expect 'a second kill is refused' 1 '' docker kill d1
  docker run -d --name d2 --network none bb sh -c 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done' >/dev/null
  holds 'it runs' within 20 is up docker logs d2
  expect 'a graceful stop' 0 d2 docker stop -t 30 d2
  holds 'the status is the program'\''s' is 5 inspect '{{.State.ExitCode}}' d2
  expect 'a restart policy' 0 '*' docker run -d --name d3 --network none --restart on-failure:2 bb sh -c 'echo again; exit 3'
  holds 'it is started three times' within 60 is $'again\nagain\nagain' docker logs d3
  holds 'and then no more' within 30 status_is exited d3
  expect 'rm -f of a running one' 0 d1 sh -c 'docker start d1 >/dev/null && docker rm -f d1'
}

# What Docker configures is what the kernel applies: no false alarm on fresh containers.
inspection() {
  local limits=()
  if has_controller memory; then limits+=(--memory 64m --memory-reservation 32m); fi
  if has_controller pids; then limits+=(--pids-limit 100); fi
  if has_controller cpu; then limits+=(--cpus 0.5 --cpu-shares 512); fi
  fresh "${limits[@]}"
  fresh --network none --privileged
  fresh --network none --user 1000:1000 --cap-drop ALL --cap-add NET_BIND_SERVICE --security-opt no-new-privileges --ulimit nofile=512:1024
  fresh --network none --read-only --tmpfs /t:size=1m -v "$work/volume:/v:ro" -v named:/n --shm-size 4m --init
  fresh --network none --pid host --ipc host --uts host --security-opt seccomp=unconfined --device /dev/null:/dev/given
  fresh --network none --cgroupns private --sysctl net.ipv4.ip_default_ttl=33 --hostname named
  as_configured 'fresh containers are as Docker has configured them' "$RUNTIME" --root /run/docker/runtime-runc/moby
  docker ps -q | xargs docker rm -f >/dev/null
}
fresh() { docker run -d "$@" bb sleep 1000 >/dev/null 2>"$work/err" || no "a fresh container: $*" "$(<"$work/err")"; }

mkdir -p "$work/volume"
echo text >"$work/volume/file"
write_daemon_json
start_docker
import_image
network
part foreground
executions
part terminals
part security
part limits
part control
part inspection
no_containers_left
finish
