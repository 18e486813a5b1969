#!/bin/bash
# The options of checkpoint and restore, as CRIU carries them out. Skipped where checkpoint.sh is.
source "$(dirname "$0")/lib.sh"
source "$source_dir/tests/support/criu.sh"

# A port that nobody listens on, below those that connections get.
free_port() {
  local port
  for ((port = 20000 + RANDOM % 9000; ; port++)); do
    (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}
# listening PORT: looks and does not connect, since a page server takes one connection only.
listening() { grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") 0*:0000 0A " /proc/net/tcp; }
descriptor() { readlink "/proc/$(state_of pid)/fd/$1"; }

pages_at_a_server() {
  needs_criu
  counting_bundle
  run_counting
  mkdir "$images"
  local port server
  port=$(free_port)
  "$criu" page-server --images-dir "$images" --port "$port" >"$bundle/server" 2>&1 &
  server=$!
  wait_until listening "$port"
  checkpoint --page-server "127.0.0.1:$port"
  wait $server || fail 'the page server:' "$(<"$bundle/server")"
  [ -n "$(find "$images" -name 'pages-*.img' -size +0)" ] || fail 'the server has no pages' "$(ls -l "$images")" "$(<"$bundle/server")"
  number=$(count)
  restore
  counts_on
  [ "$(count)" -gt "$number" ] || fail "counts from $(count), not from $number"
}

pages_on_demand() {
  needs_criu
  "$criu" check --feature uffd-noncoop >/dev/null 2>&1 || skip 'no userfaultfd'
  counting_bundle
  run_counting
  number=$(count)
  mkfifo "$bundle/status"
  exec 7<>"$bundle/status"
  local port saver server
  port=$(free_port)
  runtime checkpoint --lazy-pages --page-server "127.0.0.1:$port" --status-fd 7 --image-path "$images" \
    --work-path "$bundle/work" "$id" >"$bundle/saver" 2>&1 &
  saver=$!
  # One byte says that the images are there and that the pages are served.
  same "$(timeout "${PATIENCE:-60}" head -c 1 <&7 | od -An -tx1 | tr -d ' ')" 00 "the byte of --status-fd ($(<"$bundle/saver"))"
  [ -s "$images/inventory.img" ] || fail 'there are no images yet'
  "$criu" lazy-pages --page-server --address 127.0.0.1 --port "$port" --images-dir "$images" --work-dir "$images" \
    >"$bundle/lazy" 2>&1 &
  server=$!
  wait_until test -S "$images/lazy-pages.socket"
  first=$id id=$id-again
  edit '.linux.cgroupsPath = "/cases/" + $id' --arg id "$id"
  must runtime restore --detach --lazy-pages --bundle "$bundle" --image-path "$images" --work-path "$images" "$id"
  counts_on
  wait $server || fail 'criu lazy-pages:' "$(tail -5 "$bundle/lazy")"
  wait $saver || fail 'the checkpoint:' "$(<"$bundle/saver")"
  [ "$(count)" -gt "$number" ] || fail "counts from $(count), not from $number"
  ! runtime state "$first" || fail 'the saved container is left'
}

removed_name() {
  needs_criu
  counting_bundle
  own_rootfs
  edit '.root.readonly = false'
  shell 'echo kept >/first; ln /first /second; exec 5</first; rm /first; i=0
    while :; do i=$((i+1)); echo $i >/shared/new; mv /shared/new /shared/count; sleep 0.05; done'
  run_counting
  try runtime checkpoint --image-path "$images" --work-path "$bundle/work" "$id"
  is_status 1
  contains "$err" link-remap
  counts_on
  rm -rf "$images"
  checkpoint --link-remap
  restore --link-remap
  counts_on
  same "$(cat "/proc/$(state_of pid)/fd/5")" kept
  contains "$(descriptor 5)" '/first'
}

# talking_bundle: a client that sends words of a fifo through TCP to a server, in one network namespace.
talking_bundle() {
  counting_bundle
  # Neither end ever reads the end of its input, which would close its half of the connection.
  shell 'mkfifo /shared/line /shared/silence
    nc -l -p 7777 >/shared/heard <>/shared/silence &
    until grep -q ":1E61 " /proc/net/tcp*; do sleep 0.1; done
    nc 127.0.0.1 7777 <>/shared/line &
    i=0; while :; do i=$((i+1)); echo $i >/shared/new; mv /shared/new /shared/count; sleep 0.05; done'
  run_counting
  wait_until talks first
}
talks() { # WORD
  echo "$1" 1<>"$shared/line"
  grep -q "$1" "$shared/heard"
}
# Both ends of it.
connections() { awk '$4 == "01"' "/proc/$(state_of pid)/net/"tcp* | wc -l; }

connections_go_on() {
  needs_criu
  talking_bundle
  same "$(connections)" 2 connections
  try runtime checkpoint --image-path "$images" --work-path "$bundle/work" "$id"
  is_status 1
  contains "$err" '2 established TCP connections: needs --tcp-established'
  checkpoint --tcp-established
  restore --tcp-established
  counts_on
  same "$(connections)" 2 connections
  wait_until talks second
}

connections_are_closed() {
  needs_criu
  talking_bundle
  checkpoint --tcp-established
  restore --tcp-close
  counts_on
  same "$(connections)" 0 connections
}

# A socket of the container that is connected to one of the host, whose name is the same inside.
talking_outside() {
  counting_bundle
  without_namespace network # CRIU looks for the other end in that of the container
  mkdir -p "$rootfs$shared"
  edit '(.mounts[] | select(.source == $dir)).destination = $dir' --arg dir "$shared"
  shell "cd $shared"'; i=0; while :; do i=$((i+1)); echo $i >new; mv new count; echo $i >&3; sleep 0.05; done'
  python3 -c 'if True:
    import os, socket, sys
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(sys.argv[1])
    while text := server.recv(64):
        with open(sys.argv[2] + ".new", "wb") as file:
            file.write(text)
        os.rename(sys.argv[2] + ".new", sys.argv[2])' "$shared/socket" "$bundle/told" &
  server=$!
  trap 'kill $server' EXIT
  wait_until test -S "$shared/socket"
  must python3 -c 'if True:
    import os, socket, sys
    client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    client.connect(sys.argv[1])
    os.dup2(client.fileno(), 3)
    os.set_inheritable(3, True)
    os.execv(sys.argv[2], sys.argv[2:])' "$shared/socket" "$RUNTIME" --root "$state_root" run --detach --preserve-fds 1 --bundle "$bundle" "$id"
  wait_until told_beyond 2
}
told_beyond() { [ "$(cat "$bundle/told" 2>/dev/null || echo 0)" -gt "$1" ]; }

socket_of_the_host() {
  needs_criu
  talking_outside
  try runtime checkpoint --image-path "$images" --work-path "$bundle/work" "$id"
  is_status 1
  contains "$err" ext-unix-sk
  rm -rf "$images"
  checkpoint --ext-unix-sk
  restore --ext-unix-sk
  counts_on
  wait_until told_beyond "$(count)"
}

apparmor_profile() {
  needs_criu
  needs_apparmor
  local profile
  for profile in first second; do
    printf 'profile myrt-criu-%s flags=(attach_disconnected,mediate_deleted) {\n file, capability, network, mount, umount, pivot_root,\n signal, ptrace, unix,\n}\n' $profile |
      apparmor_parser --replace --skip-cache
  done
  counting_bundle
  edit '.process.apparmorProfile = "myrt-criu-first"'
  run_counting
  same "$(cat "/proc/$(state_of pid)/attr/current")" 'myrt-criu-first (enforce)'
  checkpoint
  restore
  same "$(cat "/proc/$(state_of pid)/attr/current")" 'myrt-criu-first (enforce)' 'the profile of the images'
  counts_on
  must runtime checkpoint --image-path "$images-2" --work-path "$bundle/work" "$id"
  images=$images-2
  restore --lsm-profile apparmor:myrt-criu-second
  same "$(cat "/proc/$(state_of pid)/attr/current")" 'myrt-criu-second (enforce)' 'the profile of --lsm-profile'
  counts_on
}

cgroup_modes() {
  needs_criu
  local mode
  for mode in ignore soft full; do
    counting_bundle
    run_counting
    checkpoint --manage-cgroups-mode "$mode"
    restore --manage-cgroups-mode "$mode"
    counts_on
    grep -q "/cases/$id\$" "/proc/$(state_of pid)/cgroup" || fail "$mode: $(cat "/proc/$(state_of pid)/cgroup")"
    must runtime delete --force "$id"
  done
}

it 'the pages go to a page server, and are restored from there' pages_at_a_server
it 'lazy pages: --status-fd says when, and the pages come on demand' pages_on_demand
it 'an open file without its first name needs --link-remap, and is there again' removed_name
it 'TCP connections go on with --tcp-established' connections_go_on
it 'TCP connections are closed with --tcp-close' connections_are_closed
it 'a socket of the host is connected again with --ext-unix-sk' socket_of_the_host
it 'the AppArmor profile is kept, or is that of --lsm-profile' apparmor_profile
it 'every --manage-cgroups-mode restores into the cgroup of the config' cgroup_modes
finish
