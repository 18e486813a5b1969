#!/bin/bash
# Typed errors: the true cause, as text for people and as members for programs.
source "$(dirname "$0")/lib.sh"

# failed_with CODE PHASE [jq test]: the last command's error file says so.
failed_with() {
  [ -s "$work/error" ] || fail 'there is no error file' "$err"
  jq -e --arg code "$1" --arg phase "$2" ".level == \"error\" and .code == \$code and .phase == \$phase and (.hint | length > 10) and (${3:-true})" \
    "$work/error" >/dev/null || fail "expected code $1, phase $2, ${3:-nothing more} in:" "$(<"$work/error")"
}
refuses() { # COMMAND...
  rm -f "$work/error"
  try runtime --error-file "$work/error" "$@"
  [ "$status" -ne 0 ] || fail "it succeeded: $*"
}
start_refuses() {
  create
  refuses start "$id"
}

error_file_whatever_the_log_is() {
  new_bundle
  edit '.mounts += [{"destination": "/x", "type": "nosuchfs"}]'
  refuses create --bundle "$bundle" "$id"
  failed_with system mounts '.syscall == "fsopen" or .syscall == "mount"'
  jq -e '.errno == 19 and .error == "ENODEV" and .path == "/x"' "$work/error" >/dev/null || fail 'members' "$(<"$work/error")"
  contains "$err" "$(jq -r .msg "$work/error")"
  must runtime --error-file "$work/none" create --bundle "$(new_bundle && echo "$bundle")" other
  [ ! -e "$work/none" ] || fail 'there was no error'
  # The same members in the log.
  try runtime --log "$work/log" --log-format json start nowhere
  jq -e '.code == "not_found" and .phase == "state" and (.hint | contains("myrt list"))' "$work/log" >/dev/null || fail 'log' "$(<"$work/log")"
  try runtime --error-file "$work/no/such/directory" start nowhere
  contains "$err" 'error-file: open'
}

bad_configurations_have_a_pointer() {
  new_bundle
  edit '.process.cwd = "relative"'
  refuses create --bundle "$bundle" "$id"
  failed_with invalid_config parse '.pointer == "/process/cwd"'
}

missing_program() {
  new_bundle no-such-program
  refuses run --bundle "$bundle" "$id"
  failed_with executable_not_found process '.msg | contains("executable file not found in $PATH")'
}

# program TEXT: the bundle's program is a file of that text, which can be executed.
program() {
  own_rootfs
  printf "$1" >"$bundle/rootfs/program"
  chmod 755 "$bundle/rootfs/program"
}

missing_shebang_target() {
  new_bundle /program
  program '#!/no/such/shell -e\necho hi\n'
  start_refuses
  failed_with executable_not_found start '.msg | contains("interpreter") and contains("/no/such/shell")'
}

missing_elf_interpreter() {
  new_bundle /program
  own_rootfs
  # The loader of any program that is not static, under another name.
  sed 's,/lib64/ld-linux-x86-64,/lib64/no-linux-x86-64,' "$(type -P sed)" >"$bundle/rootfs/program"
  chmod 755 "$bundle/rootfs/program"
  grep -q no-linux-x86-64 "$bundle/rootfs/program" || skip 'sed is static here'
  start_refuses
  failed_with executable_not_found start '.msg | contains("interpreter") and contains("no-linux-x86-64")'
}

wrong_architecture() {
  new_bundle /program
  own_rootfs
  cp "$rootfs/bin/busybox" "$bundle/rootfs/program"
  printf '\363\000' | dd of="$bundle/rootfs/program" bs=1 seek=18 conv=notrunc status=none # e_machine: RISC-V
  start_refuses
  failed_with executable_not_permitted start '.msg | contains("an ELF file for riscv") and contains("exec format error")'
}

no_format_at_all() {
  new_bundle /program
  program 'just text\n'
  start_refuses
  failed_with executable_not_permitted start '.msg | contains("neither an ELF file nor a script")'
}

oom_killed_init() {
  needs_controller memory
  [ "$cgroup_version" = 1 ] || skip 'v1 here'
  new_bundle
  # A hook of init's, which runs in the container's cgroup, is not what is looked for: init's own
  # pages, one more than fits.
  local limit
  for limit in 4096 8192 16384 32768; do
    edit '.linux.resources.memory = {"limit": $limit, "swap": $limit}' --argjson limit $limit
    rm -f "$work/error"
    try runtime --error-file "$work/error" create --bundle "$bundle" "$id"
    [ "$status" -ne 0 ] || { must runtime delete --force "$id"; continue; }
    if [ "$(jq -r .code "$work/error")" = out_of_memory ]; then
      contains "$err" 'init was killed by the OOM killer'
      failed_with out_of_memory handshake
      return
    fi
  done
  fail 'the OOM killer was never named' "$(cat "$work/error")"
}

undelegated_controller() {
  needs_v2
  ! grep -qw memory $cgroup_root/cgroup.controllers || skip 'this view has the memory controller'
  new_bundle
  edit '.linux.resources.memory = {"limit": 67108864}'
  refuses create --bundle "$bundle" "$id"
  failed_with unsupported cgroup '.pointer == "/linux/resources/memory/limit" and (.hint | contains("cgroup.controllers"))'
}

filesystem_without_idmap() {
  new_bundle
  new_namespace user
  edit '.linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 65536}] | .linux.gidMappings = .linux.uidMappings
    | .mounts += [{"destination": "/x", "type": "bind", "source": "/proc/self", "options": ["bind"],
      "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}], "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}]}]'
  refuses create --bundle "$bundle" "$id"
  failed_with unsupported mount_sources '.pointer | startswith("/mounts/6")'
}

missing_kernel_feature() {
  new_bundle
  edit '.linux.intelRdt = {"closID": "x"}'
  [ ! -e /sys/fs/resctrl/schemata ] || skip 'this host has resctrl'
  refuses create --bundle "$bundle" "$id"
  jq -e '.code == "unsupported" and .pointer == "/linux/intelRdt"' "$work/error" >/dev/null || fail 'the cause' "$(<"$work/error")"
}

it '--error-file has the error as JSON, whatever the log is' error_file_whatever_the_log_is
it 'a bad configuration has a pointer' bad_configurations_have_a_pointer
it 'a program that is not there' missing_program
it 'a script whose interpreter is not there' missing_shebang_target
it 'an ELF file whose interpreter is not there' missing_elf_interpreter
it 'a program for another architecture' wrong_architecture
it 'a program in no format' no_format_at_all
it 'an init that the OOM killer took' oom_killed_init
it 'a controller that is not delegated' undelegated_controller
it 'a filesystem without id-mapped mounts' filesystem_without_idmap
it 'a feature that the kernel has not got' missing_kernel_feature
finish
