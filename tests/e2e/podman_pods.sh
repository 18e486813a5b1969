#!/bin/bash
# More of Podman on this runtime: pods, Kubernetes' YAML, descriptors and sockets handed on, user
# namespaces, a user who is not root.
podman_limits=1024:1024 # `kube play` of 4.3 takes a soft limit for the hard one and the other way round
source "$(dirname "$0")/podman_lib.sh"

pods() {
  expect 'a pod with an infra container' 0 '*' podman pod create --name pod --share net,ipc,uts,pid --hostname shared \
    --network none --infra-image bb --infra-command 'sleep 1000'
  expect 'a container in it' 0 '*' podman run -d --pod pod --name a bb sh -c 'echo from-a >/dev/shm/file; exec sleep 1000'
  expect 'and another' 0 '*' podman run -d --pod pod --name b bb sleep 1000
  expect 'they share the hostname' 0 shared podman exec b hostname
  expect 'and the IPC namespace' 0 from-a podman exec b cat /dev/shm/file
  expect 'and the pids' 0 3 podman exec b sh -c 'ps | grep -c "[s]leep 1000"'
  holds 'and the network' is "$(podman exec a readlink /proc/self/ns/net)" podman exec b readlink /proc/self/ns/net
  as_configured 'a pod is as Podman has configured it'
  holds 'but not the mounts' differs a b mnt
  expect 'pod ps tells' 0 'pod Running' podman pod ps --format '{{.Name}} {{.Status}}'
  expect 'pod pause' 0 '*' podman pod pause pod
  expect 'pod unpause' 0 '*' podman pod unpause pod
  expect 'pod stop' 0 '*' podman pod stop --time 1 pod
  expect 'pod start' 0 '*' podman pod start pod
  expect 'a container of it runs again' 0 hi podman exec a echo hi
  expect 'the pod goes' 0 '*' podman pod rm --force --time 0 pod
}
differs() { [ "$(podman exec "$1" readlink "/proc/self/ns/$3")" != "$(podman exec "$2" readlink "/proc/self/ns/$3")" ]; }

# A Deployment with probes left out: requests, environment, volumes, a security context, two containers.
kube() {
  mkdir -p "$work/shared"
  cat >"$work/deployment.yaml" <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      volumes:
        - { name: shared, hostPath: { path: "$work/shared", type: Directory } }
      containers:
        - name: writer
          image: localhost/bb:latest
          imagePullPolicy: Never
          command: ["/bin/sh", "-c", "echo \$WORD >/shared/file; exec sleep 1000"]
          env: [ { name: WORD, value: deployed }, { name: PATH, value: /bin } ]
          volumeMounts: [ { name: shared, mountPath: /shared } ]
        - name: reader
          image: localhost/bb:latest
          imagePullPolicy: Never
          command: ["/bin/sleep", "1000"]
          env: [ { name: PATH, value: /bin } ] # Podman gives none to an image without one
          securityContext: { runAsUser: 1000, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } }
          volumeMounts: [ { name: shared, mountPath: /shared, readOnly: true } ]
YAML
  # Podman's own pause image is built from a program of its package; any that sleeps will do.
  tar -C "$work/image" -c . | podman import --change 'CMD ["sleep", "1000"]' - infra >/dev/null 2>&1
  echo 'infra_image = "localhost/infra:latest"' >>"$work/containers.conf"
  expect 'kube play starts a Deployment' 0 '*' podman play kube --network none "$work/deployment.yaml"
  holds 'its first container ran' within 20 is deployed cat "$work/shared/file"
  expect 'its second sees it' 0 deployed podman exec web-pod-0-reader cat /shared/file
  expect 'as its user' 0 1000 podman exec web-pod-0-reader id -u
  expect 'without capabilities' 0 'CapBnd: 0000000000000000' \
    podman exec web-pod-0-reader sh -c 'echo $(grep CapBnd /proc/1/status)'
  as_configured 'a Deployment is as Podman has configured it'
  expect 'kube play --down removes it' 0 '*' podman play kube --down "$work/deployment.yaml"
  holds 'no pod is left' is '' podman pod ps --quiet
}

