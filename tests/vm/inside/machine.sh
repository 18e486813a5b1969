# Sourced by the scripts of this folder whose cases are written in the words of tests/integration
# (lib.sh): they run as root on the machine itself, which is thrown away afterwards, not in a sandbox.
export MYRT_PRIVATE_VIEW=v2 MYRT_PRIVATE_DIR
MYRT_PRIVATE_DIR=$(mktemp -d)
at_exit() { :; } # a script's own
trap 'at_exit; rm -rf "$MYRT_PRIVATE_DIR"' EXIT
source "$(dirname "$0")/../../integration/lib.sh"

# refuse TEXT...: as `refused`, but other processes of this machine come and go.
refuse() {
  local text
  try runtime --log "$work/refused.log" create --bundle "$bundle" "$id"
  is_status 1
  for text in "$@"; do contains "$err" "$text"; done
  [ ! -e "$state_root/$id" ] || fail 'the state is left'
}
