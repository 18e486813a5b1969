#!/bin/bash
# What the runtime prints against the schema of the specification, and what breaks the schema against the runtime.
source "$(dirname "$0")/lib.sh"

examples=$source_dir/tests/schema/test
schema_says() {
  # The virtual machine has neither.
  [ -d "$examples" ] && python3 -c 'import jsonschema' 2>/dev/null || skip 'no python3-jsonschema, or no tests/schema'
  try "$script_dir/json-schema" validate "$@"
}
valid() { # SCHEMA FILE
  schema_says "$@"
  [ "$status" -eq 0 ] || fail "not valid by $1:" "$out" "$err" "$(<"$2")"
}

the_check_itself() {
  local kind file
  for kind in config features state; do
    for file in "$examples/$kind"/good/*.json; do valid $kind-schema.json "$file"; done
    for file in "$examples/$kind"/bad/*.json; do
      schema_says $kind-schema.json "$file"
      is_status 1
      [ -n "$out" ] || fail "nothing is wrong with $file" "$err"
    done
  done
}

features_document() {
  runtime features >"$work/cases/features.json"
  valid features-schema.json "$work/cases/features.json"
}

state_documents() {
  local before
  new_bundle
  edit '.annotations = {"org.example.key": "value", "empty": ""}'
  create
  for before in created running stopped; do
    case $before in
      running) start ;;
      stopped) must runtime kill "$id" KILL && wait_status stopped ;;
    esac
    runtime state "$id" >"$bundle/$before.json"
    valid state-schema.json "$bundle/$before.json"
    same "$(jq -r .status "$bundle/$before.json")" $before
  done
}

state_of_a_paused_one() {
  # The one status that the schema does not have, though the text allows it.
  new_bundle
  run_detached
  must runtime pause "$id"
  runtime state "$id" >"$bundle/paused.json"
  schema_says state-schema.json "$bundle/paused.json"
  is_status 1
  same "$(wc -l <<<"$out")" 1
  matches "$out" "^/status: 'paused'"
  must runtime resume "$id"
}

states_of_hooks() {
  local kind
  new_bundle
  own_rootfs
  for kind in prestart createRuntime createContainer startContainer poststart poststop; do
    edit '.hooks[$kind] = [{"path": "/bin/sh", "args": ["sh", "-c", "cat >" + $file]}]' --arg kind $kind \
      --arg file "$([ $kind = startContainer ] || echo "$bundle")/$kind.json"
  done
  create
  start
  must runtime delete --force "$id"
  mv "$bundle/rootfs/startContainer.json" "$bundle"
  for kind in prestart createRuntime createContainer startContainer poststart poststop; do
    valid state-schema.json "$bundle/$kind.json"
  done
}

default_configs() {
  local option
  for option in '' --rootless; do
    new_bundle
    rm "$bundle/config.json"
    must runtime spec --bundle "$bundle" $option
    valid config-schema.json "$bundle/config.json"
  done
}

config_examples() {
  # The good ones go as far as what they ask of this machine.
  [ -d "$examples" ] || skip 'no tests/schema'
  local file
  for file in "$examples"/config/good/{minimal,minimal-for-start,linux-rdma,linux-netdevice}.json; do
    new_bundle
    jq --arg rootfs "$rootfs" '.root.path = $rootfs' "$file" >"$bundle/config.json"
    try runtime create --bundle "$bundle" "$id"
    lacks "$err" 'config.json: '
  done
  for file in "$examples"/config/bad/*.json; do
    case $file in */freebsd-*) continue ;; esac # another platform's section is none of ours (CFG-08)
    new_bundle
    cp "$file" "$bundle/config.json"
    refused config.json
  done
}

wrong_types() {
  # Every value of a real config with one of another type in its place, through the binary: refused by name, and nothing left.
  new_bundle
  edit '.annotations = {"a/b": "c"} | .hooks = {"prestart": [{"path": "/bin/true", "args": ["true"], "timeout": 5}]}
    | .linux.resources = {"memory": {"limit": 33554432}, "cpu": {"shares": 512}, "pids": {"limit": 5},
      "devices": [{"allow": false, "access": "rwm"}]} | .linux.sysctl = {"net.ipv4.ip_forward": "1"}
    | .linux.devices = [{"path": "/dev/x", "type": "c", "major": 1, "minor": 3, "fileMode": 438, "uid": 0, "gid": 0}]
    | .linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_ERRNO"}]}'
  # Itself it is right, whatever controllers this view has.
  try runtime create --bundle "$bundle" "$id"
  lacks "$err" 'config.json: '
  must runtime delete --force "$id"
  "$script_dir/json-schema" mutants "$bundle/config.json" "$bundle/mutants"
  local before mutant count=0
  before=$(snapshot)
  for mutant in "$bundle"/mutants/*; do
    try runtime --log "$bundle/log" create --bundle "$mutant" "$id"
    [ "$status" -eq 1 ] || fail "status $status: $(<"$mutant/pointer")" "$err"
    contains "$err" "$(<"$mutant/pointer"): "
    count=$((count + 1))
  done
  same "$(snapshot)" "$before" 'what is left behind'
  [ $count -ge 140 ] || fail "$count mutants only"
}

it 'the schema accepts its good examples and refuses the bad ones' the_check_itself
it 'features are valid by the schema [FEA-01]' features_document
it 'state is valid by the schema [STA-11,STA-03,STA-06]' state_documents
it 'but for the status of a paused container [STA-04,DIFF-38]' state_of_a_paused_one
it 'what hooks read is valid by the schema [STA-11,HOK-07]' states_of_hooks
it 'the configs of spec are valid by the schema' default_configs
it 'the examples of the schema are taken and refused [CFG-04]' config_examples
it 'a value of a wrong type is refused by its pointer and leaves nothing [CFG-04,LIF-02]' wrong_types
finish