descriptors() {
  expect 'preserve-fds hands descriptors on' 0 preserved sh -c \
    "echo preserved >$work/preserved; exec 3<$work/preserved; exec ${podman_command[*]} run --rm --network none --preserve-fds 1 bb cat /proc/self/fd/3"
  expect 'two of them, and no other' 0 $'preserved\nsecond\n0\n1\n2\n3\n4' sh -c \
    "echo second >$work/second; exec 3<$work/preserved 4<$work/second 5</dev/zero 6</dev/zero; exec ${podman_command[*]} run --rm --network none \
    --preserve-fds 2 bb sh -c 'cat /proc/self/fd/3 /proc/self/fd/4; ls /proc/1/fd; exit 0'"
  expect 'a listening socket is handed on' 0 'LISTEN_FDS=1 LISTEN_PID=1 socket' \
    "$here/listening" "$work/listen.sock" "${podman_command[@]}" run --rm --network none bb sh -c \
    'echo LISTEN_FDS=$LISTEN_FDS LISTEN_PID=$LISTEN_PID $(readlink /proc/self/fd/3 | cut -d: -f1)'
}

# What systemd gets of a unit with Type=notify.
notifications() { both_ways sdnotify; }
# notified_of [--unsent] OPTIONS... -- COMMAND...: as $here/notified, of `podman run OPTIONS bb COMMAND`.
notified_of() {
  local unsent=() options command
  if [ "$1" = --unsent ]; then unsent=(--unsent) && shift; fi
  split_at_dashes "$@"
  rm -f "$work/notify.sock"
  timeout 90 "$here/notified" "${unsent[@]}" "$work/notify.sock" \
    "${podman_command[@]}" run --rm --network none "${options[@]}" bb "${command[@]}"
}
say_ready='import os, socket
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])'
sdnotify() {
  local usr=() directory
  # For a program that can send a datagram; /lib is /usr/lib.
  for directory in /usr /lib /lib64; do
    [ ! -e $directory ] || usr+=(-v "$directory:$directory:ro")
  done
  expect "$way: sdnotify=container passes on the READY of the program" 0 $'MAINPID=*\nREADY=1' \
    notified_of -d --name n1 --sdnotify container "${usr[@]}" -- sh -c "/usr/bin/python3 -c '$say_ready'; exec sleep 1000"
  holds "$way: which runs on" is running podman inspect -f '{{.State.Status}}' n1
  podman rm -f -t 0 n1 >/dev/null 2>&1
  expect "$way: sdnotify=conmon tells of conmon" 0 $'MAINPID=*READY=1*' \
    notified_of -d --name n1 --sdnotify conmon -- sleep 1000
  podman rm -f -t 0 n1 >/dev/null 2>&1
  expect "$way: sdnotify=container has a socket" 0 /run/notify/notify.sock \
    notified_of --unsent --sdnotify container -- sh -c 'test -S "$NOTIFY_SOCKET" && echo "$NOTIFY_SOCKET"'
}

user_namespaces() {
  sed -i '/^containers:/d' /etc/subuid /etc/subgid
  echo 'containers:300000:65536' | tee -a /etc/subuid >>/etc/subgid
  mkdir -p "$work/mapped"
  both_ways mapped
}
uid_map() { "$@" sh -c 'echo $(cat /proc/self/uid_map)'; }
mapped() {
  expect "$way: uidmap maps" 0 '0 200000 5000' uid_map with --uidmap 0:200000:5000 --
  expect "$way: userns=auto maps" 0 '0 300000 1024' uid_map with --userns auto:size=1024 --
  expect "$way: userns=host does not" 0 '0 0 4294967295' uid_map with --userns host --
  expect "$way: root owns its files" 0 0 with --uidmap 0:200000:5000 -- stat -c %u /etc/passwd
  expect "$way: a volume is mapped" 0 0:0 with --uidmap 0:200000:5000 -v "$work/mapped:/v:idmap" -- stat -c %u:%g /v
  expect "$way: and written as the user outside" 0 0 sh -c \
    "${podman_command[*]} run --rm --network none --uidmap 0:200000:5000 -v $work/mapped:/v:idmap bb touch /v/new; stat -c %u $work/mapped/new"
  expect "$way: missing programs are told of" 127 '' with --uidmap 0:200000:5000 -- nosuch
  podman run -d --name u1 --network none --uidmap 0:200000:5000 bb sleep 1000 >/dev/null
  expect "$way: exec is in the namespace" 0 '0 200000 5000' uid_map podman exec u1
  expect "$way: another container shares it" 0 '0 200000 5000' uid_map with --userns container:u1 --
  expect "$way: a terminal in it" 0 $'/dev/pts/*\r' in_terminal "${podman_command[@]}" exec -it u1 tty
  podman rm -f -t 0 u1 >/dev/null 2>&1
}

