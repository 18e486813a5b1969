#!/bin/bash
# Run inside the machine as root: cri.sh on containerd-shim-myrt-v2, with systemd's cgroups below it; and checkpoints through it, by
# ctr. CONTAINERD as in cri.sh.
export SHIM=/usr/local/bin
more_cases() {
  local own=("$bin/ctr" --address "$socket") number
  local read=("${own[@]}" task exec --exec-id r c cat /count)
  # A program that counts: the loop is the shell's own, as a restored sleep ends at once.
  local program='i=0; while :; do i=$((i+1)); echo $i >/new; mv /new /count; sleep 0.2; done'
  check 'the image for ctr' 0 '*' "${own[@]}" image import "$work/pause.oci"
  check 'ctr run' 0 '' "${own[@]}" run --detach --runtime io.containerd.myrt.v2 localhost/pause:1 c sh -c "$program"
  check 'its root is not on the host' 1 '' grep "/default/c/rootfs " /proc/self/mountinfo
  check 'it counts' 0 '' reaches 3 "${read[@]}"
  number=$("${read[@]}")
  check 'ctr container checkpoint' 0 '*' "${own[@]}" container checkpoint --task --rw --image c localhost/saved
  check 'the saved task ends' 0 '*' ends "${own[@]}"
  check 'ctr container restore' 0 '*' "${own[@]}" container restore --live --rw c localhost/saved
  check 'it counts on' 0 '' reaches "$((number + 2))" "${read[@]}"
  check 'the restored task ends' 0 '*' ends "${own[@]}"
  check 'nothing is mounted' 1 '' grep "$work/state.*/rootfs " /proc/self/mountinfo
}
at_least() { # NUMBER READER...
  local wanted=$1
  shift
  [ "$("$@" || echo 0)" -ge "$wanted" ]
}
reaches() { wait_for at_least "$@"; }
no_task() { ! "$@" task ls --quiet | grep -qx c || "$@" task delete c; }
ends() { # CTR...: the container c and its task
  "$@" task kill --signal SIGKILL c >/dev/null 2>&1
  wait_for no_task "$@" && "$@" container delete c
}
source "$(dirname "$0")/cri.sh"
