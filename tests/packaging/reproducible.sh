#!/bin/bash
# Two builds of the packages in two directories have the same bytes. Takes two release builds.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tracked=$(git rev-parse HEAD)
for copy in one two/deeper; do
  git clone -q . "$work/$copy"
  git -C "$work/$copy" checkout -q "$tracked"
  (cd "$work/$copy" && CCACHE_DISABLE=1 BUILD=$work/$copy/build packaging/build >"$work/log" 2>&1) || {
    tail -50 "$work/log" >&2
    exit 1
  }
done
status=0
for file in "$work"/one/build/packages/*; do
  name=$(basename "$file")
  if cmp -s "$file" "$work/two/deeper/build/packages/$name"; then
    echo "ok $(sha256sum <"$file" | cut -c1-64) $name"
  else
    echo "not ok $name differs"
    status=1
  fi
done
exit $status