# A user who is not root. vfs ignores owners where there is one id only.
new_user() {
  sed -i '/:1000:/d; /^tester:/d' /etc/passwd /etc/group
  sed -i '/^tester:/d; /^1000:/d' /etc/subuid /etc/subgid
  echo 'tester:x:1000:1000::/home/tester:/bin/sh' >>/etc/passwd
  echo 'tester:x:1000:' >>/etc/group
  rm -rf "$work/tester" /run/user/1000
  mkdir -p /run/user/1000 "$work/tester"
  chown 1000:1000 /run/user/1000 "$work/tester"
  chmod 755 "$work"
  sed 's/^events_logger.*/events_logger = "none"/' "$work/containers.conf" >"$work/rootless.conf"
  printf '[storage]\ndriver = "vfs"\n[storage.options]\nignore_chown_errors = "%s"\n' "$1" >"$work/storage.conf"
}
as_user_command=(setpriv --reuid 1000 --regid 1000 --clear-groups env -i "PATH=$PATH" HOME="$work/tester" USER=tester
  XDG_RUNTIME_DIR=/run/user/1000 CONTAINERS_CONF="$work/rootless.conf" CONTAINERS_STORAGE_CONF="$work/storage.conf"
  CONTAINERS_REGISTRIES_CONF="$work/registries.conf" TMPDIR=/run/tmp)
rootless_command=("${as_user_command[@]}" podman --cgroup-manager cgroupfs --runtime "$RUNTIME")
rootless() { "${rootless_command[@]}" "$@"; }
rootless_run() { # OPTIONS... -- COMMAND...
  local options command
  split_at_dashes "$@"
  rootless run --rm --network none "${options[@]}" bb "${command[@]}"
}
rootless_import() { tar -C "$work/image" -c . | rootless import - bb; }

# The same with one id and with a range: $ids names which.
of_a_user() {
  expect "rootless, $ids: run prints" 0 hi rootless_run -- echo hi
  expect "rootless, $ids: run ends with 42" 42 '' rootless_run -- sh -c 'exit 42'
  expect "rootless, $ids: run of a missing command ends with 127" 127 '' rootless_run -- nosuch
  expect "rootless, $ids: run of a directory ends with 126" 126 '' rootless_run -- /etc
  expect "rootless, $ids: run -d" 0 '*' rootless run -d --name c1 --network none bb sleep 1000
  expect "rootless, $ids: exec ends with 9" 9 '' rootless exec c1 sh -c 'exit 9'
  as_configured "rootless, $ids: as Podman has configured it" rootless unshare "$RUNTIME" --root "/run/user/1000/$runtime_name"
  expect "rootless, $ids: a terminal" 0 $'/dev/pts/*\r' in_terminal "${rootless_command[@]}" exec -it c1 tty
  expect "rootless, $ids: stop" 0 '*' rootless stop -t 0 c1
  expect "rootless, $ids: the status" 0 137 rootless inspect -f '{{.State.ExitCode}}' c1
  expect "rootless, $ids: rm -f" 0 '*' rootless rm -f -t 0 c1
  holds "rootless, $ids: no state is left" sh -c "! find /run/user/1000/myrt /run/user/1000/runc /run/user/1000/crun -mindepth 1 2>/dev/null | grep ."
}
rootless_one_id() {
  local ids='one id'
  new_user true
  expect 'rootless, one id: import' 0 '*' rootless_import
  expect 'rootless, one id: root is the user' 0 '0 1000 1' uid_map rootless_run --
  of_a_user
  write_containers_conf ''
  sed 's/^events_logger.*/events_logger = "none"/' "$work/containers.conf" >"$work/rootless.conf"
  ids='one id, without a log'
  of_a_user
  write_containers_conf "\"$runtime_name\""
}
rootless_subordinate_ids() {
  local ids='subordinate ids'
  new_user false
  echo tester:400000:65536 | tee -a /etc/subuid >>/etc/subgid
  expect 'rootless, subordinate ids: import' 0 '*' rootless_import
  expect 'rootless, subordinate ids: they are mapped' 0 '0 1000 1 1 400000 65536' uid_map rootless_run --
  expect 'rootless, subordinate ids: another user' 0 1000 rootless_run --user 1000 -- id -u
  expect 'rootless, subordinate ids: keep-id' 0 '0 1 1000 1000 0 1 1001 1001 64536' uid_map rootless_run --userns keep-id --
  expect 'rootless, subordinate ids: keep-id is the user' 0 1000 rootless_run --userns keep-id -- id -u
  expect 'rootless, subordinate ids: auto' 0 '0 1 500' uid_map rootless_run --userns auto:size=500 --
  expect 'rootless, subordinate ids: nomap' 0 '0 1 65536' uid_map rootless_run --userns nomap --
  of_a_user
}

import_image
part pods
part kube
part descriptors
part notifications
part user_namespaces
part rootless_one_id
part rootless_subordinate_ids
nothing_left
finish
