#!/bin/bash
# libmyrt-dev as a program meets it that is built on it: compiled by each compiler with nothing but
# what the package installs and what it depends on, by its pkg-config file, and run. Needs root.
#   PACKAGES   where the .deb files are (default: $BUILD/packages)
set -euo pipefail
cd "$(dirname "$0")/../.."
packages=$(realpath "${PACKAGES:-${BUILD:-build}/packages}")
if [ -z "${MYRT_PRIVATE_VIEW:-}" ]; then exec tests/integration/in-private auto bash "$0"; fi
work=$MYRT_PRIVATE_DIR
mkdir -p "$work/bundle/rootfs/bin" "$work/root"
mount -t tmpfs tmpfs /run # the state root that the client takes
cp "$(type -P busybox)" "$work/bundle/rootfs/bin/"
"$work/bundle/rootfs/bin/busybox" --install "$work/bundle/rootfs/bin"
jq '.process.args = ["sleep", "1000"] | .linux.cgroupsPath = "/client"' tests/integration/config.json >"$work/bundle/config.json"
dpkg-deb -x "$packages"/libmyrt-dev_*.deb "$work/root"

# What it says of /usr is true once it is installed there.
directory=$(dirname "$(find "$work/root" -name myrt.pc)")
read -ra flags < <(PKG_CONFIG_PATH=$directory PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 pkg-config --cflags --libs myrt | sed "s,\(-[IL]\)/usr/,\1$work/root/usr/,g")
for compiler in g++ clang++; do
  # Our warnings are not the client's business; its own are.
  "$compiler" -std=c++20 -Wall -Wextra -Werror tests/packaging/client.cc -o "$work/client" "${flags[@]}"
  "$work/client" "$work/bundle" </dev/null >"$work/said" 2>&1 || {
    cat "$work/said"
    exit 1
  }
  grep -q '^libmyrt .*: ok$' "$work/said"
  echo "ok a client of $compiler: $(grep -c . "$work/said") steps"
done
