# Sourced by the scripts that save and restore containers, after lib.sh: which CRIU there is, a program
# that counts, and the two commands.

if ! criu=$(type -P criu); then
  no_criu='there is no criu in PATH'
elif ! no_criu=$("$criu" check 2>&1); then
  no_criu="criu check: $(grep -m1 Error <<<"$no_criu")"
else
  no_criu=''
fi
# A CRIU that waits for ever is a failure, and not the end of the tests.
runtime() { timeout $((${PATIENCE:-10} * 6)) "$RUNTIME" --root "$state_root" "$@"; }
needs_criu() { [ -z "$no_criu" ] || skip "$no_criu"; }

# counting_bundle: a program that counts in its memory, and shows the number in $shared/count. The
# loop is the shell's own: a restored sleep ends at once.
counting_bundle() {
  new_bundle
  shared=$bundle/shared images=$bundle/images
  mkdir -p "$shared" "$rootfs/shared"
  shell 'i=0; while :; do i=$((i+1)); echo $i >/shared/new; mv /shared/new /shared/count; sleep 0.05; done'
  edit '.mounts += [{destination: "/shared", type: "bind", source: $dir, options: ["bind", "rw"]}]' --arg dir "$shared"
}
count() { cat "$shared/count" 2>/dev/null || echo 0; }
counted_beyond() { [ "$(count)" -gt "$1" ]; }
counts_on() {
  local from
  from=$(count)
  wait_until counted_beyond "$((from + 2))"
}

run_counting() {
  run_detached
  counts_on
}
checkpoint() { must runtime checkpoint --image-path "$images" --work-path "$bundle/work" "$@" "$id"; }
restore() { must runtime restore --detach --bundle "$bundle" --image-path "$images" --work-path "$bundle/work" "$@" "$id"; }
