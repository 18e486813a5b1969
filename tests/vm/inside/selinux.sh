#!/bin/bash
# Run inside a machine that was booted with SELinux, as root: labels of processes and mounts, with the
# policy of selinux.conf.
source "$(dirname "$0")/machine.sh"
at_exit() { echo 0 >/sys/fs/selinux/enforce; }
here=$(cd "$(dirname "$0")" && pwd)
label=system_u:system_r:container_t
mount_label=system_u:object_r:container_file_t

labels() { edit '.process.selinuxLabel = $label' --arg label "$1"; }
label_of() { tr -d '\0' <"/proc/$1/attr/current"; }
file_label() { getfattr --only-values --absolute-names -n security.selinux "$1" | tr -d '\0'; }

# Before the policy is loaded, the kernel takes every label and does nothing about it.
no_policy() {
  same "$(label_of self)" kernel
  new_bundle
  labels $label
  refuse /process/selinuxLabel SELinux
  new_bundle
  edit '.linux.mountLabel = $label' --arg label $mount_label
  refuse /linux/mountLabel SELinux
}
load_policy() {
  mountpoint -q /sys/fs/selinux || mount -t selinuxfs selinuxfs /sys/fs/selinux
  must checkpolicy -U allow -c 33 -o "$work/policy" "$here/selinux.conf"
  must dd if="$work/policy" of=/sys/fs/selinux/load bs=1M
  echo 1 >/sys/fs/selinux/enforce
  same "$(label_of self)" system_u:system_r:host_t
}

init_has_the_label() {
  new_bundle
  labels $label
  run_detached
  same "$(label_of "$(state_of pid)")" $label
  must runtime exec "$id" cat /proc/self/attr/current
  same "$(tr -d '\0' <<<"$out")" $label
  must runtime exec --process-label system_u:system_r:other_t "$id" cat /proc/self/attr/current
  same "$(tr -d '\0' <<<"$out")" system_u:system_r:other_t
}

unknown_labels() {
  new_bundle
  local wrong
  for wrong in system_u:system_r:no_such_t system_u:system_r:file_t no_such_label; do
    labels $wrong
    refuse "$wrong" 'invalid argument'
  done
  new_bundle
  run_detached
  try runtime exec --process-label system_u:system_r:no_such_t "$id" true
  differs "$status" 0
  contains "$err" no_such_t
}

mounts_have_the_label() {
  new_bundle
  labels $label
  edit '.linux.mountLabel = $label' --arg label $mount_label
  run_detached
  local root
  root=/proc/$(state_of pid)/root
  same "$(file_label "$root/dev")" $mount_label
  grep -q " /dev .*context=$mount_label" "/proc/$(state_of pid)/mountinfo" || fail "$(cat "/proc/$(state_of pid)/mountinfo")"
  new_bundle
  edit '.linux.mountLabel = "system_u:object_r:no_such_t"'
  refuse no_such_t
}

secrets_are_kept() {
  new_bundle sh -c 'cat /secret/file'
  mkdir "$bundle/secret"
  echo word >"$bundle/secret/file"
  must setfattr -n security.selinux -v system_u:object_r:secret_t "$bundle/secret/file"
  edit '.mounts += [{destination: "/secret", type: "bind", source: $dir, options: ["bind"]}]' --arg dir "$bundle/secret"
  mkdir -p "$rootfs/secret"
  labels system_u:system_r:other_t
  run_ok
  same "$out" word
  labels $label
  run
  differs "$status" 0
  contains "$err" 'Permission denied'
}

it 'labels are refused while there is no policy [LSM-02]' no_policy
it 'a policy is loaded and enforced' load_policy
it 'init and exec have the label of the config, or of --process-label [LSM-02]' init_has_the_label
it 'a label that the policy does not know is refused [LSM-02]' unknown_labels
it 'mountLabel is the context of the mounts' mounts_have_the_label
it 'a container may do what its label may' secrets_are_kept
finish
