#!/bin/bash
# The install rules put each file where GNUInstallDirs is told to, and the version is that of the git
# tag. Configures the tree and installs what a release build has made; compiles nothing.
#   BUILT   a directory with what was built (default: $BUILD/package)
set -euo pipefail
cd "$(dirname "$0")/../.."
built=$(realpath "${BUILT:-${BUILD:-build}/package}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake -G Ninja -S . -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DMYRT_TESTS=OFF -DMYRT_DEVEL=ON -DCMAKE_INSTALL_PREFIX=/prefix \
  -DCMAKE_INSTALL_BINDIR=programs -DCMAKE_INSTALL_LIBDIR=libraries -DCMAKE_INSTALL_INCLUDEDIR=headers -DCMAKE_INSTALL_MANDIR=manuals \
  -DCMAKE_INSTALL_DATADIR=data -DCMAKE_INSTALL_DOCDIR=texts -DCMAKE_INSTALL_SYSCONFDIR=/settings >"$work/log"
cp -r "$built"/{myrt,containerd-shim-myrt-v2,libmyrt.a,manual} "$work/build/"
DESTDIR=$work/root cmake --install "$work/build" >>"$work/log" || { cat "$work/log" && exit 1; }
installed() { (cd "$work/root" && find . -type f | sed 's,^\.,,' | sort); }
for file in prefix/programs/{myrt,containerd-shim-myrt-v2} prefix/libraries/libmyrt.a prefix/libraries/pkgconfig/myrt.pc prefix/headers/myrt/runtime/myrt.h \
  prefix/manuals/man1/myrt.1.gz prefix/manuals/man7/myrt-errors.7.gz prefix/data/bash-completion/completions/myrt \
  prefix/data/zsh/site-functions/_myrt prefix/data/fish/vendor_completions.d/myrt.fish prefix/texts/copyright \
  settings/containers/containers.conf.d/myrt.conf; do
  [ -s "$work/root/$file" ] || { echo "not ok no $file" && installed && exit 1; }
done
elsewhere=$(installed | grep -vE '^/prefix/(programs|libraries|headers|manuals|data|texts)/|^/settings/' || :)
[ -z "$elsewhere" ] || { echo "not ok $elsewhere" && exit 1; }
grep -q '^libdir=/prefix/libraries$' "$work/root/prefix/libraries/pkgconfig/myrt.pc"
grep -q '"/prefix/programs/myrt"' "$work/root/settings/containers/containers.conf.d/myrt.conf"
echo "ok $(installed | wc -l) files are where GNUInstallDirs says"

# version_of DIRECTORY: that of its packages.
version_of() {
  cmake -G Ninja -S "$1" -B "$1/build" -DMYRT_TESTS=OFF >"$work/log"
  sed -n 's/^set(CPACK_PACKAGE_VERSION "\(.*\)")$/\1/p' "$1/build/CPackConfig.cmake"
}
git clone -q . "$work/tagged"
git -C "$work/tagged" tag v9.8.7
[ "$(version_of "$work/tagged")" = 9.8.7 ]
git -C "$work/tagged" -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m 'after the tag'
[ "$(version_of "$work/tagged")" = "9.8.7+1.g$(git -C "$work/tagged" rev-parse --short HEAD)" ]
echo 'ok the version is that of the git tag, and a later one after it'
