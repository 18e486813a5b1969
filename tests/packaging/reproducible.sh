#!/bin/bash
# Two builds of the packages in two directories have the same bytes. Takes two release builds, or one
# where $PACKAGES has those of this very commit.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tracked=$(git rev-parse HEAD)
build() { # DIRECTORY
  git clone -q . "$work/$1"
  git -C "$work/$1" checkout -q "$tracked"
  (cd "$work/$1" && CCACHE_DISABLE=1 BUILD=$work/$1/build packaging/build >"$work/log" 2>&1) || {
    tail -50 "$work/log" >&2
    exit 1
  }
}
# are_of_this_commit DIRECTORY: built from what git has, and from nothing else.
are_of_this_commit() {
  [ -z "$(git status --porcelain)" ] && dpkg-deb -x "$1"/myrt_*.deb "$work/root" || return 1
  local commit
  commit=$("$work/root/usr/bin/myrt" --version | sed -n 's/^commit: //p')
  [ -n "$commit" ] && [ "$(git rev-parse --short=${#commit} "$tracked")" = "$commit" ]
}
if [ -n "${PACKAGES:-}" ] && are_of_this_commit "$PACKAGES"; then
  first=$PACKAGES
else
  build one
  first=$work/one/build/packages
fi
build two/deeper
status=0
for file in "$first"/*; do
  name=$(basename "$file")
  if cmp -s "$file" "$work/two/deeper/build/packages/$name"; then
    echo "ok $(sha256sum <"$file" | cut -c1-64) $name"
  else
    echo "not ok $name differs"
    status=1
  fi
done
exit $status
