#!/bin/bash
# Hostile checkpoints. The attacks themselves are cases of tests/integration/checkpoint.sh, which need
# CRIU (4 or later); what of them is pure is in tests/unit/runtime/container/checkpoint_test.cc.
source "$(dirname "$0")/lib.sh"

crafted_checkpoints() {
  is_peer && skip 'the cases are about our own document'
  local log=$bundle_log status=0
  CASE='[CVE-2026-119101]' bash "$attacks_dir/../integration/checkpoint.sh" >"$log" 2>&1 || status=$?
  if grep -q '# skip' "$log"; then skip "$(grep -m1 -o '# skip.*' "$log" | cut -c 8-)"; fi
  [ $status -eq 0 ] || breached "$(grep -A8 '^not ok' "$log")"
}

bundle_log=$work/checkpoint.log
attack CVE-2026-119101 static 'links and documents that mix up mounts' crafted_checkpoints without-restore-check
finish
