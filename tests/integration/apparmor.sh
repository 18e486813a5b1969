#!/bin/bash
# AppArmor profiles of processes. Needs a host with AppArmor: tests/vm/test has one.
source "$(dirname "$0")/lib.sh"

load_profile() {
  needs_apparmor
  grep -q '^myrt-test ' /sys/kernel/security/apparmor/profiles && return
  apparmor_parser -r <<<'profile myrt-test flags=(attach_disconnected,mediate_deleted) {
    file,
    capability,
    mount,
    signal,
    deny /root/forbidden rw,
  }'
}
profile() { edit '.process.apparmorProfile = $name' --arg name "$1"; }

init_is_confined() {
  load_profile
  new_bundle sh -c 'cat /proc/self/attr/current; echo x >/root/forbidden'
  profile myrt-test
  run
  contains "$out" 'myrt-test (enforce)'
  differs "$status" 0
  contains "$err" 'Permission denied'
}

exec_is_confined() {
  load_profile
  new_bundle
  profile myrt-test
  run_detached
  must runtime exec "$id" cat /proc/self/attr/current
  same "$out" 'myrt-test (enforce)'
}

exec_profile() {
  load_profile
  new_bundle
  run_detached
  must runtime exec "$id" cat /proc/self/attr/current
  same "$out" unconfined
  must runtime exec --apparmor myrt-test "$id" cat /proc/self/attr/current
  same "$out" 'myrt-test (enforce)'
  try runtime exec --apparmor no-such-profile "$id" true
  differs "$status" 0
  contains "$err" no-such-profile
}

not_loaded() {
  load_profile
  new_bundle
  profile no-such-profile
  refused no-such-profile
}

switched_off() {
  ! apparmor_is_on || skip 'AppArmor is on'
  new_bundle
  profile myrt-test
  refused myrt-test
}

it 'init runs in its AppArmor profile [LSM-01][vm]' init_is_confined
it 'exec runs in the profile of config.json [LSM-01][vm]' exec_is_confined
it 'exec --apparmor chooses the profile [LSM-01][vm]' exec_profile
it 'a profile that is not loaded is refused [LSM-01][vm]' not_loaded
it 'a profile is refused where AppArmor is off [LSM-01]' switched_off
finish
