#!/bin/bash
# The features document: what it promises is there, and it promises all that is there.
source "$(dirname "$0")/lib.sh"

# listed FILTER: an array of the document, one entry a line.
listed() { runtime features | jq -r "$1 | .[]"; }

of_the_build() {
  # A property of the binary: the same where there is no /proc, no /sys and no privilege.
  ldd "$RUNTIME" 2>&1 | grep -qE 'statically linked|not a dynamic executable' || skip 'an empty root has no libraries'
  must runtime features
  local here=$out
  mkdir "$work/cases/empty"
  cp "$RUNTIME" "$work/cases/empty/runtime"
  chmod 755 "$work" "$work/cases" "$work/cases/empty/runtime"
  try chroot --userspec=1000:1000 "$work/cases/empty" /runtime features
  is_status 0
  same "$out" "$here"
}

versions() {
  local version
  for version in $(runtime features | jq -r '.ociVersionMin, .ociVersionMax'); do
    new_bundle true
    edit '.ociVersion = $version' --arg version "$version"
    run_ok
  done
  same "$(runtime features | jq -r '.ociVersionMin, .ociVersionMax' | sort -V | tail -1)" "$(runtime features | jq -r .ociVersionMax)"
}

namespaces() {
  local type
  same "$(listed .linux.namespaces | sort | tr '\n' ' ')" 'cgroup ipc mount network pid time user uts '
  for type in $(listed .linux.namespaces); do
    new_bundle true
    without_namespace "$type"
    new_namespace "$type"
    [ "$type" != user ] || edit '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
    chmod 711 "$work" "$work/cases" "$bundle"
    run_ok
  done
}

capabilities() {
  # CAP_CHECKPOINT_RESTORE, 40, is the last one of capabilities(7).
  same "$(listed .linux.capabilities | sort -u | wc -l)" 41
  new_bundle true
  edit '.process.capabilities = {"bounding": $names}' --argjson names "$(runtime features | jq .linux.capabilities)"
  run_ok
  lacks "$err" unknown
  edit '.process.capabilities.bounding += ["CAP_NO_SUCH"]'
  run_ok
  contains "$err" CAP_NO_SUCH
  contains "$err" unknown
}

mount_options() {
  # Each of them is known: it does not end up in the data of the mount, which a tmpfs would refuse.
  local option
  for option in $(listed .mountOptions); do
    new_bundle true
    case $option in
      bind | rbind | remount | idmap | ridmap | copy-symlink | src-nofollow | dest-nofollow) continue ;; # for binds: mounts.sh
    esac
    edit '.mounts += [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": [$option]}]' --arg option "$option"
    run
    [ "$status" -eq 0 ] || fail "option $option" "$err"
  done
  edit '.mounts[-1].options = ["no-such-option"]'
  refused no-such-option
}

seccomp_words() {
  local word
  for word in $(listed .linux.seccomp.archs); do
    new_bundle true
    edit '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": [$word]}' --arg word "$word"
    create
  done
  for word in $(listed .linux.seccomp.operators); do
    new_bundle true
    edit '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["personality"], "action": "SCMP_ACT_ERRNO",
      "args": [{"index": 0, "value": 77, "valueTwo": 77, "op": $word}]}]}' --arg word "$word"
    create
  done
  for word in $(listed .linux.seccomp.actions); do
    [ "$word" != SCMP_ACT_NOTIFY ] || continue # needs an agent: seccomp.sh
    new_bundle true
    edit '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["acct"], "action": $word}]}' --arg word "$word"
    create
  done
}

seccomp_flags() {
  local flag
  same "$(listed '.linux.seccomp | .supportedFlags - .knownFlags')" '' 'supported and not known'
  for flag in $(listed .linux.seccomp.supportedFlags); do
    [ "$flag" != SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV ] || continue # only beside a listener
    new_bundle true
    edit '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "flags": [$flag]}' --arg flag "$flag"
    create
  done
}

# The names that the binary takes of a property are those that it lists: one that is not is refused.
hook_kinds() {
  local kind
  for kind in $(listed .hooks); do
    new_bundle true
    edit '.hooks[$kind] = [{"path": "/no/such/hook"}]' --arg kind "$kind"
    case $kind in
      poststop) run_ok ;; # a failure is only a warning
      *)
        run
        differs "$status" 0 "$kind"
        contains "$err" /no/such/hook
        ;;
    esac
  done
}

memory_policies() {
  local word nodes
  for word in $(listed .linux.memoryPolicy.modes); do
    case $word in MPOL_DEFAULT | MPOL_LOCAL) nodes= ;; *) nodes=0 ;; esac
    new_bundle true
    edit '.linux.memoryPolicy = {"mode": $word, "nodes": $nodes}' --arg word "$word" --arg nodes "$nodes"
    create
  done
  for word in $(listed .linux.memoryPolicy.flags); do
    new_bundle true
    edit '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0", "flags": [$word]}' --arg word "$word"
    create
  done
}

it 'features depend on the build, not on the host [FEA-04]' of_the_build
it 'both versions are accepted, the first is not above the last [FEA-02,FEA-03]' versions
it 'every namespace of features can be new [FEA-07,NSP-01,NSP-02]' namespaces
it 'every capability of features is known [FEA-08,CAP-02]' capabilities
it 'every mount option of features is known [FEA-06]' mount_options
it 'every architecture, operator and action of features is known [FEA-10]' seccomp_words
it 'every supported flag of features works [FEA-11]' seccomp_flags
it 'every kind of hook of features runs [FEA-05,HOK-01]' hook_kinds
it 'every memory policy of features is set [FEA-17,MPL-01,MPL-03]' memory_policies
finish
