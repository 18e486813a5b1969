#!/bin/bash
# Buildah on this runtime, with OCI isolation: builds and runs.
source "$(dirname "$0")/podman_lib.sh"

buildah_command=(buildah --root "$work/root" --runroot "$work/runroot" --storage-driver vfs)
buildah() { command "${buildah_command[@]}" "$@"; }
export BUILDAH_ISOLATION=oci BUILDAH_RUNTIME=$RUNTIME

# bud [OPTIONS]: the Dockerfile on stdin.
bud() {
  cat >"$work/context/Dockerfile"
  buildah bud --network none --ulimit nofile=1024:2048 "$@" "$work/context"
}
bud_of() { printf '%s' "$1" | bud; }

builds() {
  mkdir -p "$work/context"
  echo copied >"$work/context/file"
  holds 'bud builds' bud -t built <<'DOCKERFILE'
FROM localhost/bb
COPY file /file
RUN cat /file >/seen && ls /proc/self/fd >/descriptors
ENV WORD=set
RUN echo $WORD >/word
USER 1000
WORKDIR /tmp
RUN echo $(id -u):$PWD >user
DOCKERFILE
  # What Buildah leaks into `create` are the write ends of its pipes: with them a build never ends.
  # ls has the directory open as well.
  expect 'the built image has it all' 0 $'copied\n0\n1\n2\n3\nset\n1000:/tmp' \
    podman run --rm --network none built cat /seen /descriptors /word /tmp/user
  says 'a step that fails fails the build' 3 'exit status 3' bud_of $'FROM localhost/bb\nRUN exit 3'
  says 'a step of a missing program fails the build' 127 'not found' bud_of $'FROM localhost/bb\nRUN nosuch'
}

runs() {
  local container
  container=$(buildah from --ulimit nofile=1024:2048 --network none localhost/bb)
  expect 'run prints' 0 hi buildah run "$container" -- echo hi
  says 'run ends with 3' 3 'exit status 3' buildah run "$container" -- sh -c 'exit 3'
  expect 'run as a user' 0 1000 buildah run --user 1000 "$container" -- id -u
  expect_pipe 'run reads a pipe' through command "${buildah_command[@]}" run "$container" -- cat
  # Buildah asks for ambient capabilities without inheritable ones, of which no step shall hear.
  holds 'the runtime adds no word to what a step says' is said buildah run "$container" -- echo said
  expect 'run --terminal has one' 0 $'/dev/pts/0\r' in_terminal "${buildah_command[@]}" run --terminal "$container" -- tty
  says 'run of a missing program says so' 1 'executable file not found in $PATH' buildah run "$container" -- nosuch
  expect 'rm' 0 '*' buildah rm "$container"
}

# What Buildah configures is what the kernel applies: no false alarm on a step that runs.
inspection() {
  local container step
  container=$(buildah from --ulimit nofile=1024:2048 --network none localhost/bb)
  buildah run "$container" -- sh -c 'touch /tmp/runs; while [ -e /tmp/runs ]; do sleep 0.1; done' >/dev/null 2>&1 </dev/null &
  step=$!
  holds 'a step runs' within 30 sh -c "'$RUNTIME' list | grep -w running"
  as_configured 'a step is as Buildah has configured it'
  buildah run "$container" -- rm /tmp/runs
  holds 'it ends' wait $step
  buildah rm "$container" >/dev/null
}

import_image
part builds
part runs
part inspection
holds 'no container is left' sh -c "! '$RUNTIME' list --quiet | grep ."
holds 'no state is left' sh -c '! find /run/myrt /run/runc /run/crun -mindepth 1 2>/dev/null | grep .'
holds 'no cgroup is left' sh -c '! find /sys/fs/cgroup -type d -name "buildah-*" | grep .'
finish
