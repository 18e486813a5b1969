#!/bin/bash
# Run inside the machine as root: checkpoint and restore by Podman and by containerd with this runtime.
source "$(dirname "$0")/checks.sh"
clean_up() {
  podman rm --force --time 0 --all >/dev/null 2>&1
  ctr task kill --signal SIGKILL c >/dev/null 2>&1
  wait_for no_task && ctr container delete c >/dev/null 2>&1
  ctr image rm localhost/saved >/dev/null 2>&1
  rm -rf "$work"
}
trap clean_up EXIT
succeeds() { # NAME COMMAND...
  local name=$1
  shift
  check "$name" 0 '*' "$@"
}
# A program that counts: the loop is the shell's own, as a restored sleep ends at once.
program='i=0; while :; do i=$((i+1)); echo $i >/new; mv /new /count; sleep 0.2; done'
# at_least COUNT READER...: the number that READER prints.
at_least() {
  local wanted=$1
  shift
  [ "$("$@" || echo 0)" -ge "$wanted" ]
}
reaches() { wait_for at_least "$@"; }

podman_cases() {
  local run=(podman --runtime "$RUNTIME") number
  local read=("${run[@]}" exec c cat /count)
  succeeds 'podman run' "${run[@]}" run --detach --name c --network none bb sh -c "$program"
  reaches 3 "${read[@]}"
  number=$("${read[@]}")
  succeeds 'podman container checkpoint' "${run[@]}" container checkpoint c
  succeeds 'podman container restore' "${run[@]}" container restore c
  succeeds 'it counts on' reaches "$((number + 2))" "${read[@]}"
  succeeds 'podman container checkpoint --leave-running' "${run[@]}" container checkpoint --leave-running c
  succeeds 'podman exec after it' "${read[@]}"
  succeeds 'podman container checkpoint --pre-checkpoint' "${run[@]}" container checkpoint --pre-checkpoint --export "$work/pre.tar" c
  number=$("${read[@]}")
  succeeds 'podman container checkpoint --with-previous --export' "${run[@]}" container checkpoint --with-previous --export "$work/full.tar" c
  succeeds 'podman rm' "${run[@]}" rm --force --time 0 c
  succeeds 'podman container restore --import under another name' "${run[@]}" container restore \
    --import-previous "$work/pre.tar" --import "$work/full.tar" --name d
  succeeds 'it counts on as well' reaches "$((number + 2))" "${run[@]}" exec d cat /count
  succeeds 'podman rm of what was restored' "${run[@]}" rm --force --time 0 d
}

no_task() { ! ctr task ls --quiet | grep -qx c || ctr task delete c; }
ends() { # the container c and its task
  ctr task kill --signal SIGKILL c >/dev/null 2>&1
  wait_for no_task && ctr container delete c
}
ctr_cases() {
  podman save --quiet --format oci-archive --output "$work/bb.oci" bb
  ctr image import --base-name localhost/bb "$work/bb.oci" >/dev/null 2>&1
  local image number
  image=$(ctr image ls --quiet | head -1)
  local read=(ctr task exec --exec-id r c cat /count)
  succeeds 'ctr run' ctr run --detach --runc-binary "$RUNTIME" "$image" c sh -c "$program"
  reaches 3 "${read[@]}"
  mkdir "$work/images"
  succeeds 'ctr task checkpoint' ctr task checkpoint --exit --image-path "$work/images" c
  succeeds 'it has the images' test -s "$work/images/inventory.img"
  succeeds 'the task has ended' ends
  succeeds 'ctr run again' ctr run --detach --runc-binary "$RUNTIME" "$image" c sh -c "$program"
  reaches 3 "${read[@]}"
  number=$("${read[@]}")
  succeeds 'ctr container checkpoint' ctr container checkpoint --task --rw --image c localhost/saved
  succeeds 'the saved task ends' ends
  succeeds 'ctr container restore' ctr container restore --live --rw c localhost/saved
  succeeds 'it counts on under containerd' reaches "$((number + 2))" "${read[@]}"
  succeeds 'the restored task ends' ends
}

make_image "$work/image.tar"
podman import --quiet "$work/image.tar" bb >/dev/null 2>&1
podman_cases
ctr_cases
finish
